// What the fragment says of the gallery: #/photos/<day>/<camera or "all">, then the photo that is open, or "play". Pure.

import {dateInputValue, fromDateInput} from "./times.js";

const ALL = "all";
const PLAY = "play";
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** @param {string[]} parts of the fragment, behind its first
 *  @returns {{startMs: number | null, deviceId: string | null, key: string | null, isPlaying: boolean}} */
export function placesOf([day = "", camera = ALL, ...rest]) {
  const isOne = rest.length >= 2 && /^\d+$/.test(rest[1]);
  return {
    startMs: DAY.test(day) ? fromDateInput(day) : null,
    deviceId: camera === ALL || !camera ? null : camera,
    key: isOne ? `${rest[0]}/${rest[1]}` : null,
    isPlaying: rest[0] === PLAY,
  };
}

export function galleryFragment({startMs, deviceId = null, key = null, isPlaying = false}) {
  const parts = ["#", "photos", dateInputValue(startMs), deviceId ?? ALL];
  if (key) parts.push(key);
  if (isPlaying) parts.push(PLAY);
  return parts.join("/");
}
