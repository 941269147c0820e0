// A day of photos, newest first: how many there are is known from the timeline before any of them is. Pure.

import {HOUR_MS, MINUTE_MS} from "./times.js";

export const BUCKET_S = 900;
/** Gaps of one camera that lie so close and have the same reason are one to the eye. */
const JOIN_MS = 2 * MINUTE_MS;
/** A shorter one is worth no line of its own, unless photos are missing in it. */
const SHORTEST_MS = 2 * MINUTE_MS;
/** The owner knows of these: a line of their own only where they are long. */
const OWN_DOING = new Set(["deleted", "forgotten", "skipped"]);
const SHORTEST_OWN_DOING_MS = 10 * MINUTE_MS;

export const keyOf = ({device_id, seq}) => `${device_id}/${seq}`;

/** An hour of the day, counted from the day's first instant. */
export class Hour {
  /** By the timeline: photos and rejected ones of each bucket; null before it was asked. */
  #buckets = null;
  #deleted = 0;
  #items = null;
  #shown = null;

  /** All its items are here: else the newest of them, or none. */
  isLoaded = false;
  /** Its items are of before the latest change, or their URLs are no good any more. */
  isStale = false;
  /** Of S3 objects, as a page of items has them. */
  urls = {};
  urlsExpireAtMs = Infinity;

  constructor(startMs, endMs, isHidden) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.isHidden = isHidden;
  }

  get told() {
    return sum([...(this.#buckets?.values() ?? [])]);
  }

  /** What is to be seen of it, newest first. */
  get items() {
    this.#shown ??= this.#items?.filter((each) => !this.isHidden(keyOf(each))) ?? [];
    return this.#shown;
  }

  get count() {
    return this.isLoaded ? this.items.length : Math.max(this.told, this.items.length);
  }

  /** @param {Map<number, {photos: number, rejected: number, deleted: number}>} buckets by their first instant, in ms
   *  @returns {number | null} how many more there are than before; null where nothing has changed */
  takeBuckets(buckets) {
    const counts = new Map([...buckets].map(([at, each]) => [at, each.photos + each.rejected]));
    const deleted = sum([...buckets.values()].map((each) => each.deleted));
    const known = this.#buckets;
    const before = this.told;
    if (known && deleted === this.#deleted && counts.size === known.size && [...counts].every(([at, count]) => known.get(at) === count)) {
      return null;
    }
    this.#buckets = counts;
    this.#deleted = deleted;
    const isOther = known !== null || (this.isLoaded && this.told !== this.#items.length);
    if (this.#items && isOther) this.isStale = true;
    return this.told - before;
  }

  takeItems(items, urls, urlsExpireAtMs, {isWhole}) {
    this.#items = items.toSorted(newestFirst);
    this.#shown = null;
    this.isLoaded = isWhole;
    this.isStale = false;
    this.urls = urls;
    this.urlsExpireAtMs = urlsExpireAtMs;
  }

  hiddenChanged() {
    this.#shown = null;
  }

  /** How many of its photos were taken at `ms` or later: exactly where they are loaded, else by whole buckets. */
  countSince(ms) {
    const items = this.items;
    if (this.isLoaded || (items.length && Date.parse(items.at(-1).captured_at) < ms)) {
      return items.filter((each) => Date.parse(each.captured_at) >= ms).length;
    }
    return Math.min(this.count, sum([...(this.#buckets ?? [])].map(([at, count]) => (at >= ms ? count : 0))));
  }

  bucketCount(ms) {
    return this.#buckets?.get(ms) ?? 0;
  }
}

const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);

function newestFirst(one, other) {
  return (
    Date.parse(other.captured_at) - Date.parse(one.captured_at) ||
    (one.device_id < other.device_id ? 1 : one.device_id > other.device_id ? -1 : other.seq - one.seq)
  );
}

export class DayModel {
  /** Goes up with each change of what is to be seen. */
  version = 0;
  gaps = [];
  isKnown = false;

  /** @param {(key: string) => boolean} isHidden whether a photo is about to be deleted, or has been */
  constructor(startMs, endMs, isHidden = () => false) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.hours = hourStarts(startMs, endMs)
      .map((at) => new Hour(at, Math.min(at + HOUR_MS, endMs), isHidden))
      .reverse();
  }

  get count() {
    return sum(this.hours.map((each) => each.count));
  }

  hourAt(ms) {
    return this.hours.find((each) => ms >= each.startMs && ms < each.endMs) ?? null;
  }

  /** @param {object} told of GET /timeline, asked for the day in buckets of BUCKET_S
   *  @returns {{atMs: number, more: number}[] | null} hours with more photos than before; null where nothing has changed */
  takeTimeline(told) {
    const more = [];
    let isSame = this.isKnown && JSON.stringify(told.gaps) === this.gapsAsTold;
    for (const hour of this.hours) {
      const buckets = new Map(told.buckets.map((each) => [Date.parse(each.from), {photos: 0, rejected: 0, deleted: 0, ...each}])
        .filter(([at]) => at >= hour.startMs && at < hour.endMs));
      const change = hour.takeBuckets(buckets);
      if (change === null) continue;
      isSame = false;
      if (change > 0 && this.isKnown) more.push({atMs: hour.startMs, more: change});
    }
    if (isSame) return null;
    this.gapsAsTold = JSON.stringify(told.gaps);
    this.gaps = gapsToShow(told.gaps);
    this.isKnown = true;
    this.version++;
    return more;
  }

  /** What is known of an hour; of a part of it, its newest. */
  takeItems(hour, items, urls, urlsExpireAtMs, {isWhole = true} = {}) {
    hour.takeItems(items, urls, urlsExpireAtMs, {isWhole});
    this.version++;
  }

  /** The day's newest, from a page without a cursor. */
  takeNewest({items, urls, urls_expire_at, cursor}) {
    const hours = this.hours.map((hour) => ({hour, own: items.filter((each) => isWithin(hour, each))})).filter(({own}) => own.length);
    hours.forEach(({hour, own}, at) => {
      const isWhole = at < hours.length - 1 || cursor === null;
      if (!hour.isLoaded) this.takeItems(hour, own, urls, Date.parse(urls_expire_at), {isWhole});
    });
  }

  hiddenChanged() {
    for (const hour of this.hours) hour.hiddenChanged();
    this.version++;
  }

  /** The hour of the photo at that place in the day, and its place in the hour; null beyond either end. */
  placeOf(at) {
    let left = at;
    for (const hour of at < 0 ? [] : this.hours) {
      if (left < hour.count) return {hour, at: left};
      left -= hour.count;
    }
    return null;
  }

  /** The item at that place in the day; null where it is not loaded. */
  itemAt(at) {
    const place = this.placeOf(at);
    return place?.hour.items[place.at] ?? null;
  }

  /** Where in the day the photo is; -1 where that is not known. */
  indexOf(key) {
    let before = 0;
    for (const hour of this.hours) {
      const at = hour.items.findIndex((each) => keyOf(each) === key);
      if (at >= 0) return before + at;
      before += hour.count;
    }
    return -1;
  }

  /** Of the first photo that was taken before `ms`: where one who looks for that time looks first. */
  indexBefore(ms) {
    let before = 0;
    for (const hour of this.hours) {
      if (hour.startMs < ms) return before + hour.countSince(ms);
      before += hour.count;
    }
    return before;
  }

  bucketCount(ms) {
    return this.hourAt(ms)?.bucketCount(ms) ?? 0;
  }
}

function isWithin({startMs, endMs}, {captured_at}) {
  const ms = Date.parse(captured_at);
  return ms >= startMs && ms < endMs;
}

function hourStarts(startMs, endMs) {
  return Array.from({length: Math.ceil((endMs - startMs) / HOUR_MS)}, (_, at) => startMs + at * HOUR_MS);
}

/** Those that are worth a line, newest first; times in ms. */
export function gapsToShow(gaps) {
  const joined = [];
  const latest = new Map();
  const known = gaps.map((each) => ({...each, fromMs: Date.parse(each.from), toMs: Date.parse(each.to)}));
  for (const gap of known.sort((one, other) => one.fromMs - other.fromMs)) {
    const before = latest.get(`${gap.device_id}/${gap.reason}`);
    if (before && gap.fromMs <= before.toMs + JOIN_MS) {
      before.toMs = Math.max(before.toMs, gap.toMs);
      before.count = gap.count === null && before.count === null ? null : (before.count ?? 0) + (gap.count ?? 0);
      continue;
    }
    latest.set(`${gap.device_id}/${gap.reason}`, gap);
    joined.push(gap);
  }
  return joined.filter(isWorthALine).sort((one, other) => other.toMs - one.toMs || other.fromMs - one.fromMs);
}

function isWorthALine({reason, count, fromMs, toMs}) {
  const lengthMs = toMs - fromMs;
  if (OWN_DOING.has(reason)) return lengthMs >= SHORTEST_OWN_DOING_MS;
  return count !== null || lengthMs >= SHORTEST_MS;
}
