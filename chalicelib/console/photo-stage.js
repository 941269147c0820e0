// A photo that is zoomed and moved with wheel, fingers or keys; unzoomed, a swipe turns to the next one.

import {html, nothing, ref} from "./lit.js";
import {WHOLE, moved, toggled, zoomed} from "./photo-zoom.js";

const SWIPE_PX = 60;
const STEP = 1.5;
/** Two clicks within it, at about the same place, are a double one. */
const DOUBLE_MS = 300;
const NEAR_PX = 24;

export class PhotoStage {
  #changed;
  #turn;
  #close;
  #element = null;
  #zoom = WHOLE;
  #pointers = new Map();
  #swipe = null;
  #latestTap = {at: -Infinity, x: 0, y: 0};

  /** @param {(step: 1 | -1) => void} turn */
  constructor(changed, turn, close) {
    this.#changed = changed;
    this.#turn = turn;
    this.#close = close;
  }

  get isZoomed() {
    return this.#zoom.scale > 1;
  }

  reset() {
    this.#zoom = WHOLE;
    this.#swipe = null;
  }

  /** With the keyboard: 1 is nearer, -1 farther. */
  step(direction) {
    this.#set(zoomed(this.#zoom, STEP ** direction, {x: 0, y: 0}, this.#shown(), this.#room()));
  }

  /** With the keyboard, where it is zoomed: what lies that way comes into sight. False where it is not zoomed. */
  pan(right, down) {
    if (!this.isZoomed) return false;
    const {width, height} = this.#room();
    this.#set(moved(this.#zoom, (-right * width) / 4, (-down * height) / 4, this.#shown(), this.#room()));
    return true;
  }

  /** @param {string | null} url @param {string | null} before of the thumbnail, until the photo is here */
  template(url, before, {width, height}, alt) {
    const {scale, x, y} = this.#zoom;
    const place = `transform: translate(${x + (this.#swipe?.dx ?? 0)}px, ${y + (this.#swipe?.dy ?? 0)}px) scale(${scale})`;
    return html`
      <div class="stage" ${ref(this.#kept)} @pointerdown=${this.#down} @pointermove=${this.#move} @pointerup=${this.#up} @pointercancel=${this.#up}>
        ${url || before
          ? html`<img class=${url ? "" : "before"} src=${url ?? before} alt=${alt} width=${width ?? 4} height=${height ?? 3} draggable="false" .style=${place}>`
          : nothing}
      </div>
    `;
  }

  #kept = (element) => {
    this.#element?.removeEventListener("wheel", this.#wheel);
    this.#element = element ?? null;
    // Not passive: else the page would scroll or zoom.
    element?.addEventListener("wheel", this.#wheel, {passive: false});
  };

  #set(zoom) {
    this.#zoom = zoom;
    this.#changed();
  }

  #room() {
    const {clientWidth: width, clientHeight: height} = this.#element;
    return {width, height};
  }

  #shown() {
    const {naturalWidth = 4, naturalHeight = 3} = this.#element.querySelector("img") ?? {};
    const {width, height} = this.#room();
    const fit = Math.min(width / naturalWidth, height / naturalHeight);
    return {width: naturalWidth * fit, height: naturalHeight * fit};
  }

  #fromMiddle({clientX, clientY}) {
    const {left, top, width, height} = this.#element.getBoundingClientRect();
    return {x: clientX - left - width / 2, y: clientY - top - height / 2};
  }

  #wheel = (event) => {
    event.preventDefault();
    this.#set(zoomed(this.#zoom, Math.exp(-event.deltaY / 400), this.#fromMiddle(event), this.#shown(), this.#room()));
  };

  #down = (event) => {
    if (event.button !== 0) return;
    this.#element.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event);
    this.#swipe = this.#pointers.size === 1 && !this.isZoomed ? {dx: 0, dy: 0} : null;
  };

  #move = (event) => {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    const other = [...this.#pointers.values()].find((each) => each.pointerId !== event.pointerId);
    this.#pointers.set(event.pointerId, event);
    if (other) this.#pinch(before, event, other);
    else if (this.#swipe) this.#swipe = {dx: this.#swipe.dx + dx, dy: this.#swipe.dy + dy};
    else this.#zoom = moved(this.#zoom, dx, dy, this.#shown(), this.#room());
    this.#changed();
  };

  #pinch(before, event, other) {
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const middle = {clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2};
    this.#zoom = zoomed(this.#zoom, apart(event) / Math.max(1, apart(before)), this.#fromMiddle(middle), this.#shown(), this.#room());
  }

  #up = (event) => {
    if (!this.#pointers.delete(event.pointerId)) return;
    const swipe = this.#swipe;
    this.#swipe = null;
    this.#changed();
    if (event.type === "pointercancel" || this.#pointers.size) return;
    if (swipe && Math.abs(swipe.dx) > SWIPE_PX && Math.abs(swipe.dx) > Math.abs(swipe.dy)) return this.#turn(swipe.dx < 0 ? 1 : -1);
    if (swipe && swipe.dy > 2 * SWIPE_PX) return this.#close();
    this.#tapped(event, swipe);
  };

  #tapped(event, swipe) {
    if (swipe && Math.hypot(swipe.dx, swipe.dy) > NEAR_PX) return;
    const {at, x, y} = this.#latestTap;
    const isDouble = event.timeStamp - at < DOUBLE_MS && Math.hypot(event.clientX - x, event.clientY - y) < NEAR_PX;
    this.#latestTap = isDouble ? {at: -Infinity, x, y} : {at: event.timeStamp, x: event.clientX, y: event.clientY};
    if (isDouble) this.#set(toggled(this.#zoom, this.#fromMiddle(event), this.#shown(), this.#room()));
  }
}
