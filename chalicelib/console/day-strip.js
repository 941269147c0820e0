// The hours of a day as a strip: bars of photos, stretches without any, and the way to any time of the day.

import {BUCKET_S} from "./gallery-model.js";
import {gapText, gapWords} from "./gap-words.js";
import {html, nothing, ref, svg} from "./lit.js";
import {HOUR_MS, clock} from "./times.js";
import {photos} from "./words.js";

const BUCKET_MS = BUCKET_S * 1000;
const HOUR = new Intl.DateTimeFormat(navigator.language, {hour: "numeric"});
const LABEL_EVERY = 3;
/** A gap's share of the day that has room for its name. */
const LEAST_NAMED = 0.04;
const LEAST_NAMED_PX = 64;
const STEPS = new Map([
  ["ArrowLeft", -BUCKET_MS],
  ["ArrowRight", BUCKET_MS],
  ["ArrowDown", -BUCKET_MS],
  ["ArrowUp", BUCKET_MS],
  ["PageDown", -HOUR_MS],
  ["PageUp", HOUR_MS],
  ["Home", -Infinity],
  ["End", Infinity],
]);

export class DayStrip {
  #changed;
  #go;
  #nameOf;
  #model = null;
  #element = null;
  #pointedMs = null;
  #isFocused = false;
  #inSightMs = 0;
  #bars = {version: -1, model: null, path: ""};

  /**
   * @param {(ms: number) => void} go called with the time that the owner wants to see
   * @param {(deviceId: string) => string} nameOf empty where it goes without saying
   */
  constructor(changed, go, nameOf) {
    this.#changed = changed;
    this.#go = go;
    this.#nameOf = nameOf;
  }

  /** @param {number | null} inSightMs the time of what is in sight */
  template(model, inSightMs) {
    this.#model = model;
    this.#inSightMs = inSightMs ?? model.endMs - 1;
    const shownMs = this.#pointedMs ?? (this.#isFocused ? this.#inSightMs : null);
    return html`
      <div class="strip-box">
        <div class="strip" role="slider" tabindex="0" aria-label="Time of day" aria-orientation="horizontal"
          aria-valuemin="0" aria-valuemax=${this.#minutes(model.endMs)} aria-valuenow=${this.#minutes(this.#inSightMs)}
          aria-valuetext=${this.#told(this.#inSightMs).join(" · ")}
          ${ref(this.#kept)} @keydown=${this.#pressed} @focus=${this.#focus} @blur=${this.#blur}
          @pointerdown=${this.#down} @pointermove=${this.#moved} @pointerleave=${this.#left}>
          <svg viewBox="0 0 ${this.#buckets()} 100" preserveAspectRatio="none" aria-hidden="true">
            ${model.gaps.map((each) => this.#stretch(each))}
            <path class="bars" d=${this.#path()}></path>
          </svg>
          ${this.#named().map((each) => this.#label(each))}
          <span class="sight" .style=${`left: ${this.#percent(this.#inSightMs)}%`}></span>
          ${shownMs === null ? nothing : this.#bubble(shownMs)}
        </div>
        <div class="hours" aria-hidden="true">${this.#labels()}</div>
      </div>
    `;
  }

  #bubble(ms) {
    const at = this.#percent(ms);
    const side = at < 25 ? "start" : at > 75 ? "end" : "middle";
    return html`<span class="bubble ${side}" .style=${`left: ${at}%`}>${this.#told(ms).map((each) => html`<span>${each}</span>`)}</span>`;
  }

  #stretch({reason, fromMs, toMs}) {
    const from = (fromMs - this.#model.startMs) / BUCKET_MS;
    return svg`<rect class="stretch ${reason}" x=${from} y="0" width=${Math.max(0.15, (toMs - fromMs) / BUCKET_MS)} height="100"/>`;
  }

  /** Those that are long and lie alone: their words have room. */
  #named() {
    const {gaps, startMs, endMs} = this.#model;
    const least = Math.max(LEAST_NAMED, LEAST_NAMED_PX / (this.#element?.clientWidth || Infinity));
    const long = gaps.filter((each) => each.toMs - each.fromMs >= (endMs - startMs) * least);
    return long.filter((gap) => {
      const isAlone = long.every((each) => each === gap || each.fromMs >= gap.toMs || each.toMs <= gap.fromMs);
      for (let at = this.#bucketAt(gap.fromMs) + BUCKET_MS; isAlone && at + BUCKET_MS <= gap.toMs; at += BUCKET_MS) {
        if (this.#model.bucketCount(at)) return false;
      }
      return isAlone;
    });
  }

  #label(gap) {
    const {startMs, endMs} = this.#model;
    const width = ((Math.min(gap.toMs, endMs) - gap.fromMs) / (endMs - startMs)) * 100;
    return html`<span class="stretch-name" aria-hidden="true" .style=${`left: ${this.#percent(gap.fromMs)}%; width: ${width}%`}>${gapWords(gap).reason}</span>`;
  }

  #path() {
    const model = this.#model;
    if (this.#bars.version === model.version && this.#bars.model === model) return this.#bars.path;
    const counts = Array.from({length: this.#buckets()}, (_, at) => model.bucketCount(model.startMs + at * BUCKET_MS));
    const most = Math.max(1, ...counts);
    const bar = (count, at) => (count ? `M${at + 0.1} 100v${-Math.max(6, (count / most) * 92)}h0.8V100z` : "");
    this.#bars = {version: model.version, model, path: counts.map(bar).join("")};
    return this.#bars.path;
  }

  #labels() {
    const hours = Math.round((this.#model.endMs - this.#model.startMs) / HOUR_MS);
    const starts = Array.from({length: Math.ceil(hours / LABEL_EVERY)}, (_, at) => at * LABEL_EVERY);
    return starts.map((at) => html`<span .style=${`flex: ${Math.min(LABEL_EVERY, hours - at)}`}>${HOUR.format(this.#model.startMs + at * HOUR_MS)}</span>`);
  }

  #told(ms) {
    const at = this.#bucketAt(ms);
    const gaps = this.#model.gaps.filter((each) => each.fromMs < at + BUCKET_MS && each.toMs > at);
    const count = this.#model.bucketCount(at);
    return [`${clock(at)}: ${photos(count)}`, ...gaps.map((each) => gapText(each, this.#nameOf(each.device_id)))];
  }

  #buckets() {
    return Math.ceil((this.#model.endMs - this.#model.startMs) / BUCKET_MS);
  }

  #bucketAt(ms) {
    return this.#model.startMs + Math.floor((ms - this.#model.startMs) / BUCKET_MS) * BUCKET_MS;
  }

  #minutes(ms) {
    return Math.round((ms - this.#model.startMs) / 60_000);
  }

  #percent(ms) {
    return (((ms - this.#model.startMs) / (this.#model.endMs - this.#model.startMs)) * 100).toFixed(2);
  }

  #within(ms) {
    return Math.max(this.#model.startMs, Math.min(this.#model.endMs - 1, ms));
  }

  #kept = (element) => {
    this.#element = element ?? null;
  };

  #at(event) {
    const {left, width} = this.#element.getBoundingClientRect();
    return this.#within(this.#model.startMs + ((event.clientX - left) / width) * (this.#model.endMs - this.#model.startMs));
  }

  /** To the end of the bucket: the grid has the newest first. */
  #goTo(ms) {
    this.#go(Math.min(this.#model.endMs, this.#bucketAt(ms) + BUCKET_MS));
  }

  #pressed = (event) => {
    const step = STEPS.get(event.key);
    if (step === undefined) return;
    event.preventDefault();
    this.#goTo(this.#within(this.#inSightMs + step));
  };

  #down = (event) => {
    if (event.button !== 0) return;
    this.#element.setPointerCapture(event.pointerId);
    this.#pointedMs = this.#at(event);
    this.#goTo(this.#pointedMs);
  };

  #moved = (event) => {
    const ms = this.#at(event);
    const isElsewhere = this.#pointedMs === null || this.#bucketAt(ms) !== this.#bucketAt(this.#pointedMs);
    this.#pointedMs = ms;
    if (!isElsewhere) return;
    if (event.buttons & 1) this.#goTo(ms);
    this.#changed();
  };

  #left = () => {
    this.#pointedMs = null;
    this.#changed();
  };

  #focus = () => {
    this.#isFocused = this.#element.matches(":focus-visible");
    this.#changed();
  };

  #blur = () => {
    this.#isFocused = false;
    this.#changed();
  };
}
