"""The console as somebody uses it."""

from __future__ import annotations

from urllib.parse import quote

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from infra.local.owner import Owner

_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

# The page draws at the next frame after the event, before those who asked for that frame later.
_FOLLOWED = """fragment => new Promise(done => {
  if (location.hash === fragment) return done();
  addEventListener("hashchange", () => requestAnimationFrame(() => done()), {once: true});
  location.hash = fragment;
})"""


class Console:
    """One window. `page` is Playwright's."""

    def __init__(self, page: Page, api_url: str) -> None:
        self.page = page
        self._api_url = api_url

    def open(self, fragment: str = "") -> None:
        """Anew: nobody is signed in then."""
        self.page.goto("about:blank")
        self.page.goto(f"{self._api_url}/{fragment}")

    def sign_in_by_link(self, owner: Owner) -> None:
        """The link that `make run` prints."""
        self.open(f"#/sign-in/{quote(owner.username)}/{quote(owner.password, safe='')}")
        expect(self.page.get_by_role("navigation", name="Main")).to_be_visible()

    def sign_in(self, username: str, password: str) -> None:
        self.page.get_by_label("Name or e-mail").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def go(self, fragment: str) -> None:
        """As a link on the page does; nothing of the view before is in the page any more when this returns."""
        self.page.evaluate(_FOLLOWED, fragment)

    def barriers(self) -> list[str]:
        """What axe-core finds wrong: rule, and where."""
        found = Axe().run(self.page, options=_RULES).response
        return [
            f"{violation['id']}: {node['target']} {node.get('failureSummary', '')}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
