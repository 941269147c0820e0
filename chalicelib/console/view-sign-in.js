// Signing in. The local cloud prints a link with the login in its fragment, which no server sees: #/sign-in/<name>/<password>.

import {html, nothing} from "./lit.js";
import {PoolUnreachable, SignInRefused} from "./session.js";

/** What to say instead of Cognito's words. */
const REFUSALS = {
  NotAuthorizedException: "Wrong name or password.",
  UserNotFoundException: "Wrong name or password.",
  PasswordResetRequiredException: "Your password must be reset. Ask whoever looks after this stack.",
  UserNotConfirmedException: "This login is not confirmed yet. Ask whoever looks after this stack.",
  InvalidPasswordException: "That password is too weak: at least 12 characters, with capital and small letters and a digit.",
  TooManyRequestsException: "Too many tries. Wait a minute.",
  LimitExceededException: "Too many tries. Wait a minute.",
};

export function signInView(app) {
  let step = "sign_in";
  let trouble = "";
  let isBusy = false;
  let shownName = app.session.username;

  async function tried(deed) {
    if (isBusy) return;
    isBusy = true;
    trouble = "";
    app.changed();
    try {
      step = await deed();
    } catch (error) {
      trouble = inWords(error);
      if (step === "new_password" && error.code === "NotAuthorizedException") {
        step = "sign_in";
        trouble = "That took too long. Sign in once more with the password that you were given.";
      }
    }
    isBusy = false;
    if (step === "in") app.signedIn();
    else app.changed();
  }

  function submitted(event) {
    event.preventDefault();
    const given = new FormData(event.target);
    if (step === "new_password") tried(() => app.session.choosePassword(given.get("new-password")));
    else tried(() => app.session.signIn(given.get("username").trim(), given.get("password")));
  }

  const signIn = () => html`
    <h1>Sign in</h1>
    <label>Name or e-mail
      <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required data-first .value=${shownName}>
    </label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
  `;

  const newPassword = () => html`
    <h1>Choose a password</h1>
    <p class="faint">The one that you were given was for the first time only. At least 12 characters, with capital and small
      letters and a digit.</p>
    <label>New password
      <input name="new-password" type="password" autocomplete="new-password" minlength="12" required data-first>
    </label>
  `;

  return {
    title: "Sign in",
    start() {
      const [name, ...given] = location.hash.replace(/^#\/?/, "").split("/");
      if (name !== "sign-in" || !given[1]) return;
      // Not to be found in the history.
      history.replaceState(null, "", "#/");
      const [username, password] = given.map(decodeURIComponent);
      // Elsewhere such a link would sign somebody in whom its sender chose.
      if (app.session.isLocal) tried(() => app.session.signIn(username, password));
    },
    stop() {},
    template: () => html`
      <form class="alone" @submit=${submitted}>
        <p class="brand"><span aria-hidden="true"></span>Frameferry</p>
        ${step === "new_password" ? newPassword() : signIn()}
        ${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
        <button class="primary" ?disabled=${isBusy}>${isBusy ? "One moment…" : step === "new_password" ? "Go on" : "Sign in"}</button>
      </form>
    `,
  };
}

function inWords(error) {
  if (error instanceof SignInRefused && /expired|attempts exceeded/i.test(error.message)) return error.message;
  if (error instanceof SignInRefused) return REFUSALS[error.code] ?? `The user pool refused: ${error.message || error.code}`;
  if (error instanceof PoolUnreachable) return `${error.message} Check the network and try again.`;
  throw error;
}
