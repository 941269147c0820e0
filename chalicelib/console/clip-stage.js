// A clip that the browser plays from S3 itself: it asks for the parts that it needs.

import {keyOf} from "./gallery-model.js";
import {html, keyed, nothing, ref} from "./lit.js";
import {PhotoMissing} from "./places.js";

/** The bytes are there, and this browser makes no video of them. */
export class CannotPlay extends Error {}

export class ClipStage {
  #api;
  #changed;
  #element = null;
  /** Of the clip that is shown. */
  #clip = null;
  #asking = new AbortController();

  constructor(api, changed) {
    this.#api = api;
    this.#changed = changed;
  }

  stop() {
    this.#asking.abort();
  }

  /** @param {Record<string, string>} urls of the page of items it is from @returns {{url: string | null, trouble: Error | null}} */
  get(item, urls) {
    const key = keyOf(item);
    if (this.#clip?.key !== key) {
      this.#clip = {key, url: urls[item.photo.object_key] ?? item.photo.url ?? null, trouble: null, isFresh: false};
      if (!this.#clip.url) this.#renew(this.#clip);
    }
    return this.#clip;
  }

  forget() {
    this.#clip = null;
  }

  /** @param {string | null} poster of the thumbnail */
  template({key, url}, poster, words) {
    if (!url) return nothing;
    const clip = this.#clip;
    return keyed(key, html`<video class="clip" controls playsinline preload="metadata" src=${url} poster=${poster ?? nothing} aria-label=${words}
      ${ref(this.#kept)} @loadeddata=${() => this.#came(clip)} @error=${() => this.#renew(clip)}></video>`);
  }

  /** With the keyboard. */
  toggle() {
    if (this.#element?.paused) this.#element.play().catch(() => {});  // what stops it is told by its event
    else this.#element?.pause();
  }

  #kept = (element) => {
    this.#element = element ?? null;
  };

  /** An hour later its URL is too old again. */
  #came(clip) {
    clip.isFresh = false;
  }

  /** A video says no more than that it failed: its URL may be too old, and one of its own is tried once. */
  async #renew(clip) {
    if (!clip || clip.trouble) return;
    const {signal} = this.#asking;
    try {
      const {photo} = await this.#api.get(`/items/${clip.key}`, {}, {signal});
      if (!photo) throw new PhotoMissing(404);
      const status = clip.isFresh ? await this.#status(photo.url, signal) : null;
      if (status !== null) throw status < 300 ? new CannotPlay() : new PhotoMissing(status);
      if (clip.url === photo.url) this.#element?.load();
      clip.url = photo.url;
      clip.isFresh = true;
    } catch (error) {
      if (error.name === "AbortError") return;
      clip.trouble = error;
    }
    this.#changed();
  }

  async #status(url, signal) {
    try {
      const answer = await fetch(url, {headers: {Range: "bytes=0-0"}, signal});
      return answer.status;
    } catch (error) {
      throw error.name === "AbortError" ? error : new PhotoMissing(null, {cause: error});
    }
  }
}
