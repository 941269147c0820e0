// Signing in at the user pool, by Amazon Cognito's API: InitiateAuth, RespondToAuthChallenge, RevokeToken.
// Tokens live in this object and nowhere else: a reload signs out.

const EARLY_MS = 60_000;
/** Refusals after which a refresh token is no good any more. */
const FINAL = new Set(["NotAuthorizedException", "UserNotFoundException", "PasswordResetRequiredException"]);

export class SignInRefused extends Error {
  /** @param {string} code Cognito's name of the exception. */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** No answer, or none in the pool's form. */
export class PoolUnreachable extends Error {}

export class Session {
  #settings;
  #fetch;
  #now;
  #tokens = null;
  #challenge = null;
  #refreshing = null;

  /**
   * @param {{sign_in_url: string, client_id: string}} settings of console.json
   * @param {() => void} onEnd called when the tokens are no good any more
   */
  constructor(settings, onEnd, {fetch = globalThis.fetch.bind(globalThis), now = Date.now} = {}) {
    this.#settings = settings;
    this.#fetch = fetch;
    this.#now = now;
    this.onEnd = onEnd;
    this.username = "";
  }

  /** Whether the user pool is the local cloud's. */
  get isLocal() {
    return this.#settings.sign_in_url.startsWith("/");
  }

  get isOpen() {
    return this.#tokens !== null;
  }

  /** Gives "in", or "new_password" where the owner must choose one first. Throws SignInRefused, PoolUnreachable. */
  async signIn(username, password) {
    this.username = username;
    return this.#begun(
      await this.#ask("InitiateAuth", {
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: {USERNAME: username, PASSWORD: password},
      }),
    );
  }

  /** After "new_password". Throws as signIn. */
  async choosePassword(password) {
    const {name, session} = this.#challenge;
    return this.#begun(
      await this.#ask("RespondToAuthChallenge", {
        ChallengeName: name,
        Session: session,
        ChallengeResponses: {USERNAME: this.username, NEW_PASSWORD: password},
      }),
    );
  }

  /** An access token that is good for a while. Throws PoolUnreachable; null where the session is over. */
  async token() {
    if (this.#tokens && this.#now() > this.#tokens.endsAt - EARLY_MS) await this.refresh();
    return this.#tokens?.access ?? null;
  }

  /** For a token that the API does not take any more. Several askers at once are one refresh. */
  async refresh() {
    this.#refreshing ??= this.#refreshed().finally(() => (this.#refreshing = null));
    await this.#refreshing;
  }

  async signOut() {
    const refresh = this.#tokens?.refresh;
    this.#tokens = null;
    if (refresh) await this.#ask("RevokeToken", {Token: refresh}).catch(() => {});
  }

  async #refreshed() {
    const refresh = this.#tokens?.refresh;
    if (!refresh) return;
    try {
      const told = await this.#ask("InitiateAuth", {
        AuthFlow: "REFRESH_TOKEN_AUTH",
        AuthParameters: {REFRESH_TOKEN: refresh},
      });
      // Signed out meanwhile, or signed in anew.
      if (this.#tokens?.refresh === refresh) this.#keep(told.AuthenticationResult, refresh);
    } catch (error) {
      if (!(error instanceof SignInRefused) || !FINAL.has(error.code)) throw error;
      if (this.#tokens?.refresh !== refresh) return;
      this.#tokens = null;
      this.onEnd();
    }
  }

  #begun(told) {
    if (told.AuthenticationResult) {
      this.#challenge = null;
      this.#keep(told.AuthenticationResult, told.AuthenticationResult.RefreshToken);
      return "in";
    }
    if (told.ChallengeName !== "NEW_PASSWORD_REQUIRED") {
      throw new SignInRefused("UnknownChallenge", `The user pool asks for ${told.ChallengeName}, which this page cannot do.`);
    }
    this.#challenge = {name: told.ChallengeName, session: told.Session};
    return "new_password";
  }

  #keep(result, refresh) {
    this.#tokens = {
      access: result.AccessToken,
      refresh: result.RefreshToken ?? refresh,
      endsAt: this.#now() + result.ExpiresIn * 1000,
    };
  }

  async #ask(action, body) {
    let answer, told;
    try {
      answer = await this.#fetch(this.#settings.sign_in_url, {
        method: "POST",
        headers: {
          "Content-Type": "application/x-amz-json-1.1",
          "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
        },
        body: JSON.stringify({ClientId: this.#settings.client_id, ...body}),
      });
      told = answer.ok && action === "RevokeToken" ? {} : await answer.json();
    } catch (error) {
      throw new PoolUnreachable("The sign-in service cannot be reached.", {cause: error});
    }
    if (answer.ok) return told;
    if (answer.status >= 500) throw new PoolUnreachable("The sign-in service is busy.");
    throw new SignInRefused(String(told.__type ?? "").split("#").pop(), told.message ?? "");
  }
}
