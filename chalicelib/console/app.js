// The page: starts, routes by the fragment, draws the frame around a view.

import {Api} from "./api.js";
import {deletionsOf} from "./deletions.js";
import {icon} from "./icons.js";
import {classMap, html, nothing, render} from "./lit.js";
import {NotLoaded, loaded} from "./modules.js";
import {REACHED, Reach} from "./reach.js";
import {Session} from "./session.js";
import {Toasts} from "./toasts.js";
import {galleryView} from "./view-gallery.js";
import {signInView} from "./view-sign-in.js";

const HOME = "photos";
const CLOCK_TOLERANCE_MS = 5_000;
/** By the first part of the fragment; the rest are the view's own. `load` gives what makes it: only the first page comes at once. */
const VIEWS = new Map([
  [HOME, {label: "Photos", load: () => galleryView}],
  ["cameras", {label: "Cameras", load: (id) => (id ? cameraView() : camerasView())}],
  ["usage", {label: "Usage", load: async () => (await loaded("./view-usage.js")).usageView}],
  ["pair", {label: "Pair a camera", load: async () => (await loaded("./view-pair.js")).pairView}],
]);

const cameraView = async () => (await loaded("./view-camera.js")).cameraView;
const camerasView = async () => (await loaded("./view-cameras.js")).camerasView;

class App {
  #view = null;
  #shown = null;
  #isDue = false;
  #isNew = false;
  #reach = new Reach(() => this.changed());

  constructor(settings) {
    this.session = new Session(settings, () => this.#ended());
    this.api = new Api(this.session, (isReachable) => this.#reach.told(isReachable));
    this.toasts = new Toasts(() => this.changed());
    addEventListener("hashchange", () => this.#routed());
    this.#routed();
  }

  /** By the server's clock, where that is much another one: what is asked for by time is meant by it. */
  now() {
    return Date.now() + (Math.abs(this.api.behindMs) > CLOCK_TOLERANCE_MS ? this.api.behindMs : 0);
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

  toast(text, {label, action, gone, holdMs} = {}) {
    return this.toasts.show(text, {label, action, gone, holdMs});
  }

  /** The owner is in: on to where he wanted to go. */
  signedIn() {
    this.#routed();
  }

  signOut() {
    deletionsOf(this).forgo();
    const ended = this.session.signOut();
    this.#routed();
    return ended;
  }

  #ended() {
    this.toast("Your session has ended. Sign in again.");
    this.#routed();
  }

  #routed() {
    const [first, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
    // A password is not to be found in the address, whoever is signed in.
    if (first === "sign-in" && this.session.isOpen) return location.replace("#/");
    const name = VIEWS.has(first) ? first : HOME;
    const parts = name === first ? rest : [];
    if (!this.session.isOpen || this.#shown !== name || !this.#view.follow?.(...parts)) this.#show(name, parts);
    else this.#entitle();
  }

  async #show(name, parts) {
    this.#view?.stop();
    const loading = (this.#view = bare("One moment", html`<p class="one-moment" role="status">One moment&hellip;</p>`));
    this.#shown = this.session.isOpen ? name : null;
    this.changed();
    let make;
    try {
      make = this.session.isOpen ? await VIEWS.get(name).load(...parts) : signInView;
    } catch (error) {
      if (error instanceof NotLoaded && error.status === null) this.#reach.told(false);
      make = () => this.#notHere();
    }
    if (this.#view !== loading) return;
    this.#view = make(this, ...parts);
    this.#isNew = true;
    this.#view.start();
    this.#entitle();
  }

  /** In place of a view whose modules do not come. */
  #notHere() {
    const again = () => this.#routed();
    const start = () => addEventListener(REACHED, again);
    return {...bare("Not here", notFetched(again)), start, stop: () => removeEventListener(REACHED, again)};
  }

  #entitle() {
    document.title = `${this.#view.title} · Frameferry`;
    this.changed();
  }

  #frame() {
    return html`
      <a class="skip" href="#main" ?inert=${this.#view.isModal} @click=${skip}>Skip to the content</a>
      ${this.session.isOpen ? this.#bar() : nothing}
      ${this.#reach.isReachable ? nothing : html`<p class="banner" role="status">The API cannot be reached. Trying again&hellip;</p>`}
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
        <button class="quiet leave" title="Signed in as ${this.session.username}" @click=${() => this.signOut()}>${icon("leave")}<span>Sign out</span></button>
      </header>
    `;
  }
}

/** A view of the shell's own. */
const bare = (title, content) => ({title, start() {}, stop() {}, template: () => content});

function notFetched(again) {
  return html`
    <div class="empty">
      <h1>This page cannot be fetched</h1>
      <p class="faint">Either the network is away, or the console was updated since you opened it: then load it anew.</p>
      <button class="primary" @click=${again}>Try again</button>
      <button @click=${() => location.reload()}>Load anew</button>
    </div>
  `;
}

/** What had the focus is gone with the view before: to what the new one wants filled in, or its beginning. */
function arrive() {
  scrollTo(0, 0);
  const main = document.getElementById("main");
  (main.querySelector("[data-first]") ?? main).focus({preventScroll: true});
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
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

/** Fulfilled when there is something to be drawn. */
export const started = start();
