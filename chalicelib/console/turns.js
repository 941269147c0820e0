// A queue at a door: so many tasks at once, and no more.

export class Turns {
  #free;
  #waiting = [];

  /** @param {number} atOnce */
  constructor(atOnce) {
    this.#free = atOnce;
  }

  /** What the task gives, when it has had its turn. @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  take = async (task) => {
    if (this.#free) this.#free--;
    else await new Promise((go) => this.#waiting.push(go));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  };
}
