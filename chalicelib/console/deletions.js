// Deleting with a way back: what the owner deletes is out of sight at once, and deleted once the time for an undo is over.
//
// A page that is closed before then deletes nothing: the API is not told of what the owner might still want back.

import {ApiError} from "./api.js";
import {keyOf} from "./gallery-model.js";
import {photos} from "./words.js";

const UNDO_MS = 6000;
const TRIES = 5;

const all = new WeakMap();

/** One for the whole app: what waits outlasts the page on which it was asked for. */
export function deletionsOf(app) {
  if (!all.has(app)) all.set(app, new Deletions(app));
  return all.get(app);
}

export class Deletions {
  #app;
  #hidden = new Set();
  #undo = [];
  #queue = Promise.resolve();
  #waiting = new Set();

  /** Called when something is hidden or comes back. @type {Set<() => void>} */
  listeners = new Set();

  constructor(app) {
    this.#app = app;
    // What is being carried out is asked about; what can still be undone is not, and stays.
    addEventListener("beforeunload", (event) => this.#isBusy && event.preventDefault());
  }

  /** Somebody else is about to sign in: what could still be undone is. */
  forgo() {
    for (const back of [...this.#undo]) back();
    this.#waiting.clear();
  }

  get #isBusy() {
    return this.#waiting.size > 0;
  }

  isHidden(key) {
    return this.#hidden.has(key);
  }

  /** @param {{device_id: string, seq: number}[]} items */
  ask(items) {
    this.#hide(items);
    const forgetUndo = () => (this.#undo = this.#undo.filter((each) => each !== back));
    const back = () => {
      takeAway();
      forgetUndo();
      this.#show(items);
    };
    const gone = () => {
      forgetUndo();
      for (const item of items) this.#waiting.add(item);
      this.#queue = this.#queue.then(() => this.#carryOut(items));
    };
    const takeAway = this.#app.toast(`${photos(items.length)} deleted`, {label: "Undo", action: back, gone, holdMs: UNDO_MS});
    this.#undo.push(back);
  }

  /** Takes the latest back, while that is possible. */
  undo() {
    this.#undo.at(-1)?.();
  }

  /** One after the other: those of a pack would be in each other's way. */
  async #carryOut(items) {
    const left = [];
    for (const item of items) {
      if (!this.#waiting.has(item)) return;
      if (!(await this.#deleted(item))) left.push(item);
      this.#waiting.delete(item);
    }
    if (!left.length) return;
    this.#show(left);
    this.#app.toast(`${photos(left.length)} could not be deleted.`, {label: "Try again", action: () => this.ask(left), holdMs: 15_000});
  }

  async #deleted(item) {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        await this.#app.api.delete(`/items/${keyOf(item)}`);
        return true;
      } catch (error) {
        if (!(error instanceof ApiError)) return false;
        if (error.status === 404) return true;
        if (error.status !== 429 && error.status < 500) return false;
        await new Promise((resolve) => setTimeout(resolve, (error.retryAfterS ?? 1) * 1000));
      }
    }
    return false;
  }

  #hide(items) {
    for (const item of items) this.#hidden.add(keyOf(item));
    this.#tell();
  }

  #show(items) {
    for (const item of items) this.#hidden.delete(keyOf(item));
    this.#tell();
  }

  #tell() {
    for (const each of this.listeners) each();
    this.#app.changed();
  }
}
