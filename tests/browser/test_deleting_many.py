"""Many photos are deleted: how far it is, a stop, and what becomes of those that cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, Route, expect

from infra.local.cloud import LocalCloud
from tests.browser.answers import Held, refusal
from tests.browser.conftest import NewConsole
from tests.browser.console import Console
from tests.e2e.a_day_of_photos import fill_a_day
from tests.e2e.conftest import remove_devices
from tests.e2e.people import DeviceCaller, OwnerCaller

NINE = datetime(2026, 6, 3, 9, tzinfo=UTC)
ITEM = re.compile(r"/api/items/[0-9a-f-]+/\d+$")
UNDO_MS = 6_500

Delete = Callable[[Callable[[int, Route], None]], None]


@pytest.fixture(scope="module")
def camera(running_cloud: LocalCloud) -> Iterator[DeviceCaller]:
    """Its photos stay: no test lets the cloud hear of what it deletes."""
    cloud = running_cloud
    with (
        OwnerCaller(cloud.api_url, cloud.owner.token) as owner,
        DeviceCaller(cloud.api_url, owner.pair("Barn")["pairing_code"]) as made,
    ):
        fill_a_day(cloud, made, NINE, photos=20, size=(160, 120))
        yield made
    remove_devices(cloud)


@pytest.fixture
def console(new_console: NewConsole) -> Console:
    """Its time is the test's; what is deleted in it stays out of its sight."""
    made: Console = new_console(has_clock=True)
    return made


@pytest.fixture
def page(console: Console, camera: DeviceCaller) -> Page:
    """A day of twenty photos."""
    console.go(f"#/photos/2026-06-03/{camera.device_id}")
    expect(console.page.locator(".grid .cell img")).to_have_count(20)
    return console.page


@pytest.fixture
def delete_all(page: Page) -> Delete:
    """Deletes the twenty; `answer` gets the number of each DELETE, and its route. Nothing is deleted in the cloud."""

    def deleted(answer: Callable[[int, Route], None]) -> None:
        asked: list[Route] = []

        def take(route: Route) -> None:
            if route.request.method != "DELETE":
                route.continue_()
                return
            asked.append(route)
            answer(len(asked), route)

        page.route(ITEM, take)
        page.get_by_role("button", name="Select all photos of 11:00").click()
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("20 photos deleted")).to_be_visible()
        page.clock.run_for(UNDO_MS)

    return deleted


def shown(page: Page, count: int) -> None:
    expect(page.locator(".grid .cell img")).to_have_count(count)


def test_how_far_it_is_is_said_and_the_rest_stays_when_it_is_stopped(
    page: Page, delete_all: Delete, console: Console
) -> None:
    held = Held()

    def up_to_the_eighth(number: int, route: Route) -> None:
        if number < 8:
            route.fulfill(json={})
        else:
            held(route)

    delete_all(up_to_the_eighth)
    expect(page.get_by_text("7 of 20 photos deleted")).to_be_visible()
    assert console.barriers() == []
    page.get_by_role("button", name="Stop").click()
    held.next(page).fulfill(json={})

    expect(page.get_by_text("8 of 20 photos deleted. 12 photos stay.")).to_be_visible()
    shown(page, 12)
    console.said_all()
    assert len(held) == 0


def test_what_cannot_be_deleted_is_told_until_somebody_has_read_it_and_stays(
    page: Page, delete_all: Delete, console: Console
) -> None:
    refused = refusal("conflict", "It is being looked at.")
    delete_all(lambda number, route: route.fulfill(status=409, json=refused) if number == 3 else route.fulfill(json={}))

    told = page.get_by_text("1 of 20 photos could not be deleted. It is being looked at.")
    expect(told).to_be_visible()
    shown(page, 1)
    page.clock.run_for(60_000)
    expect(told).to_be_visible()
    assert console.barriers() == []

    page.get_by_role("button", name="Dismiss").click()
    expect(told).to_be_hidden()


def test_where_nobody_answers_the_rest_stays_and_can_be_tried_again(page: Page, delete_all: Delete) -> None:
    asked: list[int] = []

    def away_after_five(number: int, route: Route) -> None:
        asked.append(number)
        if 5 < number <= 6:
            route.abort()
        else:
            route.fulfill(json={})

    delete_all(away_after_five)
    expect(page.get_by_text("15 of 20 photos could not be deleted. The API cannot be reached.")).to_be_visible()
    shown(page, 15)
    assert asked == [1, 2, 3, 4, 5, 6]

    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("15 photos deleted")).to_be_visible()
    page.mouse.move(0, 0)  # who points at a message has all the time
    with page.expect_response(lambda _: len(asked) == 6 + 15):
        page.clock.run_for(UNDO_MS)


def test_what_is_left_to_be_told_is_not_told_to_the_next_who_signs_in(page: Page, delete_all: Delete) -> None:
    delete_all(lambda _, route: route.abort())
    expect(page.get_by_text("could not be deleted")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_text("could not be deleted")).to_be_hidden()


@pytest.mark.parametrize("ending", ["done", "lost"])
def test_what_is_not_deleted_when_its_owner_signs_out_is_there_when_they_sign_in_again(
    page: Page, delete_all: Delete, console: Console, cloud: LocalCloud, ending: str
) -> None:
    held = Held()
    delete_all(lambda _, route: held(route))
    expect(page.get_by_text("0 of 20 photos deleted")).to_be_visible()
    asked = held.next(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    if ending == "done":
        asked.fulfill(json={})
    else:
        asked.abort()
    console.sign_in(cloud.owner.username, cloud.owner.password)

    shown(page, 20)
    expect(page.locator(".toast")).to_have_count(0)
    console.said_all()
    assert len(held) == 0
