// What went wrong, as the owner reads it, and how a page shows it.

import {ApiError, SignedOut, Unreachable} from "./api.js";
import {html, nothing} from "./lit.js";
import {PoolUnreachable} from "./session.js";
import {duration} from "./times.js";

/** What may go wrong though this page makes no mistake. */
export const isTrouble = (error) => [ApiError, Unreachable, SignedOut, PoolUnreachable].some((kind) => error instanceof kind);

/** Throws the error where it is none of these. */
export function troubleWords(error) {
  if (!isTrouble(error)) throw error;
  if (error instanceof SignedOut) return "Your session has ended. Sign in again.";
  if (error instanceof Unreachable) return "The API cannot be reached. Check the network and try again.";
  if (error instanceof PoolUnreachable) return error.message;
  if (error.code === "too_many_photos") return "This day has too many photos to show those of all cameras. Choose one camera.";
  if (error.status === 429) return `That was too much at once. ${whenAgain(error)}`;
  if (error.status >= 500) return `The API has trouble of its own. ${whenAgain(error)}`;
  return error.message;
}

function whenAgain({retryAfterS}) {
  return retryAfterS ? `Try again in ${duration(retryAfterS * 1000)}.` : "Try again in a moment.";
}

/** In place of a page's content. @param {(() => void) | undefined} again */
export function troublePanel(error, again) {
  return html`
    <div class="empty card" role="alert">
      <h2>That did not work</h2>
      <p class="faint">${troubleWords(error)}</p>
      ${again ? html`<button class="primary" @click=${again}>Try again</button>` : nothing}
    </div>
  `;
}
