"""The console as somebody uses it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import quote

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from infra.local.owner import Owner

Scheme = Literal["light", "dark"]
DESKTOP, PHONE = (1280, 800), (390, 844)
_SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_SIZES = {"desktop": DESKTOP, "phone": PHONE}
_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
_STEPS, _STEP_MS, _A_LOOK_MS = 30, 2_000, 200
_HAS_AXE = "'axe' in window"
_VIOLATIONS = "async options => (await axe.run(document, options)).violations"
# A window of another size is laid out in one frame, what follows from that is drawn in the next.
_WIDTH = """() => new Promise(done => {
  const width = () => document.documentElement.scrollWidth;
  const after = frames => (frames ? requestAnimationFrame(() => after(frames - 1)) : done(width()));
  after(3);
})"""
_ASK = "fetch('/api/health').then(answer => answer.ok)"

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
        self._heard: list[tuple[Any, Callable[[Any], object]]] = []

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

    def hear(self, event: Any, told: Callable[[Any], object]) -> None:
        """`told` is called with what Playwright's event of that name brings, as long as the window is this test's."""
        self.page.on(event, told)  # type: ignore[arg-type, unused-ignore]
        self._heard.append((event, told))

    def hear_no_more(self) -> None:
        while self._heard:
            self.page.remove_listener(*self._heard.pop())

    def pass_time_until(self, seen: Callable[..., None], *told: object) -> None:
        """`seen` is one of Playwright's expectations, with what it is told. Each time that it is not met yet, the clock
        of the page, which is the test's, goes on by two seconds, up to a minute."""
        for _ in range(_STEPS):
            with suppress(AssertionError):
                return seen(*told, timeout=_A_LOOK_MS)
            self.page.clock.run_for(_STEP_MS)
        seen(*told)

    def said_all(self) -> None:
        """Whatever the page had to ask of the API until now, who hears its requests has heard when this returns."""
        with self.page.expect_response("**/api/health"):
            assert self.page.evaluate(_ASK)

    def barriers(self) -> list[str]:
        """What axe-core finds wrong: rule, and where."""
        if not self.page.evaluate(_HAS_AXE):
            self.page.evaluate(AXE_SCRIPT)
        return [
            f"{violation['id']}: {node['target']} {node.get('failureSummary', '')}"
            for violation in self.page.evaluate(_VIOLATIONS, _RULES)
            for node in violation["nodes"]
        ]

    def barriers_for_anybody(self) -> list[str]:
        """The same by light and in the dark, on a desktop and on a phone; a page that is wider than the window is one,
        too. In the end the window is a desktop's, by light."""
        found: list[str] = []
        for name, (width, height) in reversed(_SIZES.items()):
            self.page.set_viewport_size({"width": width, "height": height})
            taken = self.page.evaluate(_WIDTH)
            if taken > width:
                found.append(f"{name}: {taken} px wide")
            for scheme in reversed(_SCHEMES):
                self.page.emulate_media(color_scheme=scheme)
                found += [f"{name}, {scheme}: {barrier}" for barrier in self.barriers()]
        return found
