// One photo over the gallery: to be looked at closely, turned from, kept, deleted.

import {ApiError, Unreachable} from "./api.js";
import {ClipStage, CannotPlay} from "./clip-stage.js";
import {clipLength, isClip} from "./clips.js";
import {fileName, saveAll, saveAs} from "./downloads.js";
import {keyOf} from "./gallery-model.js";
import {icon} from "./icons.js";
import {html, nothing, ref} from "./lit.js";
import {isUnknown} from "./no-such-camera.js";
import {PhotoCache} from "./photo-cache.js";
import {PhotoStage} from "./photo-stage.js";
import {PhotoMissing} from "./places.js";
import {REACHED} from "./reach.js";
import {clockWithSeconds, day as dayInWords, dayAndClock} from "./times.js";
import {troubleWords} from "./troubles.js";
import {CONFIDENCE, bytes, count} from "./words.js";

/** The photo, two to each side. */
const MOST_PHOTOS = 5;

/** So long after a trouble that passes it is tried again. */
const AGAIN_MS = 5_000;

/** Why processing refused one. */
const REJECTED = {
  empty: "The file is empty.",
  not_a_jpeg: "This is no JPEG.",
  not_an_mp4: "This is no MP4.",
  no_moov_in_front: "Its index does not stand before the video.",
  no_video_track: "There is no video in it.",
  truncated: "Its end is missing.",
  undecodable: "It cannot be decoded.",
  too_many_pixels: "It has too many pixels.",
  too_many_scans: "It takes too much work to decode.",
  pack_limit_exceeded: "The photos before it in its pack took all the work that a pack gets.",
  too_large: "It is too large.",
  sha256_mismatch: "These are not the bytes that the camera announced.",
  processing_failed: "Processing it failed four times.",
  object_missing: "Somebody took its file out of the bucket.",
};

export class PhotoView {
  #app;
  #gallery;
  #key = null;
  #item = null;
  #at = -1;
  #trouble = null;
  #isInfoOpen = false;
  #isFocusDue = true;
  #photos;
  #stage;
  #clips;
  #asking = new AbortController();
  #timer = 0;

  /** @param {object} gallery `day`, `thumbnails`, `cameras`, `turnTo(key)`, `close()`, `removeOne(item)` */
  constructor(app, gallery) {
    this.#app = app;
    this.#gallery = gallery;
    this.model = gallery.day.model;
    this.#photos = new PhotoCache(app.api, MOST_PHOTOS, () => app.changed());
    this.#stage = new PhotoStage(() => app.changed(), (step) => this.#turn(step), () => gallery.close());
    this.#clips = new ClipStage(app.api, () => app.changed());
    addEventListener("keydown", this.#pressed);
    addEventListener(REACHED, this.#tryAgain);
  }

  stop() {
    removeEventListener("keydown", this.#pressed);
    removeEventListener(REACHED, this.#tryAgain);
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.#photos.stop();
    this.#clips.stop();
  }

  /** Where in the day the photo is; -1 where that is not known. */
  get placeInDay() {
    return this.#gallery.day.model.indexOf(this.#key);
  }

  get shownMs() {
    return this.#item ? Date.parse(this.#item.captured_at) : null;
  }

  show(key) {
    if (key === this.#key) return;
    this.#key = key;
    this.#trouble = null;
    this.#stage.reset();
    this.#find();
  }

  template() {
    const {model} = this.#gallery.day;
    const at = model.indexOf(this.#key);
    if (at >= 0) {
      this.#at = at;
      this.#item = model.itemAt(at);
    }
    const item = this.#item && keyOf(this.#item) === this.#key ? this.#item : null;
    queueMicrotask(() => this.#lookAround(at));
    return html`
      <section class="photo-view" role="dialog" aria-modal="true" aria-label="Photo" tabindex="-1" ${ref(this.#focus)}>
        ${this.#bar(item)}
        <div class="photo-main">
          ${item ? this.#picture(item) : this.#trouble ? this.#failed(this.#trouble) : html`<div class="stage"><span class="spinner" role="status" aria-label="Loading"></span></div>`}
          <button class="turn before" aria-label="The newer photo" ?disabled=${at <= 0} @click=${() => this.#turn(-1)}>${icon("back")}</button>
          <button class="turn after" aria-label="The older photo" ?disabled=${at < 0 || at >= model.count - 1} @click=${() => this.#turn(1)}>${icon("next")}</button>
        </div>
        ${item && this.#isInfoOpen ? this.#info(item) : nothing}
      </section>
    `;
  }

  #bar(item) {
    return html`
      <div class="photo-bar">
        <button class="square" aria-label="Back to the photos" @click=${() => this.#gallery.close()}>${icon("close")}</button>
        ${item ? this.#title(item) : html`<div class="photo-title"></div>`}
        <button class="square" aria-label="Download" ?disabled=${!this.#canDownload(item)} @click=${() => this.#download()}>${icon("download")}</button>
        <button class="square" aria-label="Delete" ?disabled=${!item} @click=${() => this.#remove()}>${icon("trash")}</button>
        <button class="square" aria-label="About this photo" aria-pressed=${this.#isInfoOpen ? "true" : "false"} ?disabled=${!item} @click=${this.#toggleInfo}>${icon("info")}</button>
      </div>
    `;
  }

  #title(item) {
    const takenMs = Date.parse(item.captured_at);
    const {captured_at_confidence: how} = item;
    const isSure = how === "ntp" || how === "solved";
    return html`
      <div class="photo-title">
        <h2><time datetime=${item.captured_at}>${isSure ? "" : "about "}${clockWithSeconds(takenMs)}</time></h2>
        <p class="small">${dayInWords(takenMs)} · ${this.#gallery.cameras.nameOf(item.device_id)}</p>
      </div>
    `;
  }

  #picture(item) {
    const words = `${this.#gallery.cameras.nameOf(item.device_id)}, ${clockWithSeconds(Date.parse(item.captured_at))}`;
    if (item.status === "rejected") return this.#refused(item);
    if (item.status === "deleted") return this.#unknown();
    const photo = item.photo ? this.#shownOf(item) : null;
    if (!photo || photo.trouble) return this.#failed(photo?.trouble ?? null, item);
    const before = item.thumbnail ? this.#gallery.thumbnails.urlOf(keyOf(item), item.thumbnail) : null;
    if (isClip(item)) return this.#clips.template(photo, before, words);
    return html`${this.#stage.template(photo.url, before, item, words)}
      ${photo.url ? nothing : html`<span class="spinner" role="status" aria-label="Loading"></span>`}`;
  }

  #refused(item) {
    return html`<div class="photo-none">${icon("broken")}<h3>This ${isClip(item) ? "clip" : "photo"} cannot be shown</h3><p>${REJECTED[item.reject_reason] ?? item.reject_reason}</p></div>`;
  }

  #failed(error, item) {
    if (isPassing(error)) this.#timer ||= setTimeout(this.#tryAgain, AGAIN_MS);
    if (isUnknown(error)) return this.#unknown();
    if (error instanceof CannotPlay) return html`<div class="photo-none" role="alert">${icon("broken")}<h3>This browser cannot play the clip</h3><p>It can be downloaded.</p></div>`;
    const isApi = error instanceof ApiError || error instanceof Unreachable;
    const isGone = error instanceof PhotoMissing && !error.isPassing;
    const why = isApi ? troubleWords(error) : isGone ? "Its bytes are not in the bucket any more." : "Its bytes do not come. Check the network and try again.";
    return html`
      <div class="photo-none" role="alert">
        <h3>The photo cannot be fetched</h3>
        <p>${why}</p>
        <button @click=${() => this.#again(item)}>Try again</button>
      </div>
    `;
  }

  #unknown() {
    const isCamera = this.#gallery.cameras.has(this.#key.split("/")[0]);
    return html`
      <div class="photo-none" role="alert">
        <h3>There is no such ${isCamera ? "photo" : "camera"}</h3>
        <p>${isCamera ? "It was deleted" : "It may belong to somebody else"}, or its address is wrong.</p>
        <button @click=${() => this.#gallery.close()}>Back to the photos</button>
      </div>
    `;
  }

  #info(item) {
    const rows = [
      ["Taken", html`${dayAndClock(Date.parse(item.captured_at))}<br><span class="small">${CONFIDENCE[item.captured_at_confidence]}</span>`],
      ["Camera", html`<a href="#/cameras/${item.device_id}">${this.#gallery.cameras.nameOf(item.device_id)}</a>`],
      ["Length", clipLength(item.duration_ms)],
      ["Size", [item.width && `${count(item.width)} × ${count(item.height)} pixels`, item.size_bytes && bytes(item.size_bytes)].filter(Boolean).join(", ")],
      ["Number", `${count(item.seq)}`],
      ["Arrived", item.stored_at ? dayAndClock(Date.parse(item.stored_at)) : ""],
      ["SHA-256", item.sha256 ? html`<code>${item.sha256}</code>` : ""],
    ];
    return html`
      <aside class="photo-info" aria-label="About this photo">
        <dl>${rows.filter(([, text]) => text).map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>
        <p class="small">Keys: arrows turn, ${isClip(item) ? "space plays" : "+ and - zoom, 0 shows all"}, D downloads, Delete deletes, I hides this.</p>
      </aside>
    `;
  }

  #urls() {
    const place = this.#gallery.day.model.placeOf(this.#at);
    return place && this.placeInDay >= 0 ? place.hour.urls : {};
  }

  #shownOf(item) {
    return isClip(item) ? this.#clips.get(item, this.#urls()) : this.#photos.get(item, this.#urls());
  }

  /** Of a clip there is none: it is played in parts. */
  #blobOf(item) {
    return item?.photo && item.status !== "rejected" && !isClip(item) ? this.#photos.get(item, this.#urls()).blob : null;
  }

  #canDownload(item) {
    return isClip(item) ? Boolean(item.photo) && item.status !== "rejected" : Boolean(this.#blobOf(item));
  }

  /** Not of this day's list yet: asked for by itself, then its hour for the neighbours. */
  async #find() {
    const {day} = this.#gallery;
    if (day.model.indexOf(this.#key) >= 0) return;
    try {
      const item = await this.#app.api.get(`/items/${this.#key}`, {}, {signal: this.#asking.signal});
      if (keyOf(item) !== this.#key) return;
      this.#item = item;
      this.#app.changed();
      const hour = day.model.hourAt(Date.parse(item.captured_at));
      if (hour) await day.loaded(hour);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#trouble = error;
      this.#app.changed();
    }
  }

  /** What comes next is here before it is asked for. */
  async #lookAround(at) {
    if (at < 0) return;
    const {day} = this.#gallery;
    for (const step of [1, -1]) {
      const item = await day.itemAt(at + step).catch(() => null);
      if (this.#asking.signal.aborted || !item?.photo || item.status === "rejected" || isClip(item)) continue;
      const place = day.model.placeOf(at + step);
      if (this.#blobOf(this.#item)) this.#photos.get(item, place.hour.urls);
    }
  }

  #turn(step) {
    const {model} = this.#gallery.day;
    const item = this.placeInDay < 0 ? null : model.itemAt(this.placeInDay + step);
    if (item) this.#gallery.turnTo(keyOf(item));
  }

  #download() {
    if (this.#isShown && isClip(this.#item) && this.#canDownload(this.#item)) return saveAll(this.#app, [this.#item], (id) => this.#gallery.cameras.nameOf(id));
    const blob = this.#isShown ? this.#blobOf(this.#item) : null;
    if (blob) saveAs(blob, fileName(this.#item, this.#gallery.cameras.nameOf(this.#item.device_id)));
  }

  get #isShown() {
    return this.#item !== null && keyOf(this.#item) === this.#key;
  }

  /** On to the next one; the last of a day closes. */
  #remove() {
    const item = this.#item;
    if (!this.#isShown) return;
    const {model} = this.#gallery.day;
    const at = this.placeInDay;
    const next = model.itemAt(at + 1) ?? model.itemAt(at - 1);
    this.#gallery.removeOne(item);
    if (next) this.#gallery.turnTo(keyOf(next));
    else this.#gallery.close();
  }

  /** What went wrong may be over. */
  #tryAgain = () => {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const item = this.#isShown ? this.#item : null;
    const isDue = this.#trouble !== null || (item?.photo && item.status !== "rejected" && this.#shownOf(item).trouble);
    if (isDue) this.#again(item);
  };

  #again(item) {
    if (item) this.#photos.forget(item);
    this.#clips.forget();
    this.#trouble = null;
    this.#find();
    this.#app.changed();
  }

  #toggleInfo = () => {
    this.#isInfoOpen = !this.#isInfoOpen;
    this.#app.changed();
  };

  #focus = (element) => {
    if (!element || !this.#isFocusDue) return;
    this.#isFocusDue = false;
    queueMicrotask(() => element.focus());
  };

  #pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(".toasts")) return;
    if (isClip(this.#item) && this.#pressedOverClip(event)) return;
    const deeds = {
      ArrowRight: () => this.#stage.pan(1, 0) || this.#turn(1),
      ArrowLeft: () => this.#stage.pan(-1, 0) || this.#turn(-1),
      ArrowUp: () => this.#stage.pan(0, -1),
      ArrowDown: () => this.#stage.pan(0, 1),
      Escape: () => this.#gallery.close(),
      Delete: () => event.repeat || this.#remove(),
      "+": () => this.#stage.step(1),
      "=": () => this.#stage.step(1),
      "-": () => this.#stage.step(-1),
      0: () => (this.#stage.reset(), this.#app.changed()),
      i: this.#toggleInfo,
      d: () => this.#download(),
    };
    const deed = deeds[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  };

  /** A video that has the focus has keys of its own; what zooms is nothing here. */
  #pressedOverClip(event) {
    const {key, target} = event;
    if (target.tagName === "VIDEO") return key === " " || key.startsWith("Arrow");
    if (key !== " " || target.closest?.("button, a")) return "+=-0".includes(key);
    event.preventDefault();
    this.#clips.toggle();
    return true;
  }
}

/** Not that it is not there, or not the owner's. */
function isPassing(error) {
  if (error instanceof ApiError) return error.status === 429 || error.status >= 500;
  return error instanceof Unreachable || (error instanceof PhotoMissing && error.isPassing);
}
