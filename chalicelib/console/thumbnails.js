// Thumbnails as object URLs, cut from their files: a pack's file is fetched once, as a whole.

const MOST_AT_ONCE = 6;
const MOST_BYTES = 48_000_000;
/** So long a file may take; then it is asked for anew. */
const MOST_WAIT_MS = 60_000;
/** After a failure, and twice as long after each further one. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Of a frame, for making object URLs: the browser's main process is asked for each. */
const MOST_MS = 8;

/**
 * @typedef {{place: {object_key: string, offset?: number, length?: number}, url: string, renewed: () => Promise<string | undefined>}} Wanted
 *   `renewed` is called when S3 refuses the URL, for it may be too old, and gives another; where it throws, that comes later
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
    this.#wanted = [];
    for (const [name, file] of this.#files) {
      file.asking?.abort();
      clearTimeout(file.timer);
      this.#drop(name, file);
    }
  }

  #touch(name, url) {
    const file = this.#files.get(name) ?? {state: "waiting", url, blob: null, urls: new Map(), asking: null, timer: 0, failures: 0, isRefused: false};
    if (file.state === "refused" && file.url !== url) file.state = "waiting";
    if (file.state === "waiting") file.url = url;
    this.#files.delete(name);
    this.#files.set(name, file);
  }

  /** What nobody wants any more gives its place up only to what somebody waits for: it may be nearly here. */
  #next(needed) {
    const asking = [...this.#files.entries()].filter(([, file]) => file.state === "asking");
    const waiting = [...needed.keys()].filter((name) => this.#files.get(name).state === "waiting");
    const idle = asking.filter(([name]) => !needed.has(name));
    let free = MOST_AT_ONCE - asking.length;
    for (; free < waiting.length && idle.length; free++) idle.pop()[1].asking.abort();
    for (const name of waiting.slice(0, Math.max(0, free))) this.#ask(name, this.#files.get(name), needed.get(name).renewed);
  }

  async #ask(name, file, renewed) {
    file.state = "asking";
    const asking = (file.asking = new AbortController());
    const timer = setTimeout(() => asking.abort(new DOMException("It takes too long.", "TimeoutError")), MOST_WAIT_MS);
    try {
      const answer = await this.#fetch(file.url, {signal: asking.signal});
      if (answer.ok) this.#keep(file, await answer.blob());
      else file.state = stateAfter(answer.status, file);
    } catch (error) {
      file.state = error.name === "AbortError" ? "waiting" : "failed";
    }
    clearTimeout(timer);
    file.asking = null;
    if (this.#files.get(name) !== file) return;
    if (file.state === "failed") this.#pause(file);
    if (file.state === "refused") this.#renew(name, file, renewed);
    if (file.state === "waiting") this.#files.delete(name);
    this.#changed();
    this.want(this.#wanted);
  }

  /** The other URL is the same one where both were signed in one second: then S3 is asked once more all the same. */
  async #renew(name, file, renewed) {
    const url = await renewed().catch(() => undefined);
    if (!url || file.state !== "refused") return;
    for (const each of this.#wanted) if (each.place.object_key === name) each.url = url;
    file.state = "waiting";
    this.want(this.#wanted);
  }

  /** Most of what S3 and a network refuse they give a moment later. */
  #pause(file) {
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** file.failures++);
    file.timer = setTimeout(() => {
      file.state = "waiting";
      this.want(this.#wanted);
    }, pauseMs);
  }

  #keep(file, blob) {
    file.state = "here";
    file.isRefused = false;
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

/** A URL may be too old; where a fresh one is refused too, that is how S3 says 404 to one who may not list. */
function stateAfter(status, file) {
  if (status === 404 || (status === 403 && file.isRefused)) return "missing";
  if (status !== 403) return "failed";
  file.isRefused = true;
  return "refused";
}

function cut(blob, {offset, length}) {
  return offset === undefined ? blob.slice(0, blob.size, "image/jpeg") : blob.slice(offset, offset + length, "image/jpeg");
}
