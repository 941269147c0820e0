// How far a photo is zoomed in, and which part of it is in the middle. Pure.

const MOST = 8;
/** What a double click goes to. */
const NEAR = 2.5;

/** Shown whole. `x` and `y` are how far the photo's middle is from the stage's, in CSS pixels. */
export const WHOLE = Object.freeze({scale: 1, x: 0, y: 0});

/**
 * @param {number} factor of the scale
 * @param {{x: number, y: number}} point from the middle of the stage; what is there stays there
 * @param {{width: number, height: number}} shown the photo's size where it is shown whole
 * @param {{width: number, height: number}} stage
 */
export function zoomed({scale, x, y}, factor, point, shown, stage) {
  const after = Math.max(1, Math.min(MOST, scale * factor));
  const by = after / scale;
  return kept({scale: after, x: point.x - (point.x - x) * by, y: point.y - (point.y - y) * by}, shown, stage);
}

export function moved({scale, x, y}, dx, dy, shown, stage) {
  return kept({scale, x: x + dx, y: y + dy}, shown, stage);
}

export function toggled(zoom, point, shown, stage) {
  return zoom.scale > 1 ? WHOLE : zoomed(WHOLE, NEAR, point, shown, stage);
}

/** No edge of the photo comes farther in than the stage's. */
function kept({scale, x, y}, shown, stage) {
  const most = (size, room) => Math.max(0, (size * scale - room) / 2);
  const within = (value, limit) => Math.max(-limit, Math.min(limit, value));
  return {scale, x: within(x, most(shown.width, stage.width)), y: within(y, most(shown.height, stage.height))};
}
