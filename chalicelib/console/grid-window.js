// Which part of the grid is in the window, and how it stays there while photos come and go.

import {layOut, measure, rowOf, rowsInSight, SPARE_ROWS} from "./gallery-layout.js";
import {keyOf} from "./gallery-model.js";

/** So far down the newest photos are still what the owner looks at. */
const AT_TOP_PX = 8;
/** What the owner may scroll with. */
const DEEDS = ["wheel", "touchmove", "pointerdown", "keydown"];

export class GridWindow {
  #changed;
  #coveredPx;
  #element = null;
  #widthPx = 0;
  #day = null;
  #laidOut = {version: -1, widthPx: 0, windowPx: 0};
  #goalMs = null;
  /** Where the page is about to be scrolled to: what is drawn must fit that. */
  #dueTopPx = null;
  #observer = new ResizeObserver(([entry]) => this.#resized(entry.contentRect.width));

  rows = [];
  heightPx = 0;
  columns = 4;
  rowPx = 150;
  gapsInRow = 1;

  /**
   * @param {() => void} changed called when something else is in sight
   * @param {() => number} coveredPx how much of the window's top is covered by what sticks there
   */
  constructor(changed, coveredPx) {
    this.#changed = changed;
    this.#coveredPx = coveredPx;
  }

  start() {
    addEventListener("scroll", this.#changed, {passive: true});
    for (const each of DEEDS) addEventListener(each, this.#leftGoal, {passive: true, capture: true});
  }

  stop() {
    removeEventListener("scroll", this.#changed);
    for (const each of DEEDS) removeEventListener(each, this.#leftGoal, {capture: true});
    this.#observer.disconnect();
  }

  /** For lit's `ref`. */
  keep = (element) => {
    this.#observer.disconnect();
    this.#element = element ?? null;
    if (element) this.#observer.observe(element);
  };

  /** @param {import("./gallery-model.js").DayModel} day */
  layOut(day) {
    if (day !== this.#day) this.#begin(day);
    const now = {version: day.version, widthPx: this.#widthPx, windowPx: innerHeight};
    if (!this.#widthPx || Object.keys(now).every((each) => now[each] === this.#laidOut[each])) return;
    const before = this.rows.length && this.#topPx > AT_TOP_PX && this.#goalMs === null ? this.#anchor() : null;
    this.#laidOut = now;
    Object.assign(this, measure(this.#widthPx, innerHeight));
    Object.assign(this, layOut(day, this));
    if (this.#goalMs !== null) this.#scrollTo(this.#goalTopPx());
    else if (before) this.#scrollTo(this.#topOf(before));
  }

  /** Rows in the window and a few more, each with its place among all. */
  get drawn() {
    const topPx = this.#dueTopPx ?? this.#topPx;
    const [first, last] = rowsInSight(this.rows, topPx, topPx + innerHeight);
    const from = Math.max(0, first - SPARE_ROWS);
    return this.rows.slice(from, last + 1 + SPARE_ROWS).map((row, at) => [row, from + at]);
  }

  /** Rows that the owner sees. */
  get seen() {
    const topPx = this.#dueTopPx ?? this.#topPx;
    const [first, last] = rowsInSight(this.rows, topPx + this.#coveredPx(), topPx + innerHeight);
    return this.rows.slice(first, last + 1);
  }

  get rowsOfAPage() {
    return Math.max(1, Math.floor((innerHeight - this.#coveredPx()) / this.rowPx) - 1);
  }

  get isAtTop() {
    return this.#topPx <= AT_TOP_PX;
  }

  /** Show what was taken before `ms`, as exactly as is known: better when more is known, until the owner scrolls. */
  goTo(ms, day) {
    if (day !== this.#day) this.#begin(day);
    this.#goalMs = ms;
    this.#scrollTo(this.#goalTopPx());
    this.#changed();
  }

  /** No farther than needed. */
  show(row) {
    if (!row) return;
    this.#goalMs = null;
    const topPx = this.#topPx + this.#coveredPx();
    if (row.top < topPx) this.#scrollTo(row.top - this.#coveredPx());
    else if (row.top + row.height > this.#topPx + innerHeight) this.#scrollTo(row.top + row.height - innerHeight);
  }

  #begin(day) {
    this.#day = day;
    this.#goalMs = null;
    this.#dueTopPx = null;
    this.rows = [];
    this.#laidOut = {version: -1};
    if (scrollY > 0) scrollTo(0, 0);
  }

  get #topPx() {
    return this.#element ? -this.#element.getBoundingClientRect().top : 0;
  }

  #goalTopPx() {
    const at = this.#day.indexBefore(this.#goalMs);
    const row = rowOf(this.rows, Math.min(at, this.#day.count - 1));
    const gap = this.rows.find((each) => each.kind === "gap" && each.gaps.some(({toMs}) => toMs === this.#goalMs));
    const head = this.rows.find((each) => each.kind === "head" && each.first === row?.first);
    return (gap ?? head ?? row ?? {top: 0}).top - this.#coveredPx();
  }

  /** What stands at the top of the window, and how far from it. */
  #anchor() {
    const row = this.seen.find((each) => each.kind === "cells");
    if (!row) return null;
    const item = row.hour.items[row.from];
    return {key: item ? keyOf(item) : null, hour: row.hour, from: row.from, awayPx: row.top - this.#topPx};
  }

  #topOf({key, hour, from, awayPx}) {
    const at = key === null ? -1 : this.#day.indexOf(key);
    const ofHour = this.rows.filter((each) => each.kind === "cells" && each.hour === hour);
    const row = at < 0 ? (ofHour.findLast((each) => each.from <= from) ?? ofHour[0]) : rowOf(this.rows, at);
    return row ? row.top - awayPx : this.#topPx;
  }

  /** After what is being drawn is in the page: until then it may be too short. */
  #scrollTo(topPx) {
    const isDue = this.#dueTopPx !== null;
    this.#dueTopPx = Math.max(0, Math.min(topPx, Math.max(0, this.heightPx - innerHeight)));
    if (isDue) return;
    requestAnimationFrame(() => queueMicrotask(() => {
      if (this.#element) scrollBy({top: this.#dueTopPx - this.#topPx, behavior: "instant"});
      this.#dueTopPx = null;
      this.#changed();
    }));
    this.#changed();
  }

  #resized(widthPx) {
    if (widthPx === this.#widthPx) return;
    this.#widthPx = widthPx;
    this.#changed();
  }

  #leftGoal = () => {
    this.#goalMs = null;
  };
}
