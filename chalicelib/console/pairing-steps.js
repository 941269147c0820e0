// What to do with a pairing code, by the kind of camera.

import {icon} from "./icons.js";
import {html} from "./lit.js";

const KINDS = [
  ["esp32", "ESP32"],
  ["station", "Station"],
  ["simulated", "Simulated"],
  ["other", "Your own"],
];

/** @param {{kind: string, choose: (kind: string) => void, apiUrl: string, code: {pairing_code: string, device_id: string}, copied: (text: string) => void}} pairing */
export function pairingSteps(pairing) {
  const {kind, choose} = pairing;
  return html`
    <fieldset class="segments">
      <legend class="sr-only">What do you pair?</legend>
      ${KINDS.map(
        ([value, label]) => html`
          <label><input type="radio" name="kind" value=${value} .checked=${value === kind} @change=${() => choose(value)}><span>${label}</span></label>
        `,
      )}
    </fieldset>
    ${STEPS[kind](pairing)}
  `;
}

/** Of this machine alone. */
const LOOPBACK = /^http:..(127\.|localhost\b|\[::1\])/;

const STEPS = {
  esp32: ({apiUrl, copied}) => html`
    <ol class="numbered">
      <li>Hold the camera's <strong>BOOT</strong> button for five seconds, until its light blinks.</li>
      <li>With your phone, join its Wi-Fi, <strong>Frameferry-</strong> and four signs. The password is what the camera prints on its
        serial port. A page opens.</li>
      <li>Name the Wi-Fi or hotspot that the camera is to use.</li>
      <li>Type the code, and this as the server: ${copyable(apiUrl, copied)}</li>
    </ol>
    ${LOOPBACK.test(apiUrl) ? unreachable("camera in your network") : html`<p class="faint small">The QR code holds both, as text.</p>`}
  `,
  station: ({apiUrl, code, copied}) => html`
    <ol class="numbered">
      <li>On the station's machine, its <code>.env</code> file names this server: ${copyable(`FRAMEFERRY_API_URL=${apiUrl}`, copied)}</li>
      <li>Pair the camera by the name that it has in <code>station.toml</code>, here <code>garden</code>:
        ${copyable(`sudo frameferry-station pair garden ${code.pairing_code}`, copied)}</li>
    </ol>
    ${LOOPBACK.test(apiUrl) ? unreachable("station on another machine") : html`<p class="faint small"><code>station</code> in the name's place stands for all its cameras that are not paired themselves.</p>`}
  `,
  simulated: ({apiUrl, code, copied}) => html`
    <ol class="numbered">
      <li>In the folder of the repository, run
        ${copyable(
          `.venv/bin/python -m frameferry_station.simulated --api ${apiUrl} --state .local/simulated-${code.device_id.slice(0, 8)} --code ${code.pairing_code}`,
          copied,
        )}</li>
      <li>It takes photos of a landscape until you press Ctrl-C. Without <code>--code</code> it goes on later as the same camera.</li>
    </ol>
  `,
  other: ({apiUrl, code, copied}) => html`
    <ol class="numbered">
      <li>Trade the code for a token; the answer says everything that a camera must know.
        ${copyable(`curl -X POST ${apiUrl}/devices/activate -H 'Content-Type: application/json' -d '{"pairing_code": "${code.pairing_code}"}'`, copied)}</li>
      <li>Send photos as the <a href="./openapi.json">description of the API</a> says.</li>
    </ol>
  `,
};

const unreachable = (who) => html`
  <p class="note-box small">No ${who} reaches this address: start the local cloud with <code>make run HOST=0.0.0.0</code>, and open the page that it
    prints.</p>
`;

function copyable(text, copied) {
  return html`
    <span class="copyable"><code>${text}</code>
      <button class="quiet" aria-label="Copy" @click=${() => copied(text)}>${icon("copy")}</button></span>
  `;
}
