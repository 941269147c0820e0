// What state a camera is in, and why. Pure: everything comes in as arguments.

import {DAY_MS, HOUR_MS, MINUTE_MS} from "./times.js";

const ONLINE_MS = 5 * MINUTE_MS;
const SESSION_MS = HOUR_MS;
const LEAST_RHYTHM_MS = 2 * HOUR_MS;
/** For a camera of which nobody knows yet how often it finds a network. */
const UNKNOWN_RHYTHM_MS = 3 * DAY_MS;

/**
 * @param {object} device of GET /devices
 * @param {number[]} contactsMs when it was heard of, in any order
 * @returns {{kind: "revoked"|"unpaired"|"paused"|"online"|"asleep"|"overdue", sinceMs: number|null, untilMs: number|null}}
 *   `untilMs`: when a pause ends, or when a sleeping camera is overdue
 */
export function cameraState(device, contactsMs, nowMs) {
  if (device.revoked_at) return {kind: "revoked", sinceMs: Date.parse(device.revoked_at), untilMs: null};
  if (!device.activated_at) return {kind: "unpaired", sinceMs: null, untilMs: null};
  const seenMs = Date.parse(device.last_seen_at ?? device.activated_at);
  const pausedUntilMs = device.settings.paused_until ? Date.parse(device.settings.paused_until) : null;
  if (device.settings.paused || pausedUntilMs > nowMs) {
    return {kind: "paused", sinceMs: seenMs, untilMs: device.settings.paused ? null : pausedUntilMs};
  }
  if (nowMs - seenMs < ONLINE_MS) return {kind: "online", sinceMs: seenMs, untilMs: null};
  const dueMs = seenMs + patienceMs(contactsMs);
  return {kind: nowMs > dueMs ? "overdue" : "asleep", sinceMs: seenMs, untilMs: dueMs};
}

/** Twice the longest silence that was normal for it: nine of ten were no longer. */
export function patienceMs(contactsMs) {
  const sorted = [...contactsMs].sort((one, other) => one - other);
  const silences = sorted.slice(1).map((at, index) => at - sorted[index]).filter((each) => each > SESSION_MS);
  if (silences.length < 3) return sorted.length > 24 ? LEAST_RHYTHM_MS : UNKNOWN_RHYTHM_MS;
  silences.sort((one, other) => one - other);
  return Math.max(LEAST_RHYTHM_MS, 2 * silences[Math.ceil(silences.length * 0.9) - 1]);
}

/** ms until the card is empty, by how its queue went down lately; null where that cannot be said. */
export function timeToDrainMs(samples) {
  const known = samples.filter((each) => each.queue_depth !== undefined).sort((one, other) => Date.parse(one.reported_at) - Date.parse(other.reported_at));
  const last = known.at(-1);
  const before = known.findLast((each) => each.queue_depth > (last?.queue_depth ?? 0));
  if (!last?.queue_depth || !before) return null;
  const rate = (before.queue_depth - last.queue_depth) / (Date.parse(last.reported_at) - Date.parse(before.reported_at));
  return rate > 0 ? last.queue_depth / rate : null;
}
