// Requests to the API. Every failure is an ApiError, or Unreachable where nobody of ours has answered.

export class ApiError extends Error {
  constructor(status, code, message, retryAfterS) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/** No network, a gateway's page, or an answer that is not in the API's form. */
export class Unreachable extends Error {}

/** The owner has to sign in again. */
export class SignedOut extends Error {}

export class Api {
  #session;
  #fetch;

  /** How far this machine's clock is behind the server's, in ms. */
  behindMs = 0;

  /** @param {(isReachable: boolean) => void} onReach called after each answer, and after each that did not come */
  constructor(session, onReach, {fetch = globalThis.fetch.bind(globalThis)} = {}) {
    this.#session = session;
    this.#fetch = fetch;
    this.onReach = onReach;
  }

  get(path, query = {}, options = {}) {
    return this.#asked("GET", path, {query, ...options});
  }

  post(path, body = {}, options = {}) {
    return this.#asked("POST", path, {body, ...options});
  }

  patch(path, body, options = {}) {
    return this.#asked("PATCH", path, {body, ...options});
  }

  delete(path, options = {}) {
    return this.#asked("DELETE", path, options);
  }

  /** Page after page of a list; each as the API gives it. */
  async *pages(path, query = {}, options = {}) {
    let cursor = null;
    do {
      const page = await this.get(path, cursor ? {...query, cursor} : query, options);
      yield page;
      cursor = page.cursor;
    } while (cursor);
  }

  async #asked(method, path, options) {
    try {
      return await this.#sent(method, path, options);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      await this.#session.refresh();
      return this.#sent(method, path, options);
    }
  }

  async #sent(method, path, {query, body, signal}) {
    const token = await this.#session.token();
    if (!token) throw new SignedOut();
    const headers = {Authorization: `Bearer ${token}`};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await this.#answer(path, query, {method, headers, signal, body: body && JSON.stringify(body)});
    const told = await inOurForm(answer);
    const serverMs = Date.parse(answer.headers.get("Date"));
    if (told !== null && serverMs) this.behindMs = serverMs - Date.now();
    this.onReach(told !== null);
    if (told === null) throw new Unreachable(`The API did not answer (${answer.status}).`);
    if (answer.ok) return told;
    throw new ApiError(answer.status, told.error.code, told.error.message, Number(answer.headers.get("Retry-After")) || null);
  }

  async #answer(path, query, request) {
    const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    try {
      return await this.#fetch(`.${path}${text && `?${text}`}`, {...request, cache: "no-store"});
    } catch (error) {
      if (error.name === "AbortError") throw error;
      this.onReach(false);
      throw new Unreachable("The API cannot be reached.", {cause: error});
    }
  }
}

/** The JSON of an answer of the API's; null for anybody else's. */
async function inOurForm(answer) {
  try {
    const told = await answer.json();
    return answer.ok || told?.error?.code ? told : null;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return null;
  }
}
