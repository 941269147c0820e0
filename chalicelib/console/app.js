// The page: starts, routes by the fragment, draws the frame around a view.

import {Api} from "./api.js";
import {icon} from "./icons.js";
import {classMap, html, nothing, render} from "./lit.js";
import {Session} from "./session.js";
import {Toasts} from "./toasts.js";
import {cameraView} from "./view-camera.js";
import {camerasView} from "./view-cameras.js";
import {galleryView} from "./view-gallery.js";
import {pairView} from "./view-pair.js";
import {signInView} from "./view-sign-in.js";
import {usageView} from "./view-usage.js";

/** By the first part of the fragment; the rest are the view's own. */
const VIEWS = new Map([
  ["", {make: galleryView, label: "Photos"}],
  ["cameras", {make: (app, id) => (id ? cameraView(app, id) : camerasView(app)), label: "Cameras"}],
  ["usage", {make: usageView, label: "Usage"}],
  ["pair", {make: pairView, label: "Pair a camera"}],
]);

class App {
  #view = null;
  #isDue = false;
  #isReachable = true;

  constructor(settings) {
    this.session = new Session(settings, () => this.#ended());
    this.api = new Api(this.session, (isReachable) => this.#reached(isReachable));
    this.toasts = new Toasts(() => this.changed());
    addEventListener("hashchange", () => this.#routed());
    this.#routed();
  }

  now() {
    return Date.now();
  }

  /** Draw again at the next frame. */
  changed() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      render(this.#frame(), document.body);
    });
  }

  /** @param {string} fragment such as "#/cameras" */
  go(fragment) {
    if (location.hash === fragment) this.#routed();
    else location.hash = fragment;
  }

  toast(text, {label, action, holdMs} = {}) {
    return this.toasts.show(text, {label, action, holdMs});
  }

  /** The owner is in: on to where he wanted to go. */
  signedIn() {
    this.#routed();
  }

  async signOut() {
    await this.session.signOut();
    this.#routed();
  }

  #ended() {
    this.toast("Your session has ended. Sign in again.");
    this.#routed();
  }

  #reached(isReachable) {
    if (isReachable === this.#isReachable) return;
    this.#isReachable = isReachable;
    this.changed();
  }

  #routed() {
    this.#view?.stop();
    const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
    const {make} = VIEWS.get(name) ?? VIEWS.get("");
    this.#view = this.session.isOpen ? make(this, ...rest) : signInView(this);
    this.name = name;
    document.title = `${this.#view.title} · Frameferry`;
    this.#view.start();
    this.changed();
  }

  #frame() {
    return html`
      <a class="skip" href="#main" @click=${skip}>Skip to the content</a>
      ${this.session.isOpen ? this.#bar() : nothing}
      ${this.#isReachable ? nothing : html`<p class="banner" role="status">The API cannot be reached. Trying again&hellip;</p>`}
      <main id="main" tabindex="-1">${this.#view.template()}</main>
      ${this.toasts.template()}
    `;
  }

  #bar() {
    const links = [...VIEWS].filter(([name]) => name !== "pair");
    return html`
      <header class="bar">
        <a class="brand" href="#/"><span aria-hidden="true"></span>Frameferry</a>
        <nav aria-label="Main">
          ${links.map(
            ([name, {label}]) => html`
              <a href="#/${name}" class=${classMap({here: name === this.name})} aria-current=${name === this.name ? "page" : nothing}>${label}</a>
            `,
          )}
        </nav>
        <a class="button primary pair" href="#/pair"><span class="plus" aria-hidden="true">+</span><span>Pair a camera</span></a>
        <button class="quiet leave" @click=${() => this.signOut()}>${icon("leave")}<span>Sign out</span></button>
      </header>
    `;
  }
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

async function start() {
  try {
    const answer = await fetch("./console.json");
    if (!answer.ok) throw new Error(String(answer.status));
    new App(await answer.json());
  } catch {
    render(
      html`<main class="alone"><h1>The API does not answer</h1><p>Look whether it runs, then
        <button class="primary" @click=${() => location.reload()}>try again</button></p></main>`,
      document.body,
    );
  }
}

start();
