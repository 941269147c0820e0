import {html, render} from "./lit.js";

render(html`<p>Frameferry</p>`, document.body);
