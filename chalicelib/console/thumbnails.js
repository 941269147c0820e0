// Thumbnails as object URLs, cut from their files: a pack's file is fetched once, as a whole.

const MOST_AT_ONCE = 6;
const MOST_BYTES = 48_000_000;
/** Of a frame, for making object URLs: the browser's main process is asked for each. */
const MOST_MS = 8;

/**
 * @typedef {{place: {object_key: string, offset?: number, length?: number}, url: string, refused: () => void}} Wanted
 *   `refused` is called when S3 refuses the URL: it may be too old
 */
export class Thumbnails {
  #changed;
  #fetch;
  /** By object key; those used last are last. @type {Map<string, File>} */
  #files = new Map();
  /** @type {Wanted[]} */
  #wanted = [];
  #bytes = 0;
  #spentMs = 0;

  /** @param {() => void} changed called when there is more to be seen */
  constructor(changed, {fetch = globalThis.fetch.bind(globalThis)} = {}) {
    this.#changed = changed;
    this.#fetch = fetch;
  }

  /** What is in sight, most wanted first. @param {Wanted[]} wanted */
  want(wanted) {
    if (this.#spentMs > MOST_MS) this.#changed();
    this.#spentMs = 0;
    this.#wanted = wanted;
    const needed = new Map();
    for (const each of wanted) if (!needed.has(each.place.object_key)) needed.set(each.place.object_key, each);
    for (const [name, {url}] of needed) this.#touch(name, url);
    for (const [name, file] of this.#files) if (file.state === "waiting" && !needed.has(name)) this.#files.delete(name);
    this.#next(needed);
  }

  /** @param {string} key the photo's @returns {string | null} its object URL; null as long as it is not here, or
   *   where so many are made at once that the rest must wait for the next frame */
  urlOf(key, place) {
    const file = this.#files.get(place.object_key);
    if (!file?.blob) return null;
    if (!file.urls.has(key) && this.#spentMs <= MOST_MS) this.#make(file, key, place);
    return file.urls.get(key) ?? null;
  }

  #make(file, key, place) {
    const began = performance.now();
    file.urls.set(key, URL.createObjectURL(cut(file.blob, place)));
    this.#spentMs += performance.now() - began;
  }

  /** The JPEG itself; null as long as it is not here. */
  blobOf(place) {
    const file = this.#files.get(place.object_key);
    return file?.blob ? cut(file.blob, place) : null;
  }

  isMissing({object_key}) {
    return this.#files.get(object_key)?.state === "missing";
  }

  stop() {
    for (const [name, file] of this.#files) {
      file.asking?.abort();
      this.#drop(name, file);
    }
    this.#wanted = [];
  }

  #touch(name, url) {
    const file = this.#files.get(name) ?? {state: "waiting", url, blob: null, urls: new Map(), asking: null};
    if ((file.state === "refused" && file.url !== url) || (file.state === "failed" && this.#isOver(file))) file.state = "waiting";
    if (file.state === "waiting") file.url = url;
    this.#files.delete(name);
    this.#files.set(name, file);
  }

  #isOver(file) {
    return performance.now() > file.retryAt;
  }

  /** What nobody wants any more gives its place up only to what somebody waits for: it may be nearly here. */
  #next(needed) {
    const asking = [...this.#files.entries()].filter(([, file]) => file.state === "asking");
    const waiting = [...needed.keys()].filter((name) => this.#files.get(name).state === "waiting");
    const idle = asking.filter(([name]) => !needed.has(name));
    let free = MOST_AT_ONCE - asking.length;
    for (; free < waiting.length && idle.length; free++) idle.pop()[1].asking.abort();
    for (const name of waiting.slice(0, Math.max(0, free))) this.#ask(name, this.#files.get(name), needed.get(name).refused);
  }

  async #ask(name, file, refused) {
    file.state = "asking";
    file.asking = new AbortController();
    try {
      const answer = await this.#fetch(file.url, {signal: file.asking.signal});
      if (answer.ok) this.#keep(file, await answer.blob());
      else file.state = answer.status === 403 ? "refused" : "missing";
    } catch (error) {
      file.state = error.name === "AbortError" ? "waiting" : "failed";
      file.retryAt = performance.now() + 3000;
    }
    file.asking = null;
    if (this.#files.get(name) !== file) return;
    if (file.state === "refused") refused();
    if (file.state === "waiting") this.#files.delete(name);
    this.#changed();
    this.want(this.#wanted);
  }

  #keep(file, blob) {
    file.state = "here";
    file.blob = blob;
    this.#bytes += blob.size;
    const wanted = new Set(this.#wanted.map(({place}) => place.object_key));
    for (const [name, old] of this.#files) {
      if (this.#bytes <= MOST_BYTES) return;
      if (old.blob && old !== file && !wanted.has(name)) this.#drop(name, old);
    }
  }

  #drop(name, file) {
    this.#files.delete(name);
    this.#bytes -= file.blob?.size ?? 0;
    for (const url of file.urls.values()) URL.revokeObjectURL(url);
  }
}

function cut(blob, {offset, length}) {
  return offset === undefined ? blob.slice(0, blob.size, "image/jpeg") : blob.slice(offset, offset + length, "image/jpeg");
}
