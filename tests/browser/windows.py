"""Windows of one browser, lent to one test after the other: a new one costs more than most tests do in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Page, TimeoutError, ViewportSize

from infra.local.cloud import LocalCloud
from tests.browser.console import DESKTOP, Console

PATIENCE_MS = 15_000
_SIZE: ViewportSize = {"width": DESKTOP[0], "height": DESKTOP[1]}
_TO_COME_TO_REST_MS = 1_000
_IDLE = "#/pair"
"""A page that asks for nothing."""
_IS_IN_USE = """document.querySelector("nav[aria-label=Main]") !== null && !Object.hasOwn(document, "hidden") &&
  String(setTimeout).includes("[native code]")"""
_TIME_IS_REAL = "String(setTimeout).includes('[native code]')"
_SHOWS_NOTHING_OF_BEFORE = """idle => location.hash === idle && document.querySelector("[data-first]")?.value === "" &&
  document.querySelector(".toast, .banner, [role=dialog]") === null &&
  dispatchEvent(new Event("beforeunload", {cancelable: true}))"""
# The last: nothing waits that the owner would be asked about.


@dataclass
class Window:
    """`troubles` are script errors, and what the policy refused."""

    console: Console
    troubles: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.console.page


class Windows:
    """Of people who speak English in Berlin and want little motion.

    Nothing of a page outlives it but what the browser's cache has: the console keeps nothing in a browser. A clock that
    is the test's outlives it, too, and so there are windows for those who want one.
    """

    def __init__(self, browser: Browser, cloud: LocalCloud) -> None:
        self._browser = browser
        self.cloud = cloud
        self._free: dict[bool, list[Window]] = {False: [], True: []}
        self._signed_in: Window | None = None

    def open(self, *, has_clock: bool = False) -> Window:
        """An empty page. With a clock its time is the test's to move; by itself it goes on as time does."""
        window = self._free[has_clock].pop() if self._free[has_clock] else self._new()
        if has_clock:
            window.page.clock.install()
        return window

    def close(self, window: Window) -> None:
        page = window.page
        window.troubles.clear()
        window.console.hear_no_more()
        page.unroute_all()
        page.goto("about:blank")
        page.set_viewport_size(_SIZE)
        page.emulate_media(color_scheme="light")
        self._free[not page.evaluate(_TIME_IS_REAL)].append(window)

    def discard(self, window: Window) -> None:
        window.page.context.close()

    def take_signed_in(self) -> Window:
        """One in which the owner has signed in, and in which nothing is left of what another test did."""
        window, self._signed_in = self._signed_in, None
        if window is None:
            window = self.open()
            window.console.sign_in_by_link(self.cloud.owner)
        return window

    def give_back(self, window: Window) -> None:
        window.page.unroute_all()
        if not window.troubles and self._is_as_it_was(window):
            window.page.set_viewport_size(_SIZE)
            self._signed_in = window
        else:
            self.close(window)

    def _is_as_it_was(self, window: Window) -> bool:
        if not window.page.evaluate(_IS_IN_USE):
            return False
        window.console.go(_IDLE)
        try:
            window.page.wait_for_function(_SHOWS_NOTHING_OF_BEFORE, arg=_IDLE, timeout=_TO_COME_TO_REST_MS)
        except TimeoutError:
            return False
        return True

    def _new(self) -> Window:
        context = self._browser.new_context(
            viewport=_SIZE, color_scheme="light", locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        window = Window(Console(page, self.cloud.api_url))
        _watch(page, window.troubles)
        return window


def _watch(page: Page, troubles: list[str]) -> None:
    page.on("pageerror", lambda error: troubles.append(str(error)))

    def said(message: ConsoleMessage) -> None:
        # What a server refused or a network lost is for the page to show; all else is a fault of the page.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            troubles.append(message.text)

    page.on("console", said)
