// What state a camera is in, and why. Pure: everything comes in as arguments.

import {DAY_MS, HOUR_MS, MINUTE_MS} from "./times.js";

const ONLINE_MS = 5 * MINUTE_MS;
const SESSION_MS = HOUR_MS;
const LEAST_RHYTHM_MS = 2 * HOUR_MS;
/** For a camera of which nobody knows yet how often it finds a network. */
const UNKNOWN_RHYTHM_MS = 3 * DAY_MS;
const LEAST_SILENCES = 3;
/** Two words on the queue that are closer tell no rate. */
const LEAST_APART_MS = 10_000;

/**
 * @param {object} device of GET /devices
 * @param {number[]} contactsMs when it was heard of, in any order
 * @returns {{kind: "revoked"|"unpaired"|"paused"|"online"|"asleep"|"overdue", sinceMs: number|null, untilMs: number|null, usualMs: number|null}}
 *   `untilMs`: when a pause ends, or when a sleeping camera is overdue; `usualMs`: the silence that is normal for it
 */
export function cameraState(device, contactsMs, nowMs) {
  if (device.revoked_at) return {kind: "revoked", sinceMs: Date.parse(device.revoked_at), untilMs: null, usualMs: null};
  if (!device.activated_at) return {kind: "unpaired", sinceMs: null, untilMs: null, usualMs: null};
  const seenMs = Date.parse(device.last_seen_at ?? device.activated_at);
  const usualMs = usualSilenceMs(contactsMs);
  const pausedUntilMs = device.settings.paused_until ? Date.parse(device.settings.paused_until) : null;
  if (device.settings.paused || pausedUntilMs > nowMs) {
    return {kind: "paused", sinceMs: seenMs, untilMs: device.settings.paused ? null : pausedUntilMs, usualMs};
  }
  if (nowMs - seenMs < ONLINE_MS) return {kind: "online", sinceMs: seenMs, untilMs: null, usualMs};
  const dueMs = seenMs + patienceMs(contactsMs);
  return {kind: nowMs > dueMs ? "overdue" : "asleep", sinceMs: seenMs, untilMs: dueMs, usualMs};
}

/** How long a silence may be before it is worth a word. */
export function patienceMs(contactsMs) {
  const usualMs = usualSilenceMs(contactsMs);
  if (usualMs !== null) return Math.max(LEAST_RHYTHM_MS, 2 * usualMs);
  return contactsMs.length > 24 ? LEAST_RHYTHM_MS : UNKNOWN_RHYTHM_MS;
}

/** Between two visits to a network, nine of ten were no longer; null where too few are known. */
export function usualSilenceMs(contactsMs) {
  const sorted = [...contactsMs].sort((one, other) => one - other);
  const silences = sorted.slice(1).map((at, index) => at - sorted[index]).filter((each) => each > SESSION_MS);
  if (silences.length < LEAST_SILENCES) return null;
  silences.sort((one, other) => one - other);
  return silences[Math.ceil(silences.length * 0.9) - 1];
}

/** ms until the card is empty, by how its queue went down in the latest hour; null where that cannot be said. */
export function timeToDrainMs(samples) {
  const known = samples
    .filter((each) => each.queue_depth !== undefined)
    .map((each) => ({atMs: Date.parse(each.reported_at), depth: each.queue_depth}))
    .sort((one, other) => one.atMs - other.atMs);
  const last = known.at(-1);
  if (!last?.depth) return null;
  const before = known.findLast(
    ({depth, atMs}) => depth > last.depth && last.atMs - atMs >= LEAST_APART_MS && last.atMs - atMs <= SESSION_MS,
  );
  return before ? (last.depth * (last.atMs - before.atMs)) / (before.depth - last.depth) : null;
}
