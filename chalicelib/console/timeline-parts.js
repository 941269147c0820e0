// A timeline of a range in which there is more than the API tells at once: asked for in parts, put together again.

import {ApiError} from "./api.js";
import {HOUR_MS} from "./times.js";

const SHORTEST_MS = HOUR_MS;

export class TimelineParts {
  #api;
  #query;
  /** [from, to] in ms, in the order of time: halved where the API has refused, and kept so. */
  #parts;

  /** @param {object} query the rest of it, such as `bucket_s` and `device_id` */
  constructor(api, query, fromMs, toMs) {
    this.#api = api;
    this.#query = query;
    this.#parts = [[fromMs, toMs]];
  }

  get isHalved() {
    return this.#parts.length > 1;
  }

  /** As GET /timeline tells the whole range. Throws as the API does. */
  async get(signal) {
    const told = [];
    for (let at = 0; at < this.#parts.length; ) {
      const [fromMs, toMs] = this.#parts[at];
      try {
        told.push(await this.#api.get("/timeline", {...this.#query, from: instant(fromMs), to: instant(toMs)}, {signal}));
        at++;
      } catch (error) {
        const isTooMuch = error instanceof ApiError && error.code === "too_many_photos" && toMs - fromMs > SHORTEST_MS;
        if (!isTooMuch) throw error;
        // A whole hour: buckets are counted from the part's beginning.
        const middleMs = fromMs + Math.ceil((toMs - fromMs) / HOUR_MS / 2) * HOUR_MS;
        this.#parts.splice(at, 1, [fromMs, middleMs], [middleMs, toMs]);
      }
    }
    return together(told);
  }
}

/** What was told of ranges that follow on each other. Pure. */
export function together(told) {
  if (told.length === 1) return told[0];
  const gaps = [];
  for (const gap of told.flatMap((each) => each.gaps)) {
    const cut = gaps.find((each) => isCut(each, gap));
    if (cut) cut.to = gap.to;
    else gaps.push({...gap});
  }
  return {...told[0], buckets: told.flatMap((each) => each.buckets), gaps};
}

/** One gap, of which either part has told its own piece: the numbers and their count are those of the whole. */
function isCut(before, after) {
  return before.to === after.from && ["device_id", "reason", "first_seq", "last_seq"].every((each) => before[each] === after[each]);
}

const instant = (ms) => new Date(ms).toISOString();
