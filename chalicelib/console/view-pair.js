import {html} from "./lit.js";

export function pairView() {
  return {title: "Frameferry", start() {}, stop() {}, template: () => html`<h1>Frameferry</h1>`};
}
