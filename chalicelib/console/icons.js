// Pictures of 24 by 24 in lines of the text's colour; they say nothing to a screen reader, words beside them do.

import {html, svg} from "./lit.js";

const LINES = {
  battery: svg`<rect x="3" y="8" width="15" height="8" rx="2"/><path d="M21 11v2"/>`,
  signal: svg`<path d="M5 19v-3M10 19v-6M15 19v-9M20 19V5"/>`,
  card: svg`<path d="M7 3h7l5 5v11a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z"/><path d="M9 3v4M13 3v4"/>`,
  queue: svg`<rect x="4" y="8" width="16" height="12" rx="2"/><path d="M7 5h10M9 2h6"/>`,
  chip: svg`<rect x="7" y="7" width="10" height="10" rx="2"/><path d="M10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4"/>`,
  camera: svg`<path d="M4 8h3l2-3h6l2 3h3a1 1 0 0 1 1 1v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V9a1 1 0 0 1 1-1z"/><circle cx="12" cy="13.5" r="3.5"/>`,
  pause: svg`<path d="M9 5v14M15 5v14"/>`,
  play: svg`<path d="M8 5l11 7-11 7z"/>`,
  pencil: svg`<path d="M4 20h4L19 9l-4-4L4 16z"/><path d="M13 7l4 4"/>`,
  eraser: svg`<path d="M8 20h12M14.5 4.5l5 5L10 19H6l-2.5-2.5a1.5 1.5 0 0 1 0-2z"/><path d="M9 10l5 5"/>`,
  leave: svg`<path d="M10 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h4M15 8l4 4-4 4M9 12h10"/>`,
  back: svg`<path d="M15 5l-7 7 7 7"/>`,
  next: svg`<path d="M9 5l7 7-7 7"/>`,
  copy: svg`<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M5 15H4V5a1 1 0 0 1 1-1h10v1"/>`,
  check: svg`<path d="M5 12.5l4.5 4.5L19 7.5"/>`,
  thermometer: svg`<path d="M10 14V5a2 2 0 0 1 4 0v9a4 4 0 1 1-4 0z"/><path d="M12 9v8"/>`,
  ear: svg`<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 2"/>`,
  close: svg`<path d="M6 6l12 12M18 6L6 18"/>`,
  trash: svg`<path d="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5"/>`,
  download: svg`<path d="M12 4v11M7 11l5 5 5-5M5 20h14"/>`,
  info: svg`<circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 7.6v.1"/>`,
  film: svg`<circle cx="12" cy="12" r="9"/><path d="M10 8.5v7l6-3.5z"/>`,
  up: svg`<path d="M6 14l6-6 6 6"/>`,
  broken: svg`<path d="M4 5h16v6l-4 3-3-4-4 5-5-3zM4 16l5 3 4-4 3 3 4-3v4H4z"/>`,
  cloud: svg`<path d="M7 19a4 4 0 0 1-.5-8A6 6 0 0 1 18 9.5 4.8 4.8 0 0 1 17.5 19z"/><path d="M9 14l2 2 4-4"/>`,
};

/** @param {keyof typeof LINES} name */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${LINES[name]}</svg>`;
}
