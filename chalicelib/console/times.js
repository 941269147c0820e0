// Times in the owner's zone and language; durations in words.

const LANGUAGE = navigator.language;
const CLOCK = new Intl.DateTimeFormat(LANGUAGE, {hour: "2-digit", minute: "2-digit"});
const CLOCK_S = new Intl.DateTimeFormat(LANGUAGE, {hour: "2-digit", minute: "2-digit", second: "2-digit"});
const DAY = new Intl.DateTimeFormat(LANGUAGE, {weekday: "long", day: "numeric", month: "long", year: "numeric"});
const SHORT_DAY = new Intl.DateTimeFormat(LANGUAGE, {day: "numeric", month: "short"});
const RELATIVE = new Intl.RelativeTimeFormat(LANGUAGE, {numeric: "auto"});

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const STEPS = [
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
  ["second", 1000],
];

export const clock = (ms) => CLOCK.format(ms);
export const clockWithSeconds = (ms) => CLOCK_S.format(ms);
export const day = (ms) => DAY.format(ms);
export const shortDay = (ms) => SHORT_DAY.format(ms);
export const dayAndClock = (ms) => `${shortDay(ms)}, ${clock(ms)}`;

/** "3 hours ago", "in 2 minutes"; both in ms since 1970. */
export function ago(ms, nowMs) {
  const away = ms - nowMs;
  const [unit, size] = STEPS.find(([, each]) => Math.abs(away) >= each) ?? STEPS.at(-1);
  return RELATIVE.format(Math.round(away / size), unit);
}

/** "2 h 5 min", "40 s": the two largest units. */
export function duration(ms) {
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** The first instant of the owner's day that holds `ms`. A day has 23 or 25 hours where the clocks change. */
export function startOfDay(ms) {
  const at = new Date(ms);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

export function daysLater(startMs, days) {
  const at = new Date(startMs);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime();
}

/** As an <input type="date"> has it. */
export function dateInputValue(ms) {
  const at = new Date(ms);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((each) => String(each).padStart(2, "0")).join("-");
}

export function fromDateInput(text) {
  const [year, month, date] = text.split("-").map(Number);
  return year ? new Date(year, month - 1, date).getTime() : null;
}
