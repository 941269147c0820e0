// Photos as files of the owner's.

import {isClip} from "./clips.js";
import {placeBlob} from "./places.js";
import {photos} from "./words.js";

const LETTERS = /[^\p{L}\p{N}]+/gu;

/** "Barn 2026-05-04 14-03-20 #123.jpg", a clip with .mp4, in the owner's time. Pure. */
export function fileName(item, camera) {
  const at = new Date(item.captured_at);
  const two = (number) => String(number).padStart(2, "0");
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}`;
  return `${[camera.replace(LETTERS, " ").trim() || "Photo", date, time].join(" ")} #${item.seq}.${isClip(item) ? "mp4" : "jpg"}`;
}

export function saveAs(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has begun by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The photo's bytes, by URLs of its own. Throws as the API does, and PhotoMissing. */
export async function photoBlob(api, {device_id, seq}, signal) {
  const item = await api.get(`/items/${device_id}/${seq}`, {}, {signal});
  return placeBlob(item.photo, {[item.photo.object_key]: item.photo.url}, signal, item.content_type);
}

/**
 * One after the other, for a browser asks before it saves many at once. It goes on when their page is left, until nobody is
 * signed in any more.
 * @param {(deviceId: string) => string} cameraName
 */
export async function saveAll(app, items, cameraName) {
  let at = 0;
  let failed = 0;
  const away = app.toast(() => `Fetching ${at + 1} of ${items.length}`, {holdMs: Infinity});
  for (; at < items.length && app.session.isOpen; at++) {
    app.changed();
    try {
      saveAs(await photoBlob(app.api, items[at]), fileName(items[at], cameraName(items[at].device_id)));
    } catch {
      failed += 1;
    }
  }
  away();
  if (failed && app.session.isOpen) app.toast(`${photos(failed)} could not be fetched.`);
}
