"""The console in Debian's Chromium, against the local cloud."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from infra.local.cloud import LocalCloud
from tests.browser.console import Console
from tests.e2e.conftest import device_ids, remove_devices
from tests.e2e.people import DeviceCaller, OwnerCaller

NewConsole = Callable[..., Console]
NewCamera = Callable[..., DeviceCaller]
Scheme = Literal["light", "dark"]
DESKTOP, PHONE = (1280, 800), (390, 844)
_PATIENCE_MS = 15_000
expect.set_options(timeout=_PATIENCE_MS)
_QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="package")  # its loop runs in this thread, where others want one of their own
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "the tests of the console need Debian's chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=_QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def running_cloud() -> Iterator[LocalCloud]:
    with LocalCloud(schedule_interval_s=100_000) as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> Iterator[LocalCloud]:
    """After each test its devices are gone; those that a file shares stay."""
    before = device_ids(running_cloud)
    yield running_cloud
    running_cloud.faults.clear()
    running_cloud.settle()
    remove_devices(running_cloud, but=before)


@pytest.fixture
def owner(cloud: LocalCloud) -> Iterator[OwnerCaller]:
    """The same person without a browser."""
    with OwnerCaller(cloud.api_url, cloud.owner.token) as caller:
        yield caller


@pytest.fixture
def new_camera(cloud: LocalCloud, owner: OwnerCaller) -> Iterator[NewCamera]:
    """Activates a camera of that name, which does what the test says; the owner's, or that owner's who is given."""
    with ExitStack() as open_:

        def made(name: str, of: OwnerCaller = owner) -> DeviceCaller:
            return open_.enter_context(DeviceCaller(cloud.api_url, of.pair(name)["pairing_code"]))

        yield made


@pytest.fixture
def new_console(browser: Browser, cloud: LocalCloud) -> Iterator[NewConsole]:
    """Makes a window of its own that has loaded the console; no script error, and nothing that the policy refused, may
    be left at the end."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def opened(
        *, signed_in: bool = True, size: tuple[int, int] = DESKTOP, scheme: Scheme = "light", touch: bool = False
    ) -> Console:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            has_touch=touch,
            locale="en-GB",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(_PATIENCE_MS)
        page = context.new_page()
        _watch(page, troubles)
        console = Console(page, cloud.api_url)
        if signed_in:
            console.sign_in_by_link(cloud.owner)
        else:
            console.open()
        return console

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def console(new_console: NewConsole) -> Console:
    return new_console()


def _watch(page: Page, troubles: list[str]) -> None:
    page.on("pageerror", lambda error: troubles.append(str(error)))

    def said(message: ConsoleMessage) -> None:
        # What a server refused or a network lost is for the page to show; all else is a fault of the page.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            troubles.append(message.text)

    page.on("console", said)
