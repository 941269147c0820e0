// One day of one camera or of all: what the API has of it, kept up to date while somebody looks.

import {BUCKET_S, DayModel} from "./gallery-model.js";
import {HourLoader} from "./hour-loader.js";
import {isUnknown} from "./no-such-camera.js";
import {Poll} from "./poll.js";
import {TimelineParts} from "./timeline-parts.js";
import {MINUTE_MS} from "./times.js";

const LOOK_MS = 4000;
/** Nothing new for so long: then looks are rarer. */
const QUIET_AFTER_MS = 2 * MINUTE_MS;
/** Also where there is so much that each look costs several requests. */
const QUIET_LOOK_MS = 30_000;
const FIRST_PAGE = 40;
const PAGE = 200;
/** Their URLs are asked for again before S3 refuses them. */
const EARLY_MS = MINUTE_MS;

export class GalleryDay {
  #app;
  #query;
  #timeline;
  #deletions;
  #changed;
  #onMore;
  #poll;
  #loader;
  #latestNewsMs;
  #latestLookMs = -Infinity;
  #first = new AbortController();
  /** There is no such camera; nothing more is asked. */
  isUnknown = false;
  #hidden = () => {
    this.model.hiddenChanged();
    this.#changed();
  };

  /**
   * @param {{startMs: number, endMs: number, deviceId: string | null}} what
   * @param {() => void} changed called after each change of `model`, and when there is trouble
   * @param {(more: {atMs: number, more: number}[]) => void} onMore called when photos came
   */
  constructor(app, {startMs, endMs, deviceId}, deletions, changed, onMore) {
    this.#app = app;
    this.#query = {device_id: deviceId ?? undefined, from: instant(startMs), to: instant(endMs)};
    this.#timeline = new TimelineParts(app.api, {device_id: deviceId ?? undefined, bucket_s: BUCKET_S}, startMs, endMs);
    this.#deletions = deletions;
    this.#changed = changed;
    this.#onMore = onMore;
    this.#latestNewsMs = app.now();
    this.model = new DayModel(startMs, endMs, (key) => deletions.isHidden(key));
    this.#poll = new Poll((signal) => this.#look(signal), LOOK_MS, changed);
    this.#loader = new HourLoader((hour, signal) => this.#load(hour, signal));
  }

  get trouble() {
    return this.#poll.trouble;
  }

  /** @param {boolean} isNewestFirst whether the newest photos are what is looked at */
  start(isNewestFirst = true) {
    this.#deletions.listeners.add(this.#hidden);
    // Pictures first: the timeline of a full day takes the API as long as they do.
    const newest = isNewestFirst ? this.#lookAtNewest() : Promise.resolve();
    newest.then(() => this.#first.signal.aborted || this.#poll.start());
  }

  stop() {
    this.#deletions.listeners.delete(this.#hidden);
    this.#first.abort();
    this.#poll.stop();
    this.#loader.stop();
  }

  /** Look at the timeline now. */
  soon() {
    this.#latestLookMs = -Infinity;
    this.#poll.soon();
  }

  /** @param {Map<Hour, number>} needs hours in sight, most wanted first, and how many of the newest of each are */
  want(needs) {
    const now = this.#app.now();
    for (const hour of needs.keys()) if (hour.urlsExpireAtMs - EARLY_MS < now) hour.isStale = true;
    const poor = [...needs].filter(([hour, count]) => hour.isStale || hour.items.length < Math.min(count, hour.count)).map(([hour]) => hour);
    this.#loader.want([...new Set([...poor, ...this.model.hours.filter((each) => each.isStale)])]);
  }

  /** S3 has refused that URL of one of its objects: gives another; undefined where there is none. Throws as the API does. */
  async renewed(hour, objectKey, url) {
    if (hour.urls[objectKey] === url) hour.isStale = true;
    await this.#loader.loaded(hour);
    return hour.urls[objectKey];
  }

  /** For Thumbnails, of one of its hours. */
  wanted(hour, place) {
    const url = hour.urls[place.object_key];
    return {place, url, renewed: () => this.renewed(hour, place.object_key, url)};
  }

  /** Fulfilled when its photos are known. Throws as the API does. */
  loaded(hour) {
    return this.#loader.loaded(hour);
  }

  /** The item at that place in the day; null behind the last. Throws as the API does. */
  async itemAt(at) {
    const place = this.model.placeOf(at);
    if (!place) return null;
    if (!this.model.itemAt(at)) await this.#loader.loaded(place.hour);
    return this.model.itemAt(at);
  }

  async #look(signal) {
    const now = this.#app.now();
    const isQuiet = this.#timeline.isHalved || now - this.#latestNewsMs > QUIET_AFTER_MS;
    if (isQuiet && now - this.#latestLookMs < QUIET_LOOK_MS) return;
    if (this.isUnknown) return;
    const told = await this.#told(signal);
    this.#latestLookMs = now;
    const more = this.model.takeTimeline(told);
    if (more === null) return;
    this.#latestNewsMs = now;
    if (more.length) this.#onMore(more);
    this.#changed();
  }

  /** Of all cameras there is always a timeline. */
  async #told(signal) {
    try {
      return await this.#timeline.get(signal);
    } catch (error) {
      this.isUnknown = this.#query.device_id !== undefined && isUnknown(error) && error.code !== "too_many_photos";
      throw error;
    }
  }

  /** Before the first look at the timeline, so that the first photos need not wait for it. */
  async #lookAtNewest() {
    try {
      const page = await this.#app.api.get("/items", {...this.#query, limit: FIRST_PAGE}, {signal: this.#first.signal});
      this.model.takeNewest(page);
      this.#changed();
    } catch {
      // The hours' own loading says what is wrong.
    }
  }

  async #load(hour, signal) {
    const query = {...this.#query, from: instant(hour.startMs), to: instant(hour.endMs), limit: PAGE};
    const items = [];
    const urls = {};
    let expireAtMs = Infinity;
    for await (const page of this.#app.api.pages("/items", query, {signal})) {
      items.push(...page.items);
      Object.assign(urls, page.urls);
      expireAtMs = Math.min(expireAtMs, Date.parse(page.urls_expire_at));
      if (page.cursor && !hour.isLoaded) this.#take(hour, [...items], {...urls}, expireAtMs, false);
    }
    this.#take(hour, items, urls, expireAtMs, true);
  }

  #take(hour, items, urls, expireAtMs, isWhole) {
    this.model.takeItems(hour, items, urls, expireAtMs, {isWhole});
    this.#changed();
  }
}

const instant = (ms) => new Date(ms).toISOString();
