// Which photos are chosen, by their keys, in the order in which that was done. Pure.

export class Selection {
  #items = new Map();
  /** Where a range with shift begins. */
  anchor = null;

  get count() {
    return this.#items.size;
  }

  get items() {
    return [...this.#items.values()];
  }

  has(key) {
    return this.#items.has(key);
  }

  toggle(key, item) {
    if (!this.#items.delete(key)) this.#items.set(key, item);
    this.anchor = key;
  }

  /** @param {[string, object][]} entries keys and items */
  add(entries) {
    for (const [key, item] of entries) this.#items.set(key, item);
  }

  remove(keys) {
    for (const key of keys) this.#items.delete(key);
  }

  clear() {
    this.#items.clear();
    this.anchor = null;
  }
}
