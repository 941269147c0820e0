// A gap of the day as words. Pure.

import {clock, duration} from "./times.js";
import {GAPS, photos} from "./words.js";

/** @param {string} camera its name; empty where it goes without saying */
export function gapWords({reason, count, fromMs, toMs}, camera = "") {
  const from = clock(fromMs);
  const to = clock(toMs);
  return {
    reason: GAPS[reason] ?? reason.replaceAll("_", " "),
    when: from === to ? from : `${from} – ${to}`,
    more: [camera, count ? photos(count) : duration(toMs - fromMs)].filter(Boolean).join(" · "),
  };
}

export function gapText(gap, camera = "") {
  const {reason, when, more} = gapWords(gap, camera);
  return `${reason} ${when} · ${more}`;
}
