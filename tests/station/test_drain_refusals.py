"""What the cloud does not take, what the card spoils, and what becomes of the rest meanwhile."""

from __future__ import annotations

import pytest
from frameferry_station.captures import Seq
from frameferry_station.drain import REFUSED_WAIT_S
from frameferry_station.steps import Deferred, Poisoned, Uploaded

from tests.station.fake_cloud import (
    api_error,
    s3_error,
)
from tests.station.rig import Rig, as_they_were, firsts, held
from tests.station.samples import jpeg


def test_a_pack_that_makes_every_sync_a_bad_request_is_found_and_set_aside(rig: Rig) -> None:
    rig.put(*range(9))
    rig.cloud.refuses.add(3)
    rig.work(600)
    assert held(rig, 0, 6) == as_they_were(0, 6)
    assert rig.told(Poisoned) == []

    rig.work(2 * REFUSED_WAIT_S + 600)

    assert [(step.first_seq, step.last_seq) for step in rig.told(Poisoned)] == [(3, 5)]
    assert rig.time.elapsed_s >= 2 * REFUSED_WAIT_S
    [event] = [event for event in rig.cloud.events.values() if event.kind == "error"]
    assert (event.first_seq, event.last_seq) == (3, 5)
    assert jpeg(3) in (rig.folder / "queue" / "set-aside" / f"{3:016d}-5f0c7a52.zip").read_bytes()


def test_a_pack_over_which_the_api_trips_does_not_hold_up_the_rest(rig: Rig) -> None:
    rig.put(*range(9))
    rig.cloud.trips_over.add(3)

    rig.work(200)

    assert held(rig, *range(9)) == {number: [number] if number // 3 != 1 else [] for number in range(9)}
    assert {step.first_seq for step in rig.told(Deferred)} == {3}
    assert rig.told(Poisoned) == []
    rig.cloud.trips_over.clear()
    rig.work()
    assert held(rig, *range(9)) == as_they_were(*range(9))


def test_a_sync_that_is_never_taken_blames_nobody(rig: Rig) -> None:
    rig.put(*range(6))
    rig.cloud.script("sync", *[api_error(404, "not_found")] * 200)

    rig.work(7200)

    assert (rig.told(Poisoned), rig.told(Deferred)) == ([], [])
    assert len(rig.state.outbox) == 1
    assert rig.cloud.requests.count("sync") < 130
    rig.cloud.faults.clear()
    rig.work()
    assert held(rig, *range(6)) == as_they_were(*range(6))


def test_an_object_that_s3_refuses_for_good_is_tried_three_times_over_an_hour(rig: Rig) -> None:
    rig.put(*range(6))
    rig.cloud.script("put", *[s3_error(400, "EntityTooLarge")] * 2)
    rig.work(1)
    assert [step.first_seq for step in rig.told(Deferred)] == [0, 3]
    rig.cloud.script("put", s3_error(400, "EntityTooLarge"))
    rig.work(REFUSED_WAIT_S + 2)
    rig.cloud.script("put", s3_error(400, "EntityTooLarge"))

    rig.work(2 * REFUSED_WAIT_S)

    assert [step.reason for step in rig.told(Poisoned)] == ["set aside, refused: EntityTooLarge (400)"]
    assert held(rig, 3) == as_they_were(3)


def test_a_pack_that_rots_on_the_card_is_named_anew_as_it_is(rig: Rig) -> None:
    rig.put(0, 1, 2)
    rig.device.sync_step()
    path = next((rig.folder / "queue").glob("*.zip"))
    path.write_bytes(path.read_bytes().replace(rig.kept.pop(1)[:100], bytes(100)))

    rig.work()

    assert rig.cloud.requests.count("put") == 2
    assert (len(rig.queue), rig.cloud.damaged) == (0, {1})


def test_a_pack_cut_short_on_the_card_loses_what_is_gone_and_tells_so(rig: Rig) -> None:
    rig.put(*range(6))
    rig.device.sync_step()
    path = rig.folder / "queue" / f"{0:016d}-5f0c7a52.zip"
    path.write_bytes(path.read_bytes()[:1500])

    rig.work()

    assert held(rig, 0, 3, 4, 5) == as_they_were(0, 3, 4, 5)
    assert rig.told(Poisoned) == [Poisoned("damaged on the card", Seq(1), Seq(2))]
    assert len(rig.queue) == 0


def test_a_pack_evicted_while_it_is_sent_is_no_error(rig: Rig) -> None:
    rig.put(*range(6))
    rig.device.sync_step()
    rig.queue.remove(rig.queue.packs()[0])
    rig.kept.clear()

    rig.work()

    assert firsts(rig.told(Uploaded)) == [3]


@pytest.mark.parametrize("code", ["device_revoked", "invalid_credential"])
def test_a_refused_credential_stops_the_device_and_keeps_its_photos(rig: Rig, code: str) -> None:
    rig.put(0)
    rig.cloud.script("sync", api_error(403 if code == "device_revoked" else 401, code))

    rig.work()

    assert rig.device.end is not None
    assert rig.device.end.name == "REFUSED"
    assert rig.steps[-1].as_json() == {"event": "refused", "code": code}
    assert len(rig.queue) == 1
