// A day of one camera, played: its thumbnails one after the other, or its photos where the owner wants them.

import {ApiError, Unreachable} from "./api.js";
import {isClip} from "./clips.js";
import {gapText} from "./gap-words.js";
import {icon} from "./icons.js";
import {html, nothing, ref} from "./lit.js";
import {PhotoMissing, placeBlob} from "./places.js";
import {clockWithSeconds, day as dayInWords} from "./times.js";
import {count} from "./words.js";

const SPEEDS = [2, 5, 10, 20, 30];
const USUAL_SPEED = 10;
/** Pictures decoded ahead of the one that is shown; none is kept behind it. */
const AHEAD = 12;
const PHOTOS_AHEAD = 4;
/** The list of the photos that far ahead is here in time. */
const HOUR_AHEAD = 150;
/** So long nothing is asked for that could not be had. */
const AFTER_TROUBLE_MS = 3_000;
const LEAST_GAP_MS = 5 * 60_000;

export class TimeLapse {
  #app;
  #gallery;
  #canvas = null;
  #frame = 0;
  #isPlaying;
  #speed = USUAL_SPEED;
  #isFull = false;
  #isWaiting = false;
  #isFocusDue = true;
  #shown = null;
  /** Decoded, by place; null while it is on its way. @type {Map<number, ImageBitmap | "missing" | null>} */
  #pictures = new Map();
  #round = 0;
  #dueAt = 0;
  #notBefore = 0;
  #timer = 0;
  #asking = new AbortController();

  constructor(app, gallery) {
    this.#app = app;
    this.#gallery = gallery;
    this.model = gallery.day.model;
    // Who wants little motion starts it himself.
    this.#isPlaying = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    addEventListener("keydown", this.#pressed);
    this.#timer = requestAnimationFrame(this.#tick);
  }

  get placeInDay() {
    return this.#last - this.#frame;
  }

  get shownMs() {
    return this.#shown ? Date.parse(this.#shown.captured_at) : null;
  }

  show() {}

  stop() {
    removeEventListener("keydown", this.#pressed);
    cancelAnimationFrame(this.#timer);
    this.#asking.abort();
    this.#forget();
  }

  template() {
    const {model} = this.#gallery.day;
    const item = this.#shown;
    const last = Math.max(0, model.count - 1);
    return html`
      <section class="photo-view time-lapse" role="dialog" aria-modal="true" aria-label="Time-lapse" tabindex="-1" ${ref(this.#focus)}>
        <div class="photo-bar">
          <button class="square" aria-label="Back to the photos" @click=${() => this.#gallery.close()}>${icon("close")}</button>
          <div class="photo-title">
            <h2>${item ? html`<time datetime=${item.captured_at}>${clockWithSeconds(Date.parse(item.captured_at))}</time>` : "Time-lapse"}</h2>
            <p class="small">${dayInWords(model.startMs)} · ${this.#camera()}</p>
          </div>
        </div>
        <div class="photo-main">
          <canvas class="stage" role="img" aria-label="The photo that is played" width="640" height="480" ${ref(this.#kept)}></canvas>
          ${this.#isWaiting || !model.isKnown ? html`<span class="spinner" role="status" aria-label="Loading"></span>` : nothing}
          ${this.#gapHere()}
        </div>
        <div class="play-bar">
          <button class="square" aria-label=${this.#isPlaying ? "Pause" : "Play"} @click=${this.#toggle}>${icon(this.#isPlaying ? "pause" : "play")}</button>
          <input type="range" aria-label="Photo" min="0" max=${last} .value=${String(this.#frame)} @input=${this.#scrubbed}
            aria-valuetext=${item ? clockWithSeconds(Date.parse(item.captured_at)) : nothing}>
          <span class="small numbers">${count(Math.min(model.count, this.#frame + 1))} of ${count(model.count)}</span>
          <select aria-label="Speed" @change=${(event) => (this.#speed = Number(event.target.value))}>
            ${SPEEDS.map((each) => html`<option value=${each} ?selected=${each === this.#speed}>${each} a second</option>`)}
          </select>
          <label class="check"><input type="checkbox" .checked=${this.#isFull} @change=${this.#fullChosen}> Full photos</label>
        </div>
      </section>
    `;
  }

  #camera() {
    const deviceId = this.#gallery.at.deviceId ?? this.#shown?.device_id;
    return deviceId ? this.#gallery.cameras.nameOf(deviceId) : "";
  }

  /** What the picture after this one comes after. */
  #gapHere() {
    if (!this.#shown) return nothing;
    const ms = Date.parse(this.#shown.captured_at);
    const gap = this.#gallery.day.model.gaps.find((each) => Math.abs(each.toMs - ms) < 1000 || Math.abs(each.fromMs - ms) < 1000);
    return gap && gap.toMs - gap.fromMs >= LEAST_GAP_MS ? html`<p class="played-gap">${gapText(gap)}</p>` : nothing;
  }

  /** The day is newest first, and is played from its beginning. */
  get #last() {
    return this.#gallery.day.model.count - 1;
  }

  #tick = (now) => {
    this.#timer = requestAnimationFrame(this.#tick);
    if (!this.#gallery.day.model.isKnown || this.#last < 0) return;
    this.#prefetch();
    const isNew = this.#shown === null;
    if (!isNew && (!this.#isPlaying || now < this.#dueAt)) return;
    const next = isNew ? this.#frame : this.#frame + 1;
    if (next > this.#last) return this.#ended();
    if (this.#isClip(next)) return this.#passed(next, isNew);
    const isHere = Boolean(this.#pictures.get(next));
    if (this.#isWaiting === isHere) {
      this.#isWaiting = !isHere;
      this.#app.changed();
    }
    if (!isHere) return;
    this.#dueAt = now + 1000 / this.#speed;
    this.#draw(next);
  };

  /** A clip is no picture of the film. */
  #isClip(frame) {
    return frame >= 0 && isClip(this.#gallery.day.model.itemAt(this.#last - frame));
  }

  #passed(frame, isNew) {
    this.#frame = isNew ? frame + 1 : frame;
  }

  #goOn(step) {
    let to = this.#frame + step;
    while (this.#isClip(to)) to += step;
    this.#goTo(to);
  }

  #ended() {
    if (!this.#isPlaying) return;
    this.#isPlaying = false;
    this.#app.changed();
  }

  #draw(frame) {
    this.#frame = frame;
    this.#shown = this.#gallery.day.model.itemAt(this.#last - frame);
    const picture = this.#pictures.get(frame);
    if (picture instanceof ImageBitmap && this.#canvas) {
      if (this.#canvas.width !== picture.width) this.#canvas.width = picture.width;
      if (this.#canvas.height !== picture.height) this.#canvas.height = picture.height;
      this.#canvas.getContext("2d").drawImage(picture, 0, 0);
    }
    this.#app.changed();
  }

  /** Lets go of all but what comes next, and begins with what is not on its way. */
  #prefetch() {
    const ahead = this.#isFull ? PHOTOS_AHEAD : AHEAD;
    for (const [at, picture] of this.#pictures) {
      if (at >= this.#frame && at <= this.#frame + ahead) continue;
      if (picture instanceof ImageBitmap) picture.close();
      this.#pictures.delete(at);
    }
    for (let at = this.#frame; at <= Math.min(this.#last, this.#frame + ahead); at++) if (!this.#pictures.has(at)) this.#fetch(at);
    this.#wantFiles(ahead);
  }

  /** Thumbnails come by their files: what is ahead of the hour's end, too. */
  #wantFiles(ahead) {
    if (this.#isFull) return;
    const {model} = this.#gallery.day;
    const wanted = [];
    for (let at = this.#frame; at <= Math.min(this.#last, this.#frame + 4 * ahead); at++) {
      const item = model.itemAt(this.#last - at);
      const hour = model.placeOf(this.#last - at)?.hour;
      if (item?.thumbnail) wanted.push(this.#gallery.day.wanted(hour, item.thumbnail));
    }
    this.#gallery.thumbnails.want(wanted);
    const soon = model.placeOf(Math.max(0, this.#last - this.#frame - HOUR_AHEAD))?.hour;
    if (!soon || soon.isLoaded || this.#app.now() < this.#notBefore) return;
    this.#gallery.day.loaded(soon).catch(() => (this.#notBefore = this.#app.now() + AFTER_TROUBLE_MS));
  }

  async #fetch(at) {
    const round = this.#round;
    this.#pictures.set(at, null);
    let picture = "missing";
    try {
      const blob = await this.#blob(at);
      if (blob === null) return void this.#dropped(at, round);
      picture = await createImageBitmap(blob);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error instanceof ApiError || error instanceof Unreachable || (error instanceof PhotoMissing && error.isPassing)) {
        setTimeout(() => this.#dropped(at, round), AFTER_TROUBLE_MS);
        return;
      }
    }
    const isWanted = round === this.#round && this.#pictures.get(at) === null && !this.#asking.signal.aborted;
    if (isWanted) this.#pictures.set(at, picture);
    else if (picture instanceof ImageBitmap) picture.close();
  }

  /** Not here yet: asked for again at the next tick. */
  #dropped(at, round) {
    if (round === this.#round && this.#pictures.get(at) === null) setTimeout(() => this.#pictures.delete(at), 50);
  }

  async #blob(at) {
    const {day, thumbnails} = this.#gallery;
    const item = await day.itemAt(this.#last - at);
    if (!item?.thumbnail || isClip(item)) throw new Error("It has no picture.");
    if (!this.#isFull) return thumbnails.isMissing(item.thumbnail) ? Promise.reject(new Error("Gone.")) : thumbnails.blobOf(item.thumbnail);
    return this.#photo(item.photo, day.model.placeOf(this.#last - at).hour);
  }

  /** A day may be played for longer than its URLs are good. */
  async #photo(place, hour) {
    const {[place.object_key]: url} = hour.urls;
    try {
      return await placeBlob(place, hour.urls, this.#asking.signal);
    } catch (error) {
      if (!(error instanceof PhotoMissing) || !error.isRefused) throw error;
      await this.#gallery.day.renewed(hour, place.object_key, url);
      return placeBlob(place, hour.urls, this.#asking.signal);
    }
  }

  #forget() {
    this.#round += 1;
    for (const picture of this.#pictures.values()) if (picture instanceof ImageBitmap) picture.close();
    this.#pictures.clear();
  }

  #goTo(frame) {
    this.#frame = Math.max(0, Math.min(this.#last, frame));
    this.#shown = null;
    this.#app.changed();
  }

  #toggle = () => {
    if (!this.#isPlaying && this.#frame >= this.#last) this.#goTo(0);
    this.#isPlaying = !this.#isPlaying;
    this.#app.changed();
  };

  #scrubbed = (event) => this.#goTo(Number(event.target.value));

  #fullChosen = (event) => {
    this.#isFull = event.target.checked;
    this.#forget();
    this.#shown = null;
    this.#app.changed();
  };

  #kept = (element) => {
    this.#canvas = element ?? null;
  };

  #focus = (element) => {
    if (!element || !this.#isFocusDue) return;
    this.#isFocusDue = false;
    queueMicrotask(() => element.focus());
  };

  #pressed = (event) => {
    const isAt = (what) => event.target.closest?.(what) !== null;
    if (event.key === "Escape") this.#gallery.close();
    else if (isAt("button, select, [type=checkbox], .toasts")) return;
    else if (event.key === " ") this.#toggle();
    else if (isAt("input")) return;
    else if (event.key === "ArrowRight") this.#goOn(1);
    else if (event.key === "ArrowLeft") this.#goOn(-1);
    else return;
    event.preventDefault();
  };
}
