// Where everything of a day stands on the page: rows from the top, and which of them are in sight. Pure.

export const HEAD_PX = 44;
export const GAP_PX = 44;
/** A gap's words, and the place of those that lie where it does. */
const GAP_WIDTH_PX = 420;
const CELL_GAP_PX = 4;
/** Of a cell's width; what does not fit is cropped. */
const ASPECT = 3 / 4;
const LEAST_CELL_PX = 104;
const USUAL_CELL_PX = 200;
/** Rows beyond either edge that are drawn, too. */
export const SPARE_ROWS = 2;
/** Cells that may be in sight at once: what keeps the grid's nodes below 500, at three a cell. */
const MOST_CELLS = 110;

/** How large cells are in a grid of that width, seen through a window of that size. */
export function measure(widthPx, windowHeightPx) {
  let columns = Math.max(3, Math.round(widthPx / USUAL_CELL_PX));
  if (widthPx / columns < LEAST_CELL_PX) columns = Math.max(2, Math.floor(widthPx / LEAST_CELL_PX));
  while (columns > 2 && columns * rowsAtOnce(columns, widthPx, windowHeightPx) > MOST_CELLS) columns--;
  const cellPx = (widthPx - (columns - 1) * CELL_GAP_PX) / columns;
  return {columns, rowPx: Math.round(cellPx * ASPECT) + CELL_GAP_PX, gapsInRow: Math.max(1, Math.floor(widthPx / GAP_WIDTH_PX))};
}

function rowsAtOnce(columns, widthPx, windowHeightPx) {
  return Math.ceil(windowHeightPx / ((widthPx / columns) * ASPECT)) + 1 + 2 * SPARE_ROWS;
}

/**
 * @param {import("./gallery-model.js").DayModel} day
 * @returns {{rows: Row[], heightPx: number}}
 * @typedef {{kind: "head", key: string, top: number, height: number, hour: Hour, first: number}
 *   | {kind: "gap", key: string, top: number, height: number, gaps: object[]}
 *   | {kind: "cells", key: string, top: number, height: number, hour: Hour, first: number, from: number, count: number}} Row
 *   `first` is a place in the day, `from` the same in the hour
 */
export function layOut(day, {columns, rowPx, gapsInRow}) {
  const rows = [];
  let top = 0;
  let first = 0;
  const add = (height, row) => {
    rows.push({...row, top, height});
    top += height;
  };
  const addGap = (gap) => {
    const before = rows.at(-1);
    if (before?.kind === "gap" && before.gaps.length < gapsInRow) before.gaps.push(gap);
    else add(GAP_PX, {kind: "gap", key: `gap ${gap.device_id} ${gap.reason} ${gap.fromMs}`, gaps: [gap]});
  };
  const gaps = [...day.gaps];
  for (const hour of day.hours) {
    const own = [];
    while (gaps.length && gaps[0].toMs > hour.startMs) {
      const gap = gaps.shift();
      own.push({gap, at: hour.countSince(gap.toMs)});
    }
    while (own.length && (own[0].at === 0 || !hour.count)) addGap(own.shift().gap);
    if (!hour.count) continue;
    add(HEAD_PX, {kind: "head", key: `head ${hour.startMs}`, hour, first});
    let from = 0;
    for (const {gap, at} of [...own, {gap: null, at: hour.count}]) {
      for (; from < at; from += columns) {
        const count = Math.min(columns, at - from);
        add(rowPx, {kind: "cells", key: `cells ${hour.startMs} ${from}`, hour, first: first + from, from, count});
      }
      from = at;
      if (gap) addGap(gap);
    }
    first += hour.count;
  }
  return {rows, heightPx: top};
}

/** First and last of the rows that reach into `topPx` to `bottomPx`, as places in `rows`; last < first where none does. */
export function rowsInSight(rows, topPx, bottomPx) {
  const first = lowest(rows.length, (at) => rows[at].top + rows[at].height > topPx);
  return [first, lowest(rows.length, (at) => rows[at].top >= bottomPx) - 1];
}

/** The row that has the photo at that place in the day. */
export function rowOf(rows, at) {
  return rows.find((row) => row.kind === "cells" && at >= row.first && at < row.first + row.count) ?? null;
}

/** The place that arrow keys and their like go to; null for other keys. */
export function placeAfterKey(rows, at, count, {key, ctrlKey}, rowsOfAPage) {
  const last = count - 1;
  const within = (place) => Math.max(0, Math.min(last, place));
  const row = rowOf(rows, at);
  switch (key) {
    case "ArrowLeft":
      return within(at - 1);
    case "ArrowRight":
      return within(at + 1);
    case "Home":
      return ctrlKey || !row ? 0 : row.first;
    case "End":
      return ctrlKey || !row ? last : row.first + row.count - 1;
    case "ArrowUp":
      return rowsAway(rows, at, -1);
    case "ArrowDown":
      return rowsAway(rows, at, 1);
    case "PageUp":
      return rowsAway(rows, at, -rowsOfAPage);
    case "PageDown":
      return rowsAway(rows, at, rowsOfAPage);
    default:
      return null;
  }
}

function rowsAway(rows, at, steps) {
  const ofCells = rows.filter((each) => each.kind === "cells");
  const here = ofCells.findIndex((each) => at >= each.first && at < each.first + each.count);
  const there = ofCells[Math.max(0, Math.min(ofCells.length - 1, here + steps))];
  return there ? there.first + Math.min(at - ofCells[here].first, there.count - 1) : at;
}

function lowest(count, isPast) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isPast(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
