// Deleting with a way back: what the owner deletes is out of sight at once, and deleted once the time for an undo is over.
//
// A page that is closed before then deletes nothing: the API is not told of what the owner might still want back.

import {ApiError} from "./api.js";
import {keyOf} from "./gallery-model.js";
import {isTrouble, troubleWords} from "./troubles.js";
import {count, photos} from "./words.js";

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
  /** Take messages away that are this owner's. @type {Set<() => void>} */
  #notices = new Set();

  /** Called when something is hidden or comes back. @type {Set<() => void>} */
  listeners = new Set();

  constructor(app) {
    this.#app = app;
    // What is being carried out is asked about; what can still be undone is not, and stays.
    addEventListener("beforeunload", (event) => this.#isBusy && event.preventDefault());
  }

  /** Somebody else is about to sign in: what could still be undone is, and what is not deleted by now stays. */
  forgo() {
    for (const back of [...this.#undo]) back();
    for (const away of this.#notices) away();
    this.#notices.clear();
    this.#waiting.clear();
    // What is deleted is not in the lists that the next one gets.
    this.#hidden.clear();
    this.#tell();
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
    const rest = [...items];
    const isForgone = () => !this.#waiting.has(rest[0]);
    if (isForgone()) return;
    const failed = [];
    let done = 0;
    let trouble = null;
    let isStopped = false;
    const progress = () => `${count(done)} of ${photos(items.length)} deleted`;
    const stop = {label: "Stop", action: () => (isStopped = true), holdMs: Infinity};
    const takeAway = items.length > 1 ? this.#notice(progress, stop) : () => {};
    while (rest.length && !isStopped && (!trouble || trouble instanceof ApiError)) {
      const error = await this.#delete(rest[0]);
      if (isForgone()) return takeAway();
      trouble = error ?? trouble;
      if (error) failed.push(rest[0]);
      else done += 1;
      this.#waiting.delete(rest.shift());
      this.#app.changed();
    }
    takeAway();
    for (const item of rest) this.#waiting.delete(item);
    if (isStopped && rest.length) this.#notice(`${progress()}. ${photos(rest.length)} stay.`);
    this.#show(rest);
    this.#giveUp(isStopped ? failed : [...failed, ...rest], items.length, trouble);
  }

  #giveUp(left, outOf, trouble) {
    if (!left.length) return;
    this.#show(left);
    const many = left.length < outOf ? `${count(left.length)} of ${photos(outOf)}` : photos(outOf);
    const why = isTrouble(trouble) ? ` ${troubleWords(trouble)}` : "";
    this.#notice(`${many} could not be deleted.${why}`, {label: "Try again", action: () => this.ask(left), holdMs: Infinity});
  }

  #notice(text, ways) {
    const away = this.#app.toast(text, ways);
    this.#notices.add(away);
    return away;
  }

  /** @returns {Promise<Error | null>} why it could not be done, after several tries where another might do it */
  async #delete(item) {
    let trouble = null;
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        await this.#app.api.delete(`/items/${keyOf(item)}`);
        return null;
      } catch (error) {
        if (error.status === 404) return null;
        if (!(error instanceof ApiError) || (error.status !== 429 && error.status < 500)) return error;
        trouble = error;
        await new Promise((resolve) => setTimeout(resolve, (error.retryAfterS ?? 1) * 1000));
      }
    }
    return trouble;
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
