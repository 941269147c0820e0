// What was changed in the forms of cameras' settings and is not saved yet: it outlasts the page on which it was typed.

const all = new WeakMap();

/** One for the whole app. */
export function draftsOf(app) {
  if (!all.has(app)) all.set(app, new SettingsDrafts(app.session));
  return all.get(app);
}

class SettingsDrafts {
  #session;
  /** By who has typed them, and of which camera. @type {Map<string, Map<string, object>>} */
  #kept = new Map();

  constructor(session) {
    this.#session = session;
    // Only what is kept nowhere else is asked about: the browser has words of its own for that.
    addEventListener("beforeunload", (event) => this.#isAny && event.preventDefault());
  }

  /** By the setting's name, to be changed in place. Somebody else who signs in has others. */
  of(deviceId) {
    const mine = this.#mine;
    if (!mine.has(deviceId)) mine.set(deviceId, {});
    return mine.get(deviceId);
  }

  get #mine() {
    const {username} = this.#session;
    if (!this.#kept.has(username)) this.#kept.set(username, new Map());
    return this.#kept.get(username);
  }

  get #isAny() {
    return this.#session.isOpen && [...this.#mine.values()].some((each) => Object.keys(each).length);
  }
}
