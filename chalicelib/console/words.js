// Numbers, sizes, and the API's names as words.

const LANGUAGE = navigator.language;
const COUNT = new Intl.NumberFormat(LANGUAGE);
const UNITS = ["B", "kB", "MB", "GB", "TB"];

export const count = (number) => COUNT.format(number);

export function photos(number) {
  return `${count(number)} ${number === 1 ? "photo" : "photos"}`;
}

/** Bytes in powers of 1000, as cards and bills count them. */
export function bytes(number) {
  const power = number < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(number) / 3));
  const value = number / 1000 ** power;
  return `${new Intl.NumberFormat(LANGUAGE, {maximumSignificantDigits: 3}).format(value)} ${UNITS[power]}`;
}

/** Small sums keep the digits that matter. */
export function usd(number) {
  const digits = number > 0 && number < 0.1 ? {maximumSignificantDigits: 2} : {maximumFractionDigits: 2, minimumFractionDigits: 2};
  return `$${new Intl.NumberFormat(LANGUAGE, digits).format(number)}`;
}

/** Why there is no photo: of GET /timeline. */
export const GAPS = {
  paused: "Paused",
  powered_off: "Powered off",
  no_capture: "Took none",
  not_uploaded: "Not uploaded yet",
  evicted: "Card was full",
  deleted: "Deleted",
  forgotten: "Forgotten",
  skipped: "Numbers skipped",
  missing: "Missing",
  clock_unknown: "Time unknown",
};

/** How a time of capture is known. */
export const CONFIDENCE = {
  ntp: "exact: the camera's clock was set",
  solved: "worked out from the camera's uptime",
  bounded: "roughly: between two times that are known",
  received: "not known: this is when it arrived",
};

export const COMMANDS = {
  capture_now: "Take a photo now",
  pause: "Pause",
  resume: "Go on",
  reboot: "Restart",
  repair: "Pair again",
  rotate_token: "Change its token",
  upload_log: "Send its log",
  forget: "Forget photos",
};

export const COMMAND_STATES = {pending: "waits for the camera", delivered: "the camera has it", done: "done", failed: "failed"};

export const EVENTS = {
  motion: "Motion",
  evicted: "Card was full: photos were given up",
  skipped: "Numbers skipped",
  paused: "Paused",
  resumed: "Went on",
  boot: "Started",
  error: "Trouble",
  log: "Log",
  conflict: "Another photo has this number",
  object_missing: "A photo never came",
  pack_damaged: "Part of a pack is damaged",
  pack_rejected: "A pack cannot be read",
};
