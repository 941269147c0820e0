// A line over time, small. What it shows is said in words beside it, too.

import {html, nothing, svg} from "./lit.js";
import {dayAndClock} from "./times.js";

const WIDTH = 300;
const HEIGHT = 80;
/** More points than this cannot be told apart. */
const COLUMNS = 150;

/**
 * @param {[number, number][]} points ms and value, oldest first
 * @param {{fromMs: number, toMs: number, least?: number, most?: number}} frame `least` and `most` are shown at any rate
 * @returns {{lines: [number, number][][], least: number, most: number}} in the picture's units, y downwards; a line ends where
 *   nothing was heard for long
 */
export function plotted(points, {fromMs, toMs, least = Infinity, most = -Infinity}) {
  const seen = thinned(points.filter(([at]) => at >= fromMs && at <= toMs), fromMs, toMs);
  const values = seen.map(([, value]) => value);
  const low = Math.min(least, ...values);
  const high = Math.max(most, ...values);
  const breakMs = longSilenceMs(seen, toMs - fromMs);
  const lines = [];
  seen.forEach(([at, value], index) => {
    if (index === 0 || at - seen[index - 1][0] > breakMs) lines.push([]);
    lines.at(-1).push([(WIDTH * (at - fromMs)) / (toMs - fromMs), HEIGHT * (high === low ? 0.5 : 1 - (value - low) / (high - low))]);
  });
  return {lines, least: low, most: high};
}

/** Of each narrow column the first point, the lowest, the highest and the last: no peak is lost. */
function thinned(points, fromMs, toMs) {
  if (points.length <= 4 * COLUMNS) return points;
  const columns = Map.groupBy(points, ([at]) => Math.floor((COLUMNS * (at - fromMs)) / (toMs - fromMs)));
  return [...columns.values()].flatMap((column) => {
    const byValue = column.toSorted(([, one], [, other]) => one - other);
    return [...new Set([column[0], byValue[0], byValue.at(-1), column.at(-1)])].sort(([one], [other]) => one - other);
  });
}

function longSilenceMs(points, spanMs) {
  const silences = points.slice(1).map(([at], index) => at - points[index][0]).sort((one, other) => one - other);
  return Math.max(spanMs / 24, 4 * (silences[Math.floor(silences.length / 2)] ?? 0));
}

/**
 * @param {{title: string, points: [number, number][], frame: object, words: (value: number) => string, times: (ms: number) => string}} chart
 */
export function chart({title, points, frame, words, times}) {
  const seen = points.filter(([at]) => at >= frame.fromMs && at <= frame.toMs);
  const last = seen.at(-1)?.[1];
  return html`
    <figure class="chart">
      <figcaption><span>${title}</span>${last === undefined ? nothing : html`<strong class="numbers">${words(last)}</strong>`}</figcaption>
      ${seen.length ? picture(title, seen, frame, words, times) : html`<p class="faint small nothing">Nothing reported in this time</p>`}
    </figure>
  `;
}

function picture(title, points, frame, words, times) {
  const {lines, least, most} = plotted(points, frame);
  const values = points.map(([, value]) => value);
  const spoken = `${title}: lowest ${words(Math.min(...values))}, highest ${words(Math.max(...values))}, last ${words(values.at(-1))}`;
  return html`
    <div class="plot" @pointermove=${(event) => pointed(event, points, frame, ([at, value]) => `${words(value)}, ${dayAndClock(at)}`)} @pointerleave=${left}>
      <svg viewBox="0 -4 ${WIDTH} ${HEIGHT + 8}" preserveAspectRatio="none" role="img" aria-label=${spoken}>
        ${[0, 0.5, 1].map((share) => svg`<line class="grid" x1="0" x2=${WIDTH} y1=${HEIGHT * share} y2=${HEIGHT * share}></line>`)}
        ${lines.map((line) => svg`<path class="area" d=${`M${line[0][0]} ${HEIGHT}${path(line).replace("M", "L")}L${line.at(-1)[0]} ${HEIGHT}z`}></path>`)}
        ${lines.map((line) => svg`<path class="line" d=${path(line)}></path>`)}
        ${lines.filter(isShort).map((line) => svg`<path class="line dot" d=${`M${line.at(-1).join(" ")}h0.01`}></path>`)}
      </svg>
      <span class="top" aria-hidden="true">${words(most)}</span>
      ${least === most ? nothing : html`<span class="bottom" aria-hidden="true">${words(least)}</span>`}
      <span class="reading" hidden></span>
    </div>
    <p class="span faint" aria-hidden="true"><span>${times(frame.fromMs)}</span><span>now</span></p>
  `;
}

/** What the line says nearest to the pointer; for the eye alone, the words beside the chart are for everybody. */
function pointed({currentTarget: plot, clientX}, points, {fromMs, toMs}, words) {
  const {left, width} = plot.querySelector("svg").getBoundingClientRect();
  const wantedMs = fromMs + ((clientX - left) / width) * (toMs - fromMs);
  const nearest = points.reduce((one, other) => (Math.abs(other[0] - wantedMs) < Math.abs(one[0] - wantedMs) ? other : one));
  const reading = plot.querySelector(".reading");
  reading.textContent = words(nearest);
  reading.style.setProperty("--at", (nearest[0] - fromMs) / (toMs - fromMs));
  reading.hidden = false;
}

function left({currentTarget: plot}) {
  plot.querySelector(".reading").hidden = true;
}

/** Too short to be seen as a line. */
const isShort = (line) => line.at(-1)[0] - line[0][0] < 3;

const path = (line) => line.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
