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

const HOME = "photos";
/** By the first part of the fragment; the rest are the view's own. */
const VIEWS = new Map([
  [HOME, {make: galleryView, label: "Photos"}],
  ["cameras", {make: (app, id) => (id ? cameraView(app, id) : camerasView(app)), label: "Cameras"}],
  ["usage", {make: usageView, label: "Usage"}],
  ["pair", {make: pairView, label: "Pair a camera"}],
]);

class App {
  #view = null;
  #shown = null;
  #isDue = false;
  #isNew = false;
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
      if (this.#isNew) arrive();
      this.#isNew = false;
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
    const [first, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
    const name = VIEWS.has(first) ? first : HOME;
    const parts = name === first ? rest : [];
    if (!this.session.isOpen || this.#shown !== name || !this.#view.follow?.(...parts)) this.#show(name, parts);
    document.title = `${this.#view.title} · Frameferry`;
    this.changed();
  }

  #show(name, parts) {
    this.#view?.stop();
    this.#view = this.session.isOpen ? VIEWS.get(name).make(this, ...parts) : signInView(this);
    this.#shown = this.session.isOpen ? name : null;
    this.#isNew = true;
    this.#view.start();
  }

  #frame() {
    return html`
      <a class="skip" href="#main" ?inert=${this.#view.isModal} @click=${skip}>Skip to the content</a>
      ${this.session.isOpen ? this.#bar() : nothing}
      ${this.#isReachable ? nothing : html`<p class="banner" role="status">The API cannot be reached. Trying again&hellip;</p>`}
      <main id="main" tabindex="-1">${this.#view.template()}</main>
      ${this.toasts.template()}
    `;
  }

  #bar() {
    const links = [...VIEWS].filter(([name]) => name !== "pair");
    return html`
      <header class="bar" ?inert=${this.#view.isModal}>
        <a class="brand" href="#/photos"><span aria-hidden="true"></span>Frameferry</a>
        <nav aria-label="Main">
          ${links.map(
            ([name, {label}]) => html`
              <a href="#/${name}" class=${classMap({here: name === this.#shown})} aria-current=${name === this.#shown ? "page" : nothing}>${label}</a>
            `,
          )}
        </nav>
        <a class="button primary pair" href="#/pair"><span class="plus" aria-hidden="true">+</span><span>Pair a camera</span></a>
        <button class="quiet leave" @click=${() => this.signOut()}>${icon("leave")}<span>Sign out</span></button>
      </header>
    `;
  }
}

/** What had the focus is gone with the view before: to what the new one wants filled in, or its beginning. */
function arrive() {
  scrollTo(0, 0);
  const main = document.getElementById("main");
  (main.querySelector("[data-first]") ?? main).focus({preventScroll: true});
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
