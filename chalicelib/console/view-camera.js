import {html} from "./lit.js";

export function cameraView() {
  return {title: "Frameferry", start() {}, stop() {}, template: () => html`<h1>Frameferry</h1>`};
}
