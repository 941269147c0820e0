// What is shown in place of a camera that is not the owner's: of one that is somebody else's nothing else is said.

import {ApiError} from "./api.js";
import {icon} from "./icons.js";
import {html} from "./lit.js";

/** There is no such thing, or not under such a name. */
export const isUnknown = (error) => error instanceof ApiError && (error.status === 404 || error.status === 400);

export function noSuchCamera() {
  return html`
    <div class="empty" role="alert">
      <span class="emblem">${icon("camera")}</span>
      <h1>There is no such camera</h1>
      <p class="faint">It may belong to somebody else, or its address is wrong.</p>
      <a class="button primary" href="#/cameras">Your cameras</a>
    </div>
  `;
}
