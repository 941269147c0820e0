// What the station says, again and again. Whatever comes from outside is put in as text, never as HTML.

const EVERY_MS = 5000;
const DAYS_EVERY_MS = 60000;
const WORDS = {healthy: "All is well", degraded: "Something is wrong", unhealthy: "Out of order"};
const STATES = {starting: "starts", running: "runs", resting: "is tried again", paused: "is paused", stopped: "has ended"};

const find = (id) => document.getElementById(id);

/** An element with properties, and children that are elements or text. */
function made(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function ago(text) {
  if (!text) return "never";
  const seconds = Math.max(0, (Date.now() - Date.parse(text)) / 1000);
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

function size(bytes) {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function time(text) {
  return text ? new Date(text).toLocaleString() : "not known";
}

function duration(seconds) {
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

function showStatus(status) {
  const pill = find("pill");
  const text = WORDS[status] ?? "The station does not answer";
  // A screen reader tells of each change, so only changes are written.
  if (pill.textContent !== text) pill.textContent = text;
  pill.className = `pill ${WORDS[status] ? status : "away"}`;
}

const cards = new Map();

/** A card is kept while its camera is there: focus stays, and a picture that is the same is not loaded again. */
function card(source) {
  if (!cards.has(source)) {
    const picture = made("div", {className: "picture"});
    const words = made("div", {className: "words"});
    cards.set(source, {element: made("li", {className: "camera"}, picture, words), picture, words, shown: null, said: null});
  }
  return cards.get(source);
}

function heartbeatWords({rssi_dbm, free_heap_bytes, uptime_s}) {
  return [
    rssi_dbm === null ? null : `signal ${rssi_dbm} dBm`,
    free_heap_bytes === null ? null : `${size(free_heap_bytes)} of memory free`,
    uptime_s === null ? null : `on for ${duration(uptime_s)}`,
  ].filter(Boolean).join(", ");
}

function showCamera(source, hasPhoto, heartbeat) {
  const {element, picture, words} = card(source.source);
  const known = cards.get(source.source);
  const shown = hasPhoto ? source.last_at : "";
  if (known.shown !== shown) {
    known.shown = shown;
    const url = `/latest/${encodeURIComponent(source.source)}?at=${encodeURIComponent(shown)}`;
    if (!hasPhoto) {
      picture.replaceChildren(made("div", {className: "nothing"}, "No photo since the start"));
    } else if (picture.querySelector("img")) {
      picture.querySelector("a").href = url;
      picture.querySelector("img").src = url;
    } else {
      picture.replaceChildren(made("a", {href: url}, made("img", {src: url, alt: `Last photo of ${source.source}`})));
    }
  }
  const alive = heartbeat ? heartbeatWords(heartbeat) : "";
  const said = [source.lane, source.last_at && ago(source.last_at), source.paused, source.error, source.accepted, alive].join("\n");
  if (known.said !== said) {
    known.said = said;
    words.replaceChildren(
      made("h3", {}, source.source),
      made("p", {}, source.last_at ? `${ago(source.last_at)}, ${source.accepted} since the start` : "nothing since the start"),
      alive ? made("p", {}, alive) : "",
      source.paused ? made("p", {className: "paused"}, source.paused) : "",
      source.error ? made("p", {className: "error"}, source.error) : "",
    );
  }
  return element;
}

function showSink(sink) {
  const troubles = [
    sink.last_error,
    sink.stuck ? `${sink.stuck} not taken while others are: ${sink.stuck_because}` : null,
    sink.evicted ? `${sink.evicted} given up` : null,
  ];
  return made("tr", {},
    made("th", {scope: "row"}, sink.sink),
    made("td", {className: "number"}, String(sink.waiting)),
    made("td", {className: "number"}, size(sink.waiting_bytes)),
    made("td", {className: "when"}, sink.waiting ? time(sink.oldest_at) : "–"),
    made("td", {className: "number"}, String(sink.delivered)),
    made("td", {}, troubles.filter(Boolean).join("; ") || "none"),
  );
}

function showStream({name, kind, state, error}, url) {
  const words = [`${kind}, ${STATES[state] ?? state}`, state === "running" ? null : error].filter(Boolean).join(": ");
  return made("li", {}, url ? made("a", {href: url}, name) : name, ` (${words})`);
}

function fact(name, ...value) {
  return made("div", {}, made("dt", {}, name), made("dd", {}, ...value));
}

function showMachine(health) {
  const {used_bytes, budget_bytes, free_bytes} = health.disk;
  const share = made("meter", {max: budget_bytes, high: budget_bytes * 0.9, value: used_bytes});
  share.setAttribute("aria-label", "Share of the disk that photos may take");
  return [
    fact("Photos and state", `${size(used_bytes)} of ${size(budget_bytes)}`, share),
    fact("Free on the disk", size(free_bytes)),
    fact("Clock", health.clock_synced ? "set" : "not set"),
    fact("Temperature", health.temperature_c === null ? "no sensor" : `${Math.round(health.temperature_c)} °C`),
    fact("Running for", duration(health.uptime_seconds)),
    fact("Version", health.version),
  ];
}

function show(state) {
  const {health} = state;
  showStatus(health.status);
  find("host").textContent = state.host;
  find("trouble").hidden = !health.reasons.length;
  const reasons = find("reasons");
  const text = health.reasons.join("\n");
  if (reasons.dataset.text !== text) {
    reasons.dataset.text = text;
    reasons.replaceChildren(...health.reasons.map((reason) => made("li", {}, reason)));
  }
  const elements = health.sources.map((source) => showCamera(source, state.with_photo.includes(source.source), state.heartbeats[source.source]));
  const cameras = find("cameras");
  if (elements.length !== cameras.children.length || elements.some((element, at) => cameras.children[at] !== element)) {
    cameras.replaceChildren(...elements);
  }
  find("no-cameras").hidden = elements.length > 0;
  find("sinks").replaceChildren(...health.sinks.map(showSink));
  find("machine").replaceChildren(...showMachine(health));
  find("streams-part").hidden = !health.streams.length;
  const streams = find("streams");
  const told = JSON.stringify(health.streams.map(({name, state, error}) => [name, state, error]));
  if (streams.dataset.text !== told) {
    streams.dataset.text = told;
    streams.replaceChildren(...health.streams.map((stream) => showStream(stream, state.streams[stream.name])));
  }
}

async function asked(url) {
  const answer = await fetch(url, {cache: "no-store"});
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

async function poll() {
  if (document.hidden) return;
  try {
    show(await asked("/state.json"));
  } catch {
    showStatus("away");
  }
}

let next = null;
let loading = 0;

async function showPhotos(day, offset) {
  const turn = ++loading;
  let answer;
  try {
    answer = await asked(`/photos.json?day=${encodeURIComponent(day)}&offset=${offset}`);
  } catch {
    showStatus("away");
    return;
  }
  if (turn !== loading) return;
  const photos = answer.photos.map(({id, source, at}) => {
    const path = id.split("/").map(encodeURIComponent).join("/");
    const picture = made("img", {src: `/thumbnails/${path}`, alt: "", loading: "lazy", width: 320, height: 240});
    return made("li", {}, made("a", {href: `/photos/${path}`}, picture, made("span", {}, `${source}, ${time(at)}`)));
  });
  if (offset) find("photos").append(...photos);
  else find("photos").replaceChildren(...photos);
  if (offset && photos.length) photos[0].querySelector("a").focus();
  next = answer.next;
  find("older").hidden = next === null;
}

async function showDays() {
  if (document.hidden) return;
  let days;
  try {
    days = (await asked("/days.json")).days;
  } catch {
    return;
  }
  const select = find("day");
  const chosen = select.value;
  find("no-photos").hidden = days.length > 0;
  find("day-part").hidden = !days.length;
  if ([...select.options].map((option) => option.value).join() !== days.join()) {
    select.replaceChildren(...days.map((day) => made("option", {value: day}, day)));
    select.value = days.includes(chosen) ? chosen : (days[0] ?? "");
    if (select.value !== chosen && select.value) showPhotos(select.value, 0);
    else if (!days.length) find("photos").replaceChildren();
  }
}

find("day").addEventListener("change", () => showPhotos(find("day").value, 0));
find("older").addEventListener("click", () => showPhotos(find("day").value, next));
document.addEventListener("visibilitychange", poll);
poll();
showDays();
setInterval(poll, EVERY_MS);
setInterval(showDays, DAYS_EVERY_MS);
