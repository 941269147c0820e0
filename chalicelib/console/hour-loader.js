// Loads the hours that are in sight, few at a time, and stops with what was scrolled past.

const MOST_AT_ONCE = 2;

export class HourLoader {
  #load;
  #wanted = [];
  #asking = new Map();
  #awaited = new Map();
  #isOn = true;

  /** @param {(hour: Hour, signal: AbortSignal) => Promise<void>} load */
  constructor(load) {
    this.#load = load;
  }

  /** Those that are not loaded, or stale; most wanted first. */
  want(hours) {
    this.#wanted = hours;
    const needed = this.#needed();
    for (const [hour, controller] of this.#asking) if (!needed.includes(hour)) controller.abort();
    this.#next();
  }

  /** Fulfilled when the hour is loaded, in sight or not. Throws as `load` does. */
  loaded(hour) {
    if (hour.isLoaded && !hour.isStale) return Promise.resolve();
    if (!this.#awaited.has(hour)) this.#awaited.set(hour, Promise.withResolvers());
    this.#next();
    return this.#awaited.get(hour).promise;
  }

  stop() {
    this.#isOn = false;
    for (const controller of this.#asking.values()) controller.abort();
  }

  #needed() {
    return [...new Set([...this.#awaited.keys(), ...this.#wanted])];
  }

  #next() {
    if (!this.#isOn) return;
    for (const hour of this.#needed()) {
      if (this.#asking.size >= MOST_AT_ONCE) return;
      if (!this.#asking.has(hour) && (!hour.isLoaded || hour.isStale)) this.#ask(hour);
    }
  }

  async #ask(hour) {
    const controller = new AbortController();
    this.#asking.set(hour, controller);
    let trouble = null;
    try {
      await this.#load(hour, controller.signal);
    } catch (error) {
      trouble = error;
    }
    this.#asking.delete(hour);
    // Whoever wants it after a failure asks again, at the next look at the timeline.
    if (trouble) this.#wanted = this.#wanted.filter((each) => each !== hour);
    if (trouble?.name === "AbortError" && this.#isOn) return this.#next();
    const waiting = this.#awaited.get(hour);
    this.#awaited.delete(hour);
    if (trouble) waiting?.reject(trouble);
    else waiting?.resolve();
    this.#next();
  }
}
