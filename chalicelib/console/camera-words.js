// A camera's state and health as words. Pure.

import {DAY_MS, HOUR_MS, MINUTE_MS, clock, dayAndClock, duration, startOfDay} from "./times.js";
import {bytes, photos} from "./words.js";

/** "3 h": one unit, for what is not known better. */
export function roughly(ms) {
  const unit = [DAY_MS, HOUR_MS, MINUTE_MS].find((each) => ms >= 2 * each) ?? (ms >= MINUTE_MS ? MINUTE_MS : 1000);
  return duration(Math.max(1, Math.round(ms / unit)) * unit);
}

/** "14:03" today, else with the day. */
export function when(ms, nowMs) {
  return startOfDay(ms) === startOfDay(nowMs) ? clock(ms) : dayAndClock(ms);
}

/**
 * @param {ReturnType<typeof import("./camera-state.js").cameraState>} state
 * @returns {{chip: string, more: string, tone: "good" | "calm" | "warn" | "bad"}}
 */
export function stateWords({kind, sinceMs, untilMs, usualMs}, nowMs) {
  const silence = sinceMs === null ? "" : roughly(nowMs - sinceMs);
  switch (kind) {
    case "revoked":
      return {chip: "Revoked", more: `shut out since ${when(sinceMs, nowMs)}`, tone: "bad"};
    case "unpaired":
      return {chip: "Waiting to be paired", more: "it has not used its code yet", tone: "calm"};
    case "paused":
      return {
        chip: untilMs === null ? "Paused until you resume it" : `Paused until ${when(untilMs, nowMs)}`,
        more: `heard of ${silence} ago`,
        tone: "warn",
      };
    case "online":
      return {chip: "Online", more: `heard of ${silence} ago`, tone: "good"};
    case "asleep":
      return {chip: "Asleep", more: `no network for ${silence}${usualMs === null ? "" : `; usually it is at most ${roughly(usualMs)}`}`, tone: "calm"};
    default:
      return {
        chip: "Overdue",
        more: usualMs === null ? `not heard of for ${silence}` : `not heard of for ${silence}; usually it is every ${roughly(usualMs)}`,
        tone: "bad",
      };
  }
}

const SIGNAL = [
  [-55, "very good"],
  [-67, "good"],
  [-75, "fair"],
  [-Infinity, "weak"],
];

/**
 * What a camera said of itself last, most telling first.
 * @param {object} health of GET /devices; whatever is unknown is left out
 * @param {number | null} drainMs until its queue is empty
 * @returns {{name: string, icon: string, label: string, text: string, isPoor: boolean}[]}
 */
export function healthFacts(health, drainMs) {
  if (!health) return [];
  const {queue_depth: queue, battery_percent: battery, rssi_dbm: rssi, temperature_c: temperature} = health;
  const facts = [
    queue !== undefined && fact("queue", queue ? "queue" : "cloud", "On its card", queueWords(queue, drainMs)),
    battery !== undefined && fact("battery", "battery", "Battery", `${battery} %`, battery <= 15),
    rssi !== undefined && fact("signal", "signal", "Wi-Fi", `${SIGNAL.find(([least]) => rssi >= least)[1]}, ${rssi} dBm`, rssi < -75),
    health.sd_free_bytes !== undefined && fact("card", "card", "Card", cardWords(health), isCardFull(health)),
    temperature !== undefined && fact("temperature", "thermometer", "Temperature", `${Math.round(temperature)} °C`, temperature > 70),
    health.firmware_version !== undefined && fact("firmware", "chip", "Firmware", health.firmware_version),
  ];
  return facts.filter(Boolean);
}

const fact = (name, icon, label, text, isPoor = false) => ({name, icon, label, text, isPoor});

function queueWords(queue, drainMs) {
  if (!queue) return "all photos are in the cloud";
  return `${photos(queue)} to upload${drainMs ? `, about ${roughly(drainMs)}` : ""}`;
}

function cardWords({sd_free_bytes: free, sd_total_bytes: total}) {
  return total ? `${bytes(free)} of ${bytes(total)} free` : `${bytes(free)} free`;
}

const isCardFull = ({sd_free_bytes: free, sd_total_bytes: total}) => total > 0 && free / total < 0.05;

export const nameOf = (device) => device.name || "Camera without a name";
