// What stands around the photos of the gallery: the day's bar, the bar of what is chosen, and what there is instead of photos.

import {icon} from "./icons.js";
import {html, live, nothing} from "./lit.js";
import {dateInputValue, day as dayInWords, daysLater, fromDateInput} from "./times.js";
import {troubleWords} from "./troubles.js";
import {photos} from "./words.js";

/** @param {{startMs: number, todayMs: number, count: number | null, trouble: Error | null, devices: object[], deviceId: string | null,
 *    goTo: (startMs: number, deviceId?: string | null) => void, play: () => void, mark: () => void}} what */
export function dayBar({startMs, todayMs, count, trouble, devices, deviceId, goTo, play, mark}) {
  const picked = (event) => {
    const ms = fromDateInput(event.target.value);
    if (ms !== null) goTo(ms);
  };
  return html`
    <div class="day-bar">
      <div class="day-title">
        <h1>${relativeDay(startMs, todayMs)}</h1>
        <p class="faint small">${count !== null ? photos(count) : trouble ? troubleWords(trouble) : "Looking\u2026"}</p>
      </div>
      <div class="day-pick" role="group" aria-label="Day">
        <button class="square" aria-label="The day before" @click=${() => goTo(daysLater(startMs, -1))}>${icon("back")}</button>
        <input type="date" aria-label="Go to a day" max=${dateInputValue(todayMs)} .value=${live(dateInputValue(startMs))} @change=${picked}>
        <button class="square" aria-label="The day after" ?disabled=${startMs >= todayMs} @click=${() => goTo(daysLater(startMs, 1))}>${icon("next")}</button>
        <button ?disabled=${startMs === todayMs} @click=${() => goTo(todayMs)}>Today</button>
      </div>
      ${devices.length < 2 && deviceId === null ? nothing : cameraPick(devices, deviceId, (id) => goTo(startMs, id))}
      <div class="day-deeds">
        <button ?disabled=${!count} @click=${play}>${icon("film")}<span>Time-lapse</span></button>
        <button ?disabled=${!count} @click=${mark}>${icon("check")}<span>Select</span></button>
      </div>
    </div>
  `;
}

function cameraPick(devices, deviceId, go) {
  const option = (each) => html`<option value=${each.device_id} ?selected=${each.device_id === deviceId}>${each.name || "Camera without a name"}</option>`;
  return html`
    <select aria-label="Camera" @change=${(event) => go(event.target.value || null)}>
      <option value="" ?selected=${deviceId === null}>All cameras</option>
      ${devices.map(option)}
    </select>
  `;
}

/** @param {{count: number, none: () => void, download: () => void, remove: () => void}} what */
export function choosingBar({count, none, download, remove}) {
  return html`
    <div class="day-bar choosing" role="group" aria-label="Selected photos">
      <button class="square" aria-label="Select none" @click=${none}>${icon("close")}</button>
      <h1 class="sr-only">Photos</h1>
      <p class="day-title" role="status"><strong>${count ? `${photos(count)} selected` : "Select photos"}</strong></p>
      <div class="day-deeds">
        <button ?disabled=${!count} @click=${download}>${icon("download")}<span>Download</span></button>
        <button class="danger" ?disabled=${!count} @click=${remove}>${icon("trash")}<span>Delete</span></button>
      </div>
    </div>
  `;
}

/** @param {{hasCamera: boolean, nearestMs: number | null, isSoon: boolean, goTo: (ms: number) => void}} what
 *    `nearestMs` is the latest day before that has photos; `isSoon`: some may come yet */
export function nothingPanel({hasCamera, nearestMs, isSoon, goTo}) {
  if (!hasCamera) {
    return emptyPanel("No camera yet", "Pair one, and what it sees appears here.", html`<a class="button primary" href="#/pair">Pair a camera</a>`);
  }
  if (nearestMs) {
    const go = html`<button class="primary" @click=${() => goTo(nearestMs)}>${dayInWords(nearestMs)}</button>`;
    return emptyPanel("No photos on this day", "The latest photos before it:", go);
  }
  const see = html`<a class="button" href="#/cameras">Look at the cameras</a>`;
  if (isSoon) return emptyPanel("No photos yet", "They appear here by themselves, as soon as a camera has found a network.", see);
  return emptyPanel("No photos on this day, nor before", "The first ones came later.", see);
}

function emptyPanel(title, text, deed) {
  return html`<div class="empty"><span class="emblem">${icon("camera")}</span><h2>${title}</h2><p class="faint">${text}</p>${deed}</div>`;
}

export function skeletons() {
  const boxes = Array.from({length: 24}, () => html`<div class="skeleton"></div>`);
  return html`<div class="waiting" role="status" aria-label="Loading the photos">${boxes}</div>`;
}

function relativeDay(startMs, todayMs) {
  if (startMs === todayMs) return "Today";
  if (startMs === daysLater(todayMs, -1)) return "Yesterday";
  return dayInWords(startMs);
}
