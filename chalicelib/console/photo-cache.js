// Full photos as object URLs: the one that is looked at and its neighbours.

import {photoBlob} from "./downloads.js";
import {keyOf} from "./gallery-model.js";
import {PhotoMissing, placeBlob} from "./places.js";

export class PhotoCache {
  #api;
  #most;
  #changed;
  /** Those used last are last. */
  #kept = new Map();

  constructor(api, most, changed) {
    this.#api = api;
    this.#most = most;
    this.#changed = changed;
  }

  /** @param {object} item @param {Record<string, string>} urls of the page of items it is from
   *  @returns {{url: string | null, blob: Blob | null, trouble: Error | null}} as far as it is here */
  get(item, urls) {
    const key = keyOf(item);
    const photo = this.#kept.get(key) ?? this.#begun(item, urls);
    this.#kept.delete(key);
    this.#kept.set(key, photo);
    for (const [other, {asking, url}] of this.#kept) {
      if (this.#kept.size <= this.#most) break;
      asking.abort();
      if (url) URL.revokeObjectURL(url);
      this.#kept.delete(other);
    }
    return photo;
  }

  forget(item) {
    this.#kept.delete(keyOf(item));
  }

  stop() {
    for (const {asking, url} of this.#kept.values()) {
      asking.abort();
      if (url) URL.revokeObjectURL(url);
    }
    this.#kept.clear();
  }

  #begun(item, urls) {
    const photo = {url: null, blob: null, trouble: null, asking: new AbortController()};
    photo.ready = this.#fetch(photo, item, urls);
    return photo;
  }

  async #fetch(photo, item, urls) {
    const {signal} = photo.asking;
    try {
      const blob = await this.#blob(item, urls, signal);
      if (signal.aborted) return;
      photo.blob = blob;
      photo.url = URL.createObjectURL(blob);
    } catch (error) {
      if (error.name !== "AbortError") photo.trouble = error;
    }
    this.#changed();
  }

  /** By the page's URL; where S3 does not take it any more, by one of its own. */
  async #blob(item, urls, signal) {
    if (!urls[item.photo.object_key]) return photoBlob(this.#api, item, signal);
    try {
      return await placeBlob(item.photo, urls, signal);
    } catch (error) {
      if (!(error instanceof PhotoMissing)) throw error;
      return photoBlob(this.#api, item, signal);
    }
  }
}
