// What is done to a camera seldom: its credential, its log, a restart.

import {nameOf} from "./camera-words.js";
import {html, nothing} from "./lit.js";

export class CameraAccess {
  #asked;
  #dialogs;
  #revoke;

  /** @param {{asked: (command: object, text: string) => void, dialogs: import("./dialogs.js").Dialogs, revoke: () => void}} ways */
  constructor({asked, dialogs, revoke}) {
    this.#asked = asked;
    this.#dialogs = dialogs;
    this.#revoke = revoke;
  }

  template(device, isBusy) {
    const isAlive = Boolean(device.activated_at) && !device.revoked_at;
    const command = (kind, title, words, label, text) =>
      deed(title, words, html`<button ?disabled=${isBusy} @click=${() => this.#asked({kind}, text)}>${label}</button>`);
    return html`
      <section class="card panel" aria-labelledby="access-title">
        <h2 id="access-title">Upkeep</h2>
        <ul class="deeds">
          ${isAlive ? command("upload_log", "Log", "The last lines of what it wrote down, among its events.", "Send its log", "It sends its log when it next has a network.") : nothing}
          ${isAlive ? command("reboot", "Restart", "It loses no photo.", "Restart", "It restarts when it next has a network.") : nothing}
          ${isAlive ? command("rotate_token", "Token", "A new credential; the old one ends when the new one is first used.", "Change its token", "It changes its token when it next has a network.") : nothing}
          ${device.activated_at || device.revoked_at
            ? deed("Pair again", "After a reset, a revoke, or with new hardware. Name and photos stay.", html`<a class="button" href="#/pair/${device.device_id}">Pair again</a>`)
            : nothing}
          ${device.revoked_at ? nothing : deed("Revoke", "Shut it out at once. Its photos stay.", html`<button class="danger" ?disabled=${isBusy} @click=${() => this.#askRevoke(device)}>Revoke&hellip;</button>`)}
        </ul>
      </section>
    `;
  }

  #askRevoke(device) {
    this.#dialogs.ask({
      title: `Revoke ${nameOf(device)}?`,
      label: "Revoke",
      isDangerous: true,
      body: () => html`<p>From its next request on it is refused. The photos that are here stay; those on its card stay there until you
        pair it again.</p>`,
      act: () => this.#revoke(),
    });
  }
}

const deed = (title, words, button) => html`<li><div><h3>${title}</h3><p class="faint small">${words}</p></div>${button}</li>`;
