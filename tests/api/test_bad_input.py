"""Bad input, a row each: a clear error, and nothing stored that was not there before."""

from __future__ import annotations

import io

import pytest

from chalicelib.api.errors import STATUSES
from tests.api.bad_device_requests import device_rows
from tests.api.bad_owner_requests import owner_rows
from tests.api.bad_requests import Bad, new_scene, shared_rows
from tests.api.bad_sync_requests import sync_rows
from tests.api.client import REQUEST_ID
from tests.api.scene import World, what_is_stored

ROWS = [*shared_rows(), *device_rows(), *sync_rows(), *owner_rows()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_bad_request_is_refused_and_changes_nothing(world: World, row: Bad) -> None:
    scene = new_scene(world)
    row.given(scene)
    body = row.body(scene) if callable(row.body) else row.body
    stored = what_is_stored(world)

    answer = row.send(scene, body)

    assert (answer.status, answer.code) == (row.status, row.code)
    assert answer.json["error"]["request_id"] == REQUEST_ID
    assert answer.json["error"]["message"]
    assert ("retry-after" in answer.headers) == (row.status in (429, 503))
    assert ("next_seq" in answer.json) == (row.code == "conflict")
    assert what_is_stored(world) == stored


def test_every_code_of_the_table_is_reached() -> None:
    assert {row.code: row.status for row in ROWS} == STATUSES


def test_no_two_rows_are_the_same() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_an_unexpected_error_tells_the_caller_nothing_and_the_log_no_secret(world: World, log: io.StringIO) -> None:
    (row,) = (row for row in ROWS if row.code == "internal")
    scene = new_scene(world)
    row.given(scene)

    answer = row.send(scene, None)

    assert "secret" not in answer.body.decode()
    assert REQUEST_ID in log.getvalue()
    assert "RuntimeError" in log.getvalue()
    assert scene.owner.headers["Authorization"] not in log.getvalue()
    assert scene.camera.token not in log.getvalue()


def test_a_refused_request_is_not_logged(world: World, log: io.StringIO) -> None:
    scene = new_scene(world)
    scene.camera.post("/devices/events", {"kind": "explosion"})

    assert log.getvalue() == ""
