"""How the page comes to the browser."""

from __future__ import annotations

import gzip

from playwright.sync_api import Request, Route, expect

from infra.local.cloud import LocalCloud
from tests.browser.conftest import NewWindow

MOST_AT_ONCE = 8
"""Of the ten function calls that a new AWS account may have at once."""
MOST_BYTES = 100_000


def test_the_page_asks_for_few_modules_at_once(new_window: NewWindow) -> None:
    console = new_window()
    begun: dict[str, float] = {}
    ended: dict[str, float] = {}
    kept: set[str] = set()
    network = console.page.context.new_cdp_session(console.page)
    network.on("Network.requestWillBeSent", lambda it: begun.update({it["requestId"]: it["timestamp"]}))
    network.on("Network.loadingFinished", lambda it: ended.update({it["requestId"]: it["timestamp"]}))
    network.on("Network.requestServedFromCache", lambda it: kept.add(it["requestId"]))
    network.on(
        "Network.responseReceived", lambda it: kept.add(it["requestId"]) if it["response"]["fromDiskCache"] else None
    )
    network.send("Network.enable")
    network.send("Network.clearBrowserCache")
    console.open()
    expect(console.page.get_by_role("heading", name="Sign in")).to_be_visible()
    network.detach()

    asked = [(begun[one], ended[one]) for one in begun.keys() & ended.keys() - kept]
    most = max(sum(start <= at < end for start, end in asked) for at, _ in asked)
    assert len(asked) > 20
    assert 1 < most <= MOST_AT_ONCE


def test_a_module_that_is_refused_for_the_moment_is_asked_for_again(new_window: NewWindow) -> None:
    console = new_window()
    refused: set[str] = set()

    def refuse_once(route: Route) -> None:
        if route.request.url in refused or "boot" in route.request.url or "modules" in route.request.url:
            route.continue_()
            return
        refused.add(route.request.url)
        route.fulfill(status=429, body="{}")

    console.page.context.new_cdp_session(console.page).send("Network.clearBrowserCache")
    console.page.route("**/assets/*.js", refuse_once)
    console.open()

    expect(console.page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=30_000)
    assert len(refused) > 5


def test_the_first_page_is_small(new_window: NewWindow, cloud: LocalCloud) -> None:
    """What comes before and after signing in, each part compressed as API Gateway does it."""
    console = new_window()
    finished: list[Request] = []
    console.page.context.new_cdp_session(console.page).send("Network.clearBrowserCache")
    console.hear("requestfinished", lambda request: finished.append(request))
    console.sign_in_by_link(cloud.new_owner("somebody new"))
    expect(console.page.get_by_text("No camera yet")).to_be_visible()

    bodies: dict[str, bytes] = {}
    for request in list(finished):
        answer = request.response()
        if "/api/" in request.url and answer is not None and answer.ok:
            bodies[request.url] = answer.body()
    sent = sum(len(gzip.compress(body, 6)) if len(body) >= 1024 else len(body) for body in bodies.values())
    assert len(bodies) > 20
    assert sent <= MOST_BYTES, sent
