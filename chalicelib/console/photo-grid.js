// The grid of a day: only rows that are in sight are in the page, each at its own place.

import {clipLength, isClip} from "./clips.js";
import {placeAfterKey, rowOf} from "./gallery-layout.js";
import {keyOf} from "./gallery-model.js";
import {gapWords} from "./gap-words.js";
import {GridWindow} from "./grid-window.js";
import {icon} from "./icons.js";
import {classMap, html, nothing, ref, repeat} from "./lit.js";
import {clock, clockWithSeconds, duration} from "./times.js";
import {CONFIDENCE, photos} from "./words.js";

/** So long a window must rest before hours are asked for that it came upon in a leap. */
const REST_MS = 90;
const SURE = new Set(["ntp", "solved"]);

export class PhotoGrid {
  #gallery;
  #window;
  #element = null;
  #day = null;
  #focusAt = 0;
  #focusKey = null;
  #isFocusDue = false;
  /** Before the page was drawn the focus was on a photo. */
  #hadFocus = false;
  #latest = null;
  #timer = 0;

  /**
   * @param {object} gallery what the grid belongs to: `at`, `day` (a GalleryDay), `thumbnails`, `choosing`, `nameOf(id)`,
   *   `changed()`, `open(at)`, `remove(at)`, `coveredPx()`
   */
  constructor(gallery) {
    this.#gallery = gallery;
    this.#window = new GridWindow(() => gallery.changed(), () => gallery.coveredPx());
  }

  start() {
    this.#window.start();
  }

  stop() {
    this.#window.stop();
    clearTimeout(this.#timer);
  }

  /** Show what was taken just before `ms` of that day. */
  goTo(ms, model) {
    this.#window.goTo(ms, model);
  }

  /** The photo at that place in the day into sight, and the focus on it. */
  focus(at) {
    this.#focusOn(at);
    this.#isFocusDue = true;
    this.#window.show(rowOf(this.#window.rows, at));
    this.#gallery.changed();
  }

  /** When the first photo in sight was taken, more or less; null where there is none. */
  get inSightMs() {
    // Rows are of the day that was drawn last: one without photos draws none.
    if (this.#day !== this.#gallery.day.model) return null;
    const row = this.#window.seen.find((each) => each.kind === "cells");
    if (!row) return null;
    const item = row.hour.items[row.from];
    const {startMs, endMs, count} = row.hour;
    // Rows are of before: since, the last of the hour may have gone.
    return item ? Date.parse(item.captured_at) : endMs - 1 - ((endMs - startMs) * row.from) / Math.max(1, count);
  }

  get isAtTop() {
    return this.#window.isAtTop;
  }

  template() {
    const {model} = this.#gallery.day;
    if (this.#day !== model) this.#begin(model);
    this.#window.layOut(model);
    this.#hadFocus ||= this.#focusedCell !== null;
    this.#followFocus();
    queueMicrotask(() => this.#look());
    const {rows, heightPx, columns} = this.#window;
    return html`
      <div class="grid" role="grid" aria-label="Photos" aria-multiselectable="true" aria-rowcount=${rows.length}
        .style=${`height: ${heightPx}px; --columns: ${columns}`} ${ref(this.#kept)} @click=${this.#clicked} @focusin=${this.#focusCame} @keydown=${this.#pressed}>
        ${repeat(this.#rowsToDraw(), ([row]) => row.key, ([row, at]) => this.#row(row, at))}
      </div>
    `;
  }

  #begin(model) {
    this.#day = model;
    this.#focusAt = 0;
    this.#focusKey = null;
  }

  #rowsToDraw() {
    const drawn = this.#window.drawn;
    // What has the focus stays in the page, wherever it is scrolled to.
    const at = this.#placeOfFocus();
    const {rows} = this.#window;
    if (at < 0 || drawn.some(([, each]) => each === at)) return drawn;
    return at < drawn[0]?.[1] ? [[rows[at], at], ...drawn] : [...drawn, [rows[at], at]];
  }

  /** Of the row that has it, among all; -1 where none has. */
  #placeOfFocus() {
    const {rows} = this.#window;
    const {activeElement} = document;
    if (!this.#element?.contains(activeElement)) return -1;
    const {hour} = activeElement.dataset;
    if (hour) return rows.findIndex((row) => row.kind === "head" && row.hour.startMs === Number(hour));
    return rows.indexOf(rowOf(rows, this.#focusAt));
  }

  get #focusedCell() {
    const {activeElement} = document;
    return this.#element?.contains(activeElement) ? activeElement.closest("[data-at]") : null;
  }

  #row(row, at) {
    const place = `transform: translateY(${row.top}px); height: ${row.height}px`;
    if (row.kind === "head") return this.#head(row, at, place);
    if (row.kind === "gap") return this.#gap(row, at, place);
    const cells = Array.from({length: row.count}, (_, column) => this.#cell(row, column));
    return html`<div role="row" class="row" aria-rowindex=${at + 1} .style=${place}>${cells}</div>`;
  }

  #head({hour}, at, place) {
    return html`
      <div role="row" class="row head" aria-rowindex=${at + 1} .style=${place}>
        <div role="rowheader"><h2>${clock(hour.startMs)}</h2><span class="faint small">${photos(hour.count)}</span></div>
        <div role="gridcell"><button class="quiet small" data-hour=${hour.startMs} aria-label="Select all photos of ${clock(hour.startMs)}">Select</button></div>
      </div>
    `;
  }

  #gap({gaps}, at, place) {
    const told = (gap) => {
      const {reason, when, more} = gapWords(gap, this.#gallery.nameOf(gap.device_id));
      return html`<div role="gridcell" class=${gap.reason}><strong>${reason}</strong><span class="numbers">${when}</span><span class="faint">${more}</span></div>`;
    };
    return html`<div role="row" class="row gap" aria-rowindex=${at + 1} .style=${place}>${gaps.map(told)}</div>`;
  }

  #cell(row, column) {
    const at = row.first + column;
    const item = row.hour.items[row.from + column];
    const isFocus = at === this.#focusAt;
    const key = item ? keyOf(item) : "";
    const isChosen = item ? this.#gallery.choosing.has(key) : false;
    const takenMs = item ? Date.parse(item.captured_at) : 0;
    return html`
      <div role="gridcell" class=${classMap({cell: true, chosen: isChosen, blank: !item})} tabindex=${isFocus ? "0" : "-1"} data-at=${at}
        data-time=${item ? [clock(takenMs), this.#gallery.nameOf(item.device_id)].filter(Boolean).join(" · ") : nothing} aria-selected=${isChosen ? "true" : "false"}
        aria-label=${item ? this.#label(item, takenMs) : "Loading"}>
        ${item ? this.#picture(item, key, row.hour) : nothing}
        ${isClip(item) ? html`<span class="length">${icon("play")}${clipLength(item.duration_ms)}</span>` : nothing}
        ${item ? html`<button class="mark" tabindex="-1" aria-label="Select" aria-pressed=${isChosen ? "true" : "false"}></button>` : nothing}
      </div>
    `;
  }

  #label(item, takenMs) {
    const words = [clockWithSeconds(takenMs), this.#gallery.nameOf(item.device_id)];
    if (!SURE.has(item.captured_at_confidence)) words.push(CONFIDENCE[item.captured_at_confidence]);
    if (isClip(item)) words.push(["clip", item.duration_ms && `of ${duration(item.duration_ms)}`].filter(Boolean).join(" "));
    if (item.status === "rejected") words.push("cannot be shown");
    return words.filter(Boolean).join(", ");
  }

  #picture(item, key, hour) {
    const none = html`<span class="none">${icon(isClip(item) && item.status !== "rejected" ? "film" : "broken")}</span>`;
    if (!item.thumbnail) return none;
    const url = this.#gallery.thumbnails.urlOf(key, item.thumbnail);
    if (url) return html`<img src=${url} alt="" draggable="false" decoding="async">`;
    return this.#gallery.thumbnails.isMissing(item.thumbnail) ? none : nothing;
  }

  // What is asked for.

  #look() {
    if (!this.#element) return;
    this.#giveFocus();
    // A time-lapse wants others.
    if (this.#gallery.at.isPlaying) return;
    const seen = this.#window.seen.filter((row) => row.kind === "cells");
    const spare = this.#window.drawn.map(([row]) => row).filter((row) => row.kind === "cells" && !seen.includes(row));
    this.#gallery.thumbnails.want([...seen, ...spare].flatMap((row) => this.#wantedOf(row)));
    const needs = new Map();
    for (const {hour, from, count} of [...seen, ...spare]) needs.set(hour, Math.max(needs.get(hour) ?? 0, from + count));
    const names = [...needs.keys()].map((each) => each.startMs).join();
    clearTimeout(this.#timer);
    if (names === this.#latest) this.#gallery.day.want(needs);
    else this.#timer = setTimeout(() => this.#gallery.day.want(needs), this.#latest === null ? 0 : REST_MS);
    this.#latest = names;
  }

  /** To the photo that is to have it; also where the row that had it is not in the page any more. */
  #giveFocus() {
    const {activeElement} = document;
    const isElsewhere = activeElement === this.#focusedCell && Number(activeElement?.dataset.at) !== this.#focusAt;
    const isLost = this.#hadFocus && (activeElement === document.body || isElsewhere);
    if (this.#isFocusDue || isLost) this.#element.querySelector(`[data-at="${this.#focusAt}"]`)?.focus({preventScroll: true});
    this.#isFocusDue = this.#hadFocus = false;
  }

  #wantedOf({hour, from, count}) {
    const items = hour.items.slice(from, from + count).filter((each) => each.thumbnail);
    return items.map(({thumbnail: place}) => this.#gallery.day.wanted(hour, place));
  }

  // What the owner does.

  #kept = (element) => {
    this.#element = element ?? null;
    this.#window.keep(element);
  };

  #focusOn(at) {
    const item = this.#day.itemAt(at);
    this.#focusAt = at;
    this.#focusKey = item ? keyOf(item) : null;
  }

  /** Photos come and go: the focus stays with its photo; where that is gone, the next one takes its place. */
  #followFocus() {
    const at = this.#focusKey === null ? -1 : this.#day.indexOf(this.#focusKey);
    if (at >= 0) this.#focusAt = at;
    else this.#focusAt = Math.max(0, Math.min(this.#focusAt, this.#day.count - 1));
    if (at < 0 && this.#hadFocus) this.#focusOn(this.#focusAt);
  }

  #focusCame = (event) => {
    const {at} = event.target.dataset;
    if (at === undefined || (Number(at) === this.#focusAt && this.#focusKey !== null)) return;
    this.#focusOn(Number(at));
    this.#gallery.changed();
  };

  #clicked = (event) => {
    const hourMs = event.target.closest("[data-hour]")?.dataset.hour;
    if (hourMs) return this.#gallery.choosing.toggleHour(this.#day.hourAt(Number(hourMs)));
    const cell = event.target.closest("[data-at]");
    if (!cell) return;
    const at = Number(cell.dataset.at);
    this.#focusOn(at);
    const isMark = event.target.closest(".mark") !== null;
    if (isMark || event.shiftKey || event.ctrlKey || event.metaKey || this.#gallery.choosing.isOn) this.#gallery.choosing.toggle(at, event.shiftKey);
    else this.#gallery.open(at);
  };

  #pressed = (event) => {
    if (!event.target.dataset.at || event.altKey) return;
    // The photo under the eye, even where others have come before the page was drawn again; not where keys are faster.
    if (!this.#isFocusDue && Number(event.target.dataset.at) !== this.#focusAt) this.#focusOn(Number(event.target.dataset.at));
    const {rows, rowsOfAPage} = this.#window;
    const to = placeAfterKey(rows, this.#focusAt, this.#day.count, event, rowsOfAPage);
    if (to !== null) this.#went(to, event.shiftKey);
    else if (event.key === "Enter") this.#gallery.open(this.#focusAt);
    else if (event.key === " " || event.key === "x") this.#gallery.choosing.toggle(this.#focusAt, event.shiftKey);
    else if (event.key === "Delete" && !event.repeat) this.#gallery.remove(this.#focusAt);
    else return;
    event.preventDefault();
  };

  #went(at, isRange) {
    const {choosing} = this.#gallery;
    if (isRange && !choosing.hasAnchor) choosing.toggle(this.#focusAt, false);
    this.focus(at);
    if (isRange) choosing.toggle(at, true);
  }
}
