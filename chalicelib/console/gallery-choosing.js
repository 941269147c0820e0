// What the owner chooses of a day, to keep it as files or to delete it together.

import {keyOf} from "./gallery-model.js";
import {Selection} from "./selection.js";

export class Choosing {
  #day;
  #tried;
  #changed;
  #isMarking = false;
  #selection = new Selection();

  /**
   * @param {{day: () => import("./gallery-day.js").GalleryDay, tried: (deed: () => Promise<unknown>) => Promise<boolean>, changed: () => void}} ways
   *   `tried` says what goes wrong, and gives whether nothing did
   */
  constructor({day, tried, changed}) {
    this.#day = day;
    this.#tried = tried;
    this.#changed = changed;
  }

  /** Whether a click chooses, and does not open. */
  get isOn() {
    return this.#isMarking || this.count > 0;
  }

  get count() {
    return this.#selection.count;
  }

  get items() {
    return this.#selection.items;
  }

  /** Whether there is a photo from which a range goes on. */
  get hasAnchor() {
    return this.#selection.anchor !== null;
  }

  has(key) {
    return this.#selection.has(key);
  }

  begin = () => {
    this.#isMarking = true;
    this.#changed();
  };

  end = () => {
    this.#selection.clear();
    this.#isMarking = false;
    this.#changed();
  };

  /** Choose or let go; with `isRange` all from the one that was chosen last. */
  async toggle(at, isRange) {
    const {model} = this.#day();
    const item = model.itemAt(at);
    if (!item) return;
    const anchorAt = this.hasAnchor ? model.indexOf(this.#selection.anchor) : -1;
    if (isRange && anchorAt >= 0) await this.#addBetween(anchorAt, at);
    else this.#selection.toggle(keyOf(item), item);
    this.#changed();
  }

  async toggleHour(hour) {
    if (!(await this.#tried(() => this.#day().loaded(hour)))) return;
    const isAll = hour.items.every((each) => this.has(keyOf(each)));
    if (isAll) this.#selection.remove(hour.items.map(keyOf));
    else this.#selection.add(hour.items.map((each) => [keyOf(each), each]));
    this.#changed();
  }

  async #addBetween(oneAt, otherAt) {
    const day = this.#day();
    const {model} = day;
    const [from, to] = [Math.min(oneAt, otherAt), Math.max(oneAt, otherAt)];
    const keys = [model.itemAt(from), model.itemAt(to)].map(keyOf);
    const hours = model.hours.slice(model.hours.indexOf(model.placeOf(from).hour), model.hours.indexOf(model.placeOf(to).hour) + 1);
    if (!(await this.#tried(() => Promise.all(hours.map((each) => day.loaded(each)))))) return;
    const [first, last] = keys.map((each) => model.indexOf(each));
    const items = Array.from({length: last - first + 1}, (_, step) => model.itemAt(first + step)).filter(Boolean);
    this.#selection.add(items.map((each) => [keyOf(each), each]));
  }
}
