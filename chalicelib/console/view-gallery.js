// Photos: a day of one camera or of all.

import {SignedOut, Unreachable} from "./api.js";
import {deletionsOf} from "./deletions.js";
import {DayStrip} from "./day-strip.js";
import {saveAll} from "./downloads.js";
import {choosingBar, dayBar, nothingPanel, skeletons} from "./gallery-bars.js";
import {GalleryCameras} from "./gallery-cameras.js";
import {Choosing} from "./gallery-choosing.js";
import {GalleryDay} from "./gallery-day.js";
import {galleryFragment, placesOf} from "./gallery-fragment.js";
import {keyOf} from "./gallery-model.js";
import {icon} from "./icons.js";
import {html, nothing} from "./lit.js";
import {noSuchCamera} from "./no-such-camera.js";
import {PhotoGrid} from "./photo-grid.js";
import {PhotoView} from "./view-photo.js";
import {Thumbnails} from "./thumbnails.js";
import {TimeLapse} from "./time-lapse.js";
import {HOUR_MS, day as dayInWords, daysLater, startOfDay} from "./times.js";
import {troublePanel, troubleWords} from "./troubles.js";
import {count} from "./words.js";

/** What may change is not asked for more often. */
const AGAIN_MS = 10_000;

export function galleryView(app, ...parts) {
  return new Gallery(app, parts);
}

class Gallery {
  #app;
  #deletions;
  #strip;
  #grid;
  #over = null;
  /** The step before this one was the gallery without what lies over it. */
  #isStepBack = false;
  #more = 0;
  #nearest = undefined;
  #asking = new AbortController();
  #nearestAskedAtMs = -Infinity;

  /** What the fragment says. */
  at;
  /** @type {GalleryDay} */
  day = null;
  cameras;
  choosing;
  thumbnails;

  constructor(app, parts) {
    this.#app = app;
    this.#deletions = deletionsOf(app);
    this.thumbnails = new Thumbnails(() => app.changed());
    this.#strip = new DayStrip(() => app.changed(), (ms) => this.#grid.goTo(ms, this.day.model), (id) => this.nameOf(id));
    this.#grid = new PhotoGrid(this);
    const tried = (deed) => this.#tried(deed);
    this.cameras = new GalleryCameras(app, tried, this.#asking.signal);
    this.choosing = new Choosing({day: () => this.day, tried, changed: () => this.changed()});
    this.#take(placesOf(parts));
  }

  get title() {
    return this.at.startMs === null ? "Photos" : dayInWords(this.#startMs);
  }

  get isModal() {
    return this.#over !== null && !this.#isNothingToPlay;
  }

  /** What says so is not to be covered. */
  get #isNothingToPlay() {
    return this.at.isPlaying && this.day.isUnknown;
  }

  start() {
    this.#grid.start();
    this.day.start();
    addEventListener("keydown", this.#pressed);
    this.cameras.look();
  }

  stop() {
    this.#asking.abort();
    this.#over?.stop();
    this.#grid.stop();
    this.day.stop();
    this.thumbnails.stop();
    removeEventListener("keydown", this.#pressed);
  }

  /** The fragment has changed: true, for this view shows that itself. */
  follow(...parts) {
    const before = this.day;
    this.#take(placesOf(parts));
    if (this.day !== before) {
      before.stop();
      this.day.start(!this.at.isPlaying);
    }
    return true;
  }

  changed() {
    this.#app.changed();
  }

  /** How much of the window's top is covered by what sticks there. */
  coveredPx() {
    const sticking = [...document.querySelectorAll(".day-head, .strip-box")].map((each) => [getComputedStyle(each), each.offsetHeight]);
    return Math.max(0, ...sticking.filter(([{position}]) => position === "sticky").map(([{top}, height]) => parseFloat(top) + height));
  }

  /** Empty where it goes without saying. */
  nameOf(deviceId) {
    return this.at.deviceId === null && this.cameras.areSeveral ? this.cameras.nameOf(deviceId) : "";
  }

  open(at) {
    const item = this.day.model.itemAt(at);
    if (item) this.#goOver({key: keyOf(item)});
  }

  /** What is chosen, or else the photo at that place in the day. */
  remove(at) {
    const item = this.day.model.itemAt(at);
    const items = this.choosing.count ? this.choosing.items : item ? [item] : [];
    if (!items.length) return;
    this.choosing.end();
    this.#deletions.ask(items);
  }

  template() {
    if (this.#grid.isAtTop) this.#more = 0;
    return html`
      <div class="gallery" ?inert=${this.isModal}>
        ${this.#head()}
        ${this.#content()}
        ${this.#more ? html`<button class="pill primary" @click=${this.#toTop}>${icon("up")}${count(this.#more)} new ${this.#more === 1 ? "photo" : "photos"}</button>` : nothing}
      </div>
      ${this.isModal ? this.#over.template() : nothing}
    `;
  }

  // What the fragment says.

  get #startMs() {
    return this.day?.model.startMs ?? this.at.startMs ?? startOfDay(this.#app.now());
  }

  get #here() {
    return {startMs: this.#startMs, deviceId: this.at.deviceId};
  }

  #take(at) {
    const startMs = at.startMs ?? startOfDay(this.#app.now());
    const isOther = startMs !== this.day?.model.startMs || at.deviceId !== this.at.deviceId;
    this.at = at;
    if (isOther) this.#begin(startMs);
    this.#overlay();
    this.changed();
  }

  #begin(startMs) {
    const what = {startMs, endMs: daysLater(startMs, 1), deviceId: this.at.deviceId};
    this.day = new GalleryDay(this.#app, what, this.#deletions, () => this.#dayChanged(), (more) => this.#came(more));
    this.#more = 0;
    this.#nearest = undefined;
    this.choosing.end();
  }

  #overlay() {
    const {key, isPlaying} = this.at;
    const kind = key ? PhotoView : isPlaying ? TimeLapse : null;
    if (!kind) {
      this.#isStepBack = false;
      return this.#closed();
    }
    if (this.#over instanceof kind && this.#over.model === this.day.model) return this.#over.show(key);
    this.#over?.stop();
    this.#over = new kind(this.#app, this);
    this.#over.show(key);
  }

  #closed() {
    if (!this.#over) return;
    const {shownMs, model, placeInDay} = this.#over;
    this.#over.stop();
    this.#over = null;
    if (model === this.day.model && placeInDay >= 0) return this.#grid.focus(placeInDay);
    if (shownMs !== null) this.#grid.goTo(shownMs + 1, this.day.model);
    document.getElementById("main")?.focus({preventScroll: true});
  }

  /** Of the photo view: another photo, which is no step to go back to. */
  turnTo(key) {
    history.replaceState(history.state, "", galleryFragment({...this.#here, key}));
    this.#take({...this.at, startMs: this.#startMs, key});
  }

  /** Of what lies over the gallery. */
  close() {
    if (this.#isStepBack) return history.back();
    history.replaceState(history.state, "", galleryFragment(this.#here));
    this.#take({...this.at, startMs: this.#startMs, key: null, isPlaying: false});
  }

  removeOne(item) {
    this.#deletions.ask([item]);
  }

  #goOver(what) {
    this.#isStepBack = true;
    this.#app.go(galleryFragment({...this.#here, ...what}));
  }

  #goTo(startMs, deviceId = this.at.deviceId) {
    this.#app.go(galleryFragment({startMs, deviceId}));
  }

  // What comes.

  #dayChanged() {
    const {model} = this.day;
    const isNearestOpen = this.#nearest === undefined || (this.at.startMs === null && this.#app.now() - this.#nearestAskedAtMs >= AGAIN_MS);
    if (model.isKnown && !model.count && isNearestOpen) this.#lookForNearest();
    // The first camera is paired elsewhere, perhaps; or they could not be asked for before.
    if (!this.cameras.list?.length) this.cameras.lookAgain();
    this.changed();
  }

  /** The latest photo of all where the owner has not asked for a day; else the latest before the day. */
  async #lookForNearest() {
    const before = this.#nearest;
    this.#nearest ??= null;
    this.#nearestAskedAtMs = this.#app.now();
    const {day} = this;
    const isKnown = await this.#tried(async () => {
      const range = this.at.startMs === null ? {} : {to: new Date(this.#startMs).toISOString()};
      const query = {device_id: this.at.deviceId ?? undefined, limit: 1, ...range};
      const {items} = await this.#app.api.get("/items", query, {signal: this.#asking.signal});
      if (day !== this.day || !items.length) return;
      this.#nearest = startOfDay(Date.parse(items[0].captured_at));
      if (this.at.startMs !== null) return;
      location.replace(galleryFragment({startMs: this.#nearest, deviceId: this.at.deviceId}));
    });
    // Whoever looks at the day next asks again.
    if (!isKnown && day === this.day) this.#nearest = before;
    this.changed();
  }

  #came(more) {
    const seenMs = this.#grid.inSightMs;
    if (this.#grid.isAtTop || seenMs === null) return;
    this.#more += more.filter(({atMs}) => atMs + HOUR_MS > seenMs).reduce((sum, each) => sum + each.more, 0);
  }

  #download() {
    const {items} = this.choosing;
    this.choosing.end();
    saveAll(this.#app, items, (id) => this.cameras.nameOf(id));
  }

  #toTop = () => {
    this.#more = 0;
    scrollTo({top: 0, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth"});
  };

  #pressed = (event) => {
    if (event.target.closest?.("input, select, textarea")) return;
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.#deletions.undo();
    else if (event.key === "Escape" && this.choosing.isOn && !this.isModal) this.choosing.end();
    else return;
    event.preventDefault();
  };

  /** @returns {Promise<boolean>} whether it went well; what did not is said, where the app's frame does not say it */
  async #tried(deed) {
    try {
      await deed();
      return true;
    } catch (error) {
      const isSaid = error instanceof Unreachable || error instanceof SignedOut || error.name === "AbortError";
      if (!isSaid) this.#app.toast(troubleWords(error));
      return false;
    }
  }

  // What it looks like.

  #head() {
    const {model} = this.day;
    if (this.day.isUnknown) return nothing;
    return html`
      <div class="day-head">
        ${this.choosing.isOn ? this.#choosingBar() : this.#dayBar(model)}
        ${this.#strip.template(model, this.#grid.inSightMs)}
      </div>
    `;
  }

  #dayBar(model) {
    return dayBar({
      startMs: this.#startMs,
      todayMs: startOfDay(this.#app.now()),
      count: model.isKnown ? model.count : null,
      trouble: this.day.trouble,
      devices: this.cameras.list ?? [],
      deviceId: this.at.deviceId,
      goTo: (startMs, deviceId) => this.#goTo(startMs, deviceId),
      play: () => this.#play(),
      mark: this.choosing.begin,
    });
  }

  #choosingBar() {
    return choosingBar({count: this.choosing.count, none: this.choosing.end, download: () => this.#download(), remove: () => this.remove(-1)});
  }

  #content() {
    const {model, trouble, isUnknown} = this.day;
    if (isUnknown) return noSuchCamera();
    if (model.count) return this.#grid.template();
    if (!model.isKnown) return trouble ? troublePanel(trouble, () => this.day.soon()) : skeletons();
    if (this.#nearest === undefined || (this.#nearest === null && this.cameras.list === null)) return skeletons();
    return html`${this.#none()}${model.gaps.length ? this.#grid.template() : nothing}`;
  }

  #none() {
    const isSoon = this.at.startMs === null || this.#startMs >= startOfDay(this.#app.now());
    return nothingPanel({hasCamera: this.cameras.list?.length !== 0 || this.#nearest !== null, nearestMs: this.#nearest, isSoon, goTo: (ms) => this.#goTo(ms)});
  }

  /** Of one camera: that of the photo in sight. */
  #play() {
    const inSight = this.day.model.itemAt(Math.max(0, this.day.model.indexBefore((this.#grid.inSightMs ?? this.#startMs) + 1)));
    const deviceId = this.at.deviceId ?? (this.cameras.areSeveral ? (inSight?.device_id ?? null) : null);
    this.#goOver({deviceId, isPlaying: true});
  }
}
