// A camera as a card: what it saw last, whether it is well.

import {ApiError} from "./api.js";
import {healthFacts, nameOf, stateWords, when} from "./camera-words.js";
import {icon} from "./icons.js";
import {classMap, html, nothing} from "./lit.js";
import {troubleWords} from "./troubles.js";

/** @param {import("./camera-watch.js").CameraWatch} watch @param {(() => void) | undefined} again looks at it once more */
export function cameraCard(watch, nowMs, again) {
  const {device} = watch;
  const state = watch.state();
  const name = html`<h2 id="name-${device.device_id}"><a href="#/cameras/${device.device_id}">${nameOf(device)}</a></h2>`;
  return html`
    <article class=${classMap({card: true, camera: true, away: state.kind === "revoked"})} aria-labelledby="name-${device.device_id}">
      ${state.kind === "unpaired" ? nothing : lastPhoto(watch, nowMs)}
      <div class="about">
        <div class="title">${name} ${stateChip(state, nowMs)}</div>
        <p class="faint small">${stateWords(state, nowMs).more}</p>
        ${factList(healthFacts(device.health, watch.drainMs()).filter(({name}) => name !== "temperature"))}
        ${watch.trouble ? notFetched(watch.trouble, again) : nothing}
        ${state.kind === "unpaired" ? html`<a class="button" href="#/pair/${device.device_id}">Show a code</a>` : nothing}
      </div>
    </article>
  `;
}

export function stateChip(state, nowMs) {
  const {chip, tone} = stateWords(state, nowMs);
  return html`<span class="chip ${tone}">${chip}</span>`;
}

function notFetched(error, again) {
  return html`
    <div class="not-fetched" role="status">
      <p class="small">Its news could not be fetched.${error instanceof ApiError ? ` ${troubleWords(error)}` : nothing}</p>
      ${again ? html`<button @click=${again}>Try again</button>` : nothing}
    </div>
  `;
}

/** The picture, or why there is none. @param {string | undefined} href to where it leads */
export function lastPhoto({item, photoUrl, device, trouble}, nowMs, href) {
  if (item === undefined && trouble) return html`<div class="picture none">${icon("camera")}<span>Not fetched yet</span></div>`;
  if (item === undefined) return html`<div class="picture skeleton"></div>`;
  if (!item) return html`<div class="picture none">${icon("camera")}<span>No photo yet</span></div>`;
  const takenMs = Date.parse(item.captured_at);
  return html`
    <div class="picture">
      ${photoUrl && href ? html`<a class="cover" href=${href} aria-label="Open the latest photo"></a>` : nothing}
      ${photoUrl
        ? html`<img src=${photoUrl} alt="The latest photo of ${nameOf(device)}" width=${item.width ?? 4} height=${item.height ?? 3}>`
        : html`<div class="none">${icon("camera")}<span>The photo cannot be fetched now</span></div>`}
      <time class="stamp" datetime=${item.captured_at}>${when(takenMs, nowMs)}</time>
    </div>
  `;
}

export function factList(facts) {
  if (!facts.length) return nothing;
  return html`
    <dl class="facts">
      ${facts.map(
        (each) => html`
          <div class=${classMap({poor: each.isPoor})}>
            <dt>${icon(each.icon)}<span class="sr-only">${each.label}</span></dt>
            <dd>${each.text}</dd>
          </div>
        `,
      )}
    </dl>
  `;
}
