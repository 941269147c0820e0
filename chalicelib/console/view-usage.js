import {html} from "./lit.js";

export function usageView() {
  return {title: "Frameferry", start() {}, stop() {}, template: () => html`<h1>Frameferry</h1>`};
}
