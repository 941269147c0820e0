// Asking again and again while somebody looks: not in a hidden tab, never twice at once, and at once when asked to.

import {SignedOut} from "./api.js";
import {REACHED} from "./reach.js";
import {isTrouble} from "./troubles.js";

/** After trouble, where the usual wait is longer. */
const AFTER_TROUBLE_MS = 10_000;

export class Poll {
  #task;
  #everyMs;
  #changed;
  #timer = 0;
  #asking = null;
  #isAskedAgain = false;
  #isOn = false;
  #seen = () => document.hidden || this.soon();
  #reached = () => this.trouble && this.#seen();

  /** @type {Error | null} of the latest try: one that `troubleWords` knows */
  trouble = null;

  /**
   * @param {(signal: AbortSignal) => Promise<void>} task
   * @param {() => void} changed called after each try
   */
  constructor(task, everyMs, changed) {
    this.#task = task;
    this.#everyMs = everyMs;
    this.#changed = changed;
  }

  start() {
    this.#isOn = true;
    document.addEventListener("visibilitychange", this.#seen);
    addEventListener(REACHED, this.#reached);
    this.soon();
  }

  stop() {
    this.#isOn = false;
    document.removeEventListener("visibilitychange", this.#seen);
    removeEventListener(REACHED, this.#reached);
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  /** Now, or right after the try that is under way: what it is told may be of before. */
  soon() {
    if (!this.#isOn) return;
    if (this.#asking) this.#isAskedAgain = true;
    else this.#ask();
  }

  async #ask() {
    clearTimeout(this.#timer);
    const asking = (this.#asking = new AbortController());
    try {
      await this.#task(asking.signal);
      this.trouble = null;
    } catch (error) {
      asking.abort(); // what the task asked for beside it
      if (this.#isOn) this.#failed(error);
    }
    this.#asking = null;
    if (!this.#isOn) return;
    this.#changed();
    const isAgain = this.#isAskedAgain;
    this.#isAskedAgain = false;
    if (isAgain) this.#ask();
    else if (!document.hidden) this.#timer = setTimeout(() => document.hidden || this.#ask(), this.trouble ? Math.min(this.#everyMs, AFTER_TROUBLE_MS) : this.#everyMs);
  }

  #failed(error) {
    if (!isTrouble(error)) reportError(error);
    else if (!(error instanceof SignedOut)) this.trouble = error;
  }
}
