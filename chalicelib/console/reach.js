// Whether the API can be reached. As long as it cannot, it is asked whether it is back, also where no view asks for anything.

const AGAIN_MS = 4_000;

/** An event of the window: the API is back. */
export const REACHED = "reached";

export class Reach {
  #changed;
  #timer = 0;

  isReachable = true;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  /** An answer of the API's has come, or none. */
  told(isReachable) {
    if (isReachable === this.isReachable) return;
    this.isReachable = isReachable;
    clearTimeout(this.#timer);
    if (isReachable) dispatchEvent(new Event(REACHED));
    else this.#askLater();
    this.#changed();
  }

  #askLater() {
    this.#timer = setTimeout(() => (document.hidden ? this.#askLater() : this.#ask()), AGAIN_MS);
  }

  async #ask() {
    const answer = await fetch("./health", {cache: "no-store"}).catch(() => null);
    const told = answer?.ok ? await answer.json().catch(() => null) : null;
    if (this.isReachable) return;
    if (told?.status === "ok") this.told(true);
    else this.#askLater();
  }
}
