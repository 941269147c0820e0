// What a month comes to: photos, bytes, requests and money, and what drives it.

import {nameOf} from "./camera-words.js";
import {icon} from "./icons.js";
import {html, nothing, repeat, svg} from "./lit.js";
import {Poll} from "./poll.js";
import {troublePanel} from "./troubles.js";
import {drivers, months, totals} from "./usage-model.js";
import {bytes, count, usd} from "./words.js";

const LOOK_MS = 5 * 60_000;
const MONTH = new Intl.DateTimeFormat(navigator.language, {month: "long", year: "numeric", timeZone: "UTC"});
const DAY = new Intl.DateTimeFormat(navigator.language, {dateStyle: "long", timeZone: "UTC"});

export function usageView(app) {
  const choices = months(app.now());
  let month = choices[0];
  let usage = null;
  const poll = new Poll(look, LOOK_MS, () => app.changed());

  async function look(signal) {
    const wanted = month;
    const answer = await app.api.get("/usage", {month: wanted}, {signal});
    if (wanted === month) usage = answer;
  }

  function choose(wanted) {
    month = wanted;
    usage = null;
    app.changed();
    poll.soon();
  }

  const picker = () => {
    const at = choices.indexOf(month);
    const step = (to, label, name) => html`
      <button class="quiet" aria-label=${label} ?disabled=${!choices[to]} @click=${() => choose(choices[to])}>${icon(name)}</button>
    `;
    return html`
      <div class="flow month">
        ${step(at + 1, "The month before", "back")}
        <select aria-label="Month" @change=${({target}) => choose(target.value)}>
          ${choices.map((each) => html`<option value=${each} .selected=${each === month}>${monthName(each)}</option>`)}
        </select>
        ${step(at - 1, "The month after", "next")}
      </div>
    `;
  };

  return {
    title: "Usage",
    start() {
      poll.start();
    },
    stop() {
      poll.stop();
    },
    template: () => html`
      <div class="heading apart"><h1>Usage</h1>${picker()}</div>
      ${usage ? report(usage) : poll.trouble ? troublePanel(poll.trouble, () => poll.soon()) : skeleton()}
    `,
  };
}

const monthName = (month) => MONTH.format(Date.parse(`${month}-01T00:00:00Z`));

function report(usage) {
  const all = totals(usage.items);
  const used = usage.items.filter((each) => each.photos || each.requests).sort((one, other) => other.usd - one.usd);
  if (!used.length) return nothingUsed(usage);
  return html`
    <section class="card panel total" aria-label="All cameras">
      <p class="sum"><strong class="numbers">${usd(usage.usd)}</strong> <span class="faint">in ${monthName(usage.month)}, all cameras</span></p>
      ${share(all.usdByUnit, "All cameras")}
      ${numbers(all)}
    </section>
    <h2 class="by-camera">By camera</h2>
    <ul class="usages">${repeat(used, (each) => each.device_id, oneCamera)}</ul>
    <p class="faint small note">
      Worked out from how many photos, objects and requests there were, by AWS's list prices of
      <time datetime=${usage.prices_as_of}>${DAY.format(Date.parse(usage.prices_as_of))}</time> (us-east-1, before any free tier), with the
      month's photos kept for a month. Months are counted in UTC. What this page itself asks for is not counted.
    </p>
  `;
}

function oneCamera(item) {
  return html`
    <li class="card panel">
      <div class="flow apart"><h3><a href="#/cameras/${item.device_id}">${nameOf(item)}</a></h3><strong class="numbers">${usd(item.usd)}</strong></div>
      ${share(item.usd_by_unit, nameOf(item))}
      ${numbers({photos: item.photos, sizeBytes: item.size_bytes, objects: item.objects, requests: item.requests})}
    </li>
  `;
}

function numbers({photos: many, sizeBytes, objects, requests}) {
  const number = (label, text) => html`<div><dt>${label}</dt><dd class="numbers">${text}</dd></div>`;
  return html`
    <dl class="figures">
      ${number("Photos", count(many))} ${number("Size", bytes(sizeBytes))} ${number("Objects", count(objects))}
      ${number("Requests", count(requests))}
    </dl>
  `;
}

/** A bar of what drives the cost, and the same in words. */
function share(usdByUnit, name) {
  const parts = drivers(usdByUnit);
  if (!parts.length) return nothing;
  let at = 0;
  const pieces = parts.map((part) => {
    const x = at;
    at += part.share * 100;
    return svg`<rect class="driver ${part.name}" x=${x} y="0" width=${Math.max(0, part.share * 100 - 0.4)} height="10"></rect>`;
  });
  return html`
    <svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="What drives the cost of ${name}; the list below says it in words">${pieces}</svg>
    <ul class="legend small">
      ${parts.map(
        (part) => html`<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="driver ${part.name}" width="10" height="10" rx="3"></rect></svg>
          ${part.label} <span class="faint numbers">${usd(part.usd)}, ${Math.round(part.share * 100)} %</span></li>`,
      )}
    </ul>
  `;
}

function nothingUsed(usage) {
  return html`
    <div class="empty">
      <span class="emblem">${icon("cloud")}</span>
      <h2>Nothing in ${monthName(usage.month)}</h2>
      <p class="faint">${usage.items.length ? "No camera sent a photo or asked for anything." : "There is no camera yet."}</p>
      ${usage.items.length ? nothing : html`<a class="button primary" href="#/pair">Pair a camera</a>`}
    </div>
  `;
}

function skeleton() {
  return html`
    <div class="card panel" role="status" aria-label="Loading the usage">
      <div class="line short skeleton"></div><div class="line skeleton"></div><div class="line skeleton"></div>
    </div>
  `;
}
