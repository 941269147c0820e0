// What a page keeps of one camera while it looks at it: its latest photo, and what it has said of itself.

import {ApiError} from "./api.js";
import {cameraState, timeToDrainMs} from "./camera-state.js";
import {isClip} from "./clips.js";
import {placeBlob} from "./places.js";
import {DAY_MS, MINUTE_MS} from "./times.js";

const BACK_MS = 28 * DAY_MS;
/** At four an hour two days of a camera that is always online, and weeks of one that sleeps. */
const BACK_SAMPLES = 200;
const LOOK_BACK_EVERY_MS = 10 * MINUTE_MS;
/** After it was heard of, photos may still be on their way through processing. */
const LIVELY_MS = 5 * MINUTE_MS;
/** The newest may be one that was refused, and have no picture. */
const NEWEST = 5;

export class CameraWatch {
  #app;
  #place;
  #inTurn;
  #photoSeen = null;
  #lookedBackAt = -Infinity;
  #samples = new Map();

  device = null;
  /** The newest item that has a picture; null where there is none, undefined where nobody has looked yet. */
  item;
  /** Of that picture; good until `stop` or the next one. */
  photoUrl = null;
  /** @type {Error | null} of the latest look, where its page goes on without it */
  trouble = null;

  /**
   * @param {"thumbnail" | "photo"} place which picture of the newest item
   * @param {<T>(task: () => Promise<T>) => Promise<T>} inTurn each request is one task
   */
  constructor(app, place = "thumbnail", inTurn = (task) => task()) {
    this.#app = app;
    this.#place = place;
    this.#inTurn = inTurn;
  }

  /** Take in the device as it is now. Throws as the API does, but not where only its picture is missing. */
  async look(device, signal) {
    this.device = device;
    this.#remember(device.health);
    await Promise.all([this.#lookAtPhoto(signal), this.#lookBack(signal)]);
  }

  state() {
    return cameraState(this.device, this.samples.map((each) => Date.parse(each.reported_at)), this.#app.now());
  }

  drainMs() {
    return timeToDrainMs(this.samples);
  }

  get samples() {
    return [...this.#samples.values()];
  }

  stop() {
    this.#show(null);
  }

  #remember(health) {
    if (health) this.#samples.set(health.reported_at, health);
  }

  async #lookAtPhoto(signal) {
    const {device_id, last_seen_at, activated_at} = this.device;
    if (!activated_at && !this.device.revoked_at) {
      this.item = null;
      return;
    }
    const isLively = this.#app.now() - Date.parse(last_seen_at ?? activated_at) < LIVELY_MS;
    const isShown = this.item === null || (this.item && this.photoUrl);
    if (isShown && this.#photoSeen === last_seen_at && !isLively) return;
    const page = await this.#inTurn(() => this.#app.api.get("/items", {device_id, limit: NEWEST}, {signal}));
    this.#photoSeen = last_seen_at;
    const item = page.items.find((each) => this.#picture(each)) ?? null;
    if (item?.item_id !== this.item?.item_id || (item && !this.photoUrl)) await this.#fetch(item, page.urls, signal);
    this.item = item;
  }

  async #fetch(item, urls, signal) {
    if (!item) return this.#show(null);
    try {
      this.#show(URL.createObjectURL(await this.#inTurn(() => placeBlob(this.#picture(item), urls, signal))));
    } catch (error) {
      if (error.name === "AbortError") throw error;
      this.#show(null);
    }
  }

  /** Of a clip it is the poster. */
  #picture(item) {
    return isClip(item) ? item.thumbnail : item[this.#place];
  }

  #show(url) {
    if (this.photoUrl) URL.revokeObjectURL(this.photoUrl);
    this.photoUrl = url;
  }

  async #lookBack(signal) {
    const now = this.#app.now();
    if (now - this.#lookedBackAt < LOOK_BACK_EVERY_MS) return;
    try {
      const query = {from: new Date(now - BACK_MS).toISOString(), limit: BACK_SAMPLES};
      const {items} = await this.#inTurn(() => this.#app.api.get(`/devices/${this.device.device_id}/health`, query, {signal}));
      items.forEach((each) => this.#remember(each));
      this.#lookedBackAt = now;
    } catch (error) {
      // Without it a page is poorer by a few words, and no more.
      if (!(error instanceof ApiError)) throw error;
    }
  }
}
