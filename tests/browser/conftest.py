"""The console in Debian's Chromium, against the local cloud."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from infra.local.cloud import LocalCloud
from infra.local.owner import Owner
from tests.browser.console import Console
from tests.browser.windows import PATIENCE_MS, Window, Windows
from tests.e2e.conftest import device_ids, remove_devices
from tests.e2e.people import DeviceCaller, OwnerCaller

NewConsole = Callable[..., Console]
NewCamera = Callable[..., DeviceCaller]
NewWindow = Callable[..., Console]
expect.set_options(timeout=PATIENCE_MS)
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


@pytest.fixture(scope="package")
def windows(browser: Browser, running_cloud: LocalCloud) -> Windows:
    return Windows(browser, running_cloud)


@pytest.fixture
def new_window(windows: Windows, cloud: LocalCloud) -> Iterator[NewWindow]:
    """Makes a window of its own with nothing in it; no script error, and nothing that the policy refused, may be left
    at the end."""
    opened: list[Window] = []

    def made(*, has_clock: bool = False) -> Console:
        opened.append(windows.open(has_clock=has_clock))
        return opened[-1].console

    yield made
    troubles = [trouble for window in opened for trouble in window.troubles]
    for window in opened:
        windows.close(window)
    assert troubles == []


@pytest.fixture
def new_console(new_window: NewWindow, cloud: LocalCloud) -> NewConsole:
    """Makes a window of its own in which somebody, mostly the owner, has just signed in: for a test that has its clock,
    its history or its cache to itself, or hears of what it asks for."""

    def made(owner: Owner = cloud.owner, *, has_clock: bool = False) -> Console:
        console = new_window(has_clock=has_clock)
        console.sign_in_by_link(owner)
        return console

    return made


@pytest.fixture
def console(windows: Windows, cloud: LocalCloud) -> Iterator[Console]:
    """A window in which the owner has signed in: another test's, where that left nothing behind in it."""
    window = windows.take_signed_in()
    yield window.console
    troubles = list(window.troubles)
    windows.give_back(window)
    assert troubles == []
