"""A photo's way into the cloud through every fault: nothing lost, nothing twice, nothing deleted without a receipt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from frameferry_station.captures import Seq
from frameferry_station.drain import REFUSED_WAIT_S
from frameferry_station.steps import Confirmed, Deferred, Poisoned, Renumbered, Uploaded, Waiting

from tests.station.fake_cloud import (
    DEVICE_ID,
    FORGER,
    PORTAL,
    CutBefore,
    FakeCloud,
    Fault,
    LoseReply,
    Reply,
    api_error,
    s3_error,
)
from tests.station.rig import Died, Life, Rig, jpeg

ROUTES = ("upload-url", "put", "ingest")
TROUBLES: dict[str, Fault] = {
    "cut before": CutBefore(),
    "reply lost": LoseReply(),
    "captive portal": PORTAL,
    "redirect": Reply(302, b"", {"Location": "http://portal.invalid/login"}),
    "empty 200": Reply(200),
    "foreign 403": Reply(403, b"<html>blocked</html>"),
    "gateway error": Reply(502, b"<html>bad gateway</html>"),
}


def contents(rig: Rig, *numbers: int) -> dict[int, list[int]]:
    """Under which seqs each of these photos is held."""
    return {number: rig.cloud.holds(jpeg(number)) for number in numbers}


def test_a_photo_goes_up_is_confirmed_and_leaves_the_queue(rig: Rig) -> None:
    rig.put(0)

    rig.work()

    assert contents(rig, 0) == {0: [0]}
    assert [step for step in rig.steps if isinstance(step, Uploaded | Confirmed)] == [
        Uploaded(Seq(0)),
        Confirmed(Seq(0), "queued"),
    ]
    assert rig.removed == [0]


def test_a_backlog_goes_oldest_first_over_one_connection_each(rig: Rig) -> None:
    rig.put(*range(10))

    rig.work()

    assert [request.seq for request in rig.cloud.ingested] == list(range(10))
    assert rig.cloud.connections == 2


def test_the_newest_goes_first_where_the_owner_wants_it_so(rig: Rig) -> None:
    rig.put(0, 1, 2)
    rig.cloud.settings.upload_policy = "newest_first"

    rig.work()

    assert [request.seq for request in rig.cloud.ingested] == [2, 1, 0]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_on_the_way_loses_and_doubles_nothing(rig: Rig, route: str, trouble: str) -> None:
    rig.put(0, 1)
    rig.cloud.script(route, TROUBLES[trouble], TROUBLES[trouble], TROUBLES[trouble])

    rig.work()

    assert contents(rig, 0, 1) == {0: [0], 1: [1]}
    assert sorted(rig.removed) == [0, 1]
    assert rig.told(Poisoned) == []


def test_a_put_answered_by_a_box_on_the_way_is_no_proof(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.script("put", Reply(200))

    rig.work(5)

    assert rig.removed == []
    assert rig.told(Deferred)
    rig.work()
    assert contents(rig, 0) == {0: [0]}


def test_an_object_that_is_there_already_is_confirmed_without_a_second_upload(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.script("ingest", CutBefore(), CutBefore())

    rig.work()

    assert rig.cloud.requests.count("put") == 2
    assert rig.removed == [0]


def test_a_photo_that_the_cloud_holds_is_not_sent_again(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.hold(0, jpeg(0))

    rig.work()

    assert "put" not in rig.cloud.requests
    assert rig.told(Confirmed) == [Confirmed(Seq(0), "duplicate")]


@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken"])
def test_a_refused_url_is_asked_for_once_more_at_once(rig: Rig, code: str) -> None:
    rig.put(0)
    rig.cloud.script("put", s3_error(400 if code == "ExpiredToken" else 403, code))

    rig.work(1)

    assert rig.cloud.requests.count("upload-url") == 2
    assert rig.removed == [0]


def test_urls_refused_again_are_waited_out_and_never_poison(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.script("put", *[s3_error(403, "AccessDenied")] * 10)

    rig.work(20_000)

    assert rig.removed == [0]
    assert len(rig.told(Waiting)) == 5
    assert rig.told(Poisoned) == []


@pytest.mark.parametrize(
    "fault",
    [
        s3_error(409, "ConditionalRequestConflict"),
        s3_error(400, "RequestTimeout"),
        s3_error(503, "SlowDown"),
        s3_error(500, "InternalError"),
    ],
    ids=lambda fault: str(fault.status),
)
def test_passing_errors_of_s3_are_retried(rig: Rig, fault: Reply) -> None:
    rig.put(0)
    rig.cloud.script("put", fault, fault, fault, fault)

    rig.work()

    assert rig.removed == [0]
    assert rig.told(Poisoned) == []


def test_a_conflict_gives_the_photo_a_new_seq_and_both_are_kept(rig: Rig) -> None:
    rig.cloud.hold(1, b"somebody else's")
    rig.put(0, 1, 2)

    rig.work()

    assert contents(rig, 0, 1, 2) == {0: [0], 1: [3], 2: [2]}
    assert rig.told(Renumbered) == [Renumbered(Seq(1), Seq(3))]
    assert rig.cloud.items[1].size_bytes == len(b"somebody else's")


def test_a_conflict_far_ahead_moves_the_device_s_own_counter(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.hold(0, b"other")
    rig.cloud.hold(499, b"another")

    rig.work()

    assert contents(rig, 0) == {0: [500]}
    assert rig.put(7) == [501]


def test_a_server_that_sees_conflicts_everywhere_is_not_hammered(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.script("upload-url", *[Reply(409, b'{"error": {"code": "conflict"}, "next_seq": 0}')] * 100)

    rig.work(60)

    assert len(rig.told(Renumbered)) < 8
    assert len(rig.state.queue) == 1


def test_a_url_that_was_signed_for_another_length_is_not_used(rig: Rig) -> None:
    rig.put(0)
    place = {"upload_url": f"{rig.cloud.base_url}/s3/x", "object_key": "k", "expires_at": "2026-05-04T12:00:00Z"}
    rig.cloud.script("upload-url", Reply(200, json.dumps({**place, "headers": {"Content-Length": "7"}}).encode()))

    rig.work(1)

    assert "put" not in rig.cloud.requests
    assert [step.reason for step in rig.told(Waiting)] == ["a URL for another length"]


def test_a_conflict_found_only_at_ingest_is_solved_too(rig: Rig) -> None:
    [seq] = rig.put(0)
    capture = rig.state.queue.capture(seq)
    rig.cloud.objects[f"devices/{DEVICE_ID}/2026/05/04/{seq:016d}-{capture.filename}"] = b"put by a thief"

    rig.work()

    assert contents(rig, 0) == {0: [1]}
    assert rig.told(Poisoned) == []


def test_a_forged_receipt_deletes_nothing_and_is_reported(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.signer = FORGER

    rig.work(600)

    assert rig.removed == []
    assert [event.message for event in rig.cloud.events.values() if event.kind == "error"] == [
        "receipt refused: its signature is wrong"
    ]


def test_photos_behind_one_without_a_receipt_go_on(rig: Rig) -> None:
    rig.put(0, 1)
    unproved = Reply(200, b'{"status": "queued", "item_id": "i"}')
    rig.cloud.script("ingest", unproved)

    rig.work(1)

    assert rig.removed == [1]
    rig.work()
    assert rig.removed == [1, 0]


def test_a_refused_photo_is_tried_three_times_over_an_hour_then_set_aside(rig: Rig) -> None:
    rig.put(0, 1)
    rig.cloud.script("upload-url", *[api_error(400, "invalid_filename")], api_error(400, "invalid_filename"))
    rig.work(1)
    assert [step.seq for step in rig.told(Deferred)] == [0, 1]
    rig.cloud.script("upload-url", api_error(400, "invalid_filename"))

    rig.work(REFUSED_WAIT_S + 2)
    rig.cloud.script("upload-url", api_error(400, "invalid_filename"))
    rig.work(2 * REFUSED_WAIT_S)

    assert rig.told(Poisoned) == [Poisoned(Seq(0), "refused: invalid_filename (400)")]
    assert rig.time.elapsed_s >= 2 * REFUSED_WAIT_S
    assert contents(rig, 0, 1) == {0: [], 1: [1]}
    [event] = [event for event in rig.cloud.events.values() if event.kind == "error"]
    assert (event.first_seq, event.last_seq) == (0, 0)
    assert jpeg(0) in (rig.folder / "queue" / "set-aside" / f"{0:016d}.capture").read_bytes()


def test_retry_after_is_honoured_up_to_ten_minutes(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.script("upload-url", api_error(503, "unavailable", Retry_After="40"))
    rig.cloud.script("ingest", api_error(429, "rate_limited", Retry_After="86400"))

    rig.work()

    assert [step.seconds for step in rig.told(Waiting)] == [40.0, 600.0]
    assert rig.removed == [0]


def test_a_photo_over_which_the_server_trips_does_not_hold_up_the_rest(rig: Rig) -> None:
    rig.put(0, 1)
    rig.cloud.script("upload-url", *[api_error(500, "internal")] * 3)

    rig.work(60)

    assert rig.removed == [1]


def test_a_clock_that_was_wrong_costs_the_time_not_the_photo(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.script("ingest", api_error(400, "captured_at_out_of_range"))

    rig.work(1)

    assert [request.ntp_synced for request in rig.cloud.ingested] == [False]
    assert rig.removed == [0]


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("kept", [0, 100, -100])
def test_a_torn_file_is_set_aside_and_reported(rig: Rig, kept: int, restarted: bool) -> None:
    rig.put(0, 1)
    path = rig.folder / "queue" / f"{0:016d}.capture"
    path.write_bytes(path.read_bytes()[:kept])
    rig = rig.restarted() if restarted else rig

    rig.work()

    assert rig.removed == [1]
    assert [step.seq for step in rig.told(Poisoned)] == [0]
    assert any(event.kind == "error" and event.first_seq == 0 for event in rig.cloud.events.values())


@pytest.mark.parametrize("code", ["device_revoked", "invalid_credential"])
def test_a_refused_credential_stops_the_device_and_keeps_its_photos(rig: Rig, code: str) -> None:
    rig.put(0)
    rig.cloud.script("heartbeat", api_error(403 if code == "device_revoked" else 401, code))

    rig.work()

    assert rig.device.end is not None
    assert rig.device.end.name == "REFUSED"
    assert rig.steps[-1].as_json() == {"event": "refused", "code": code}
    assert len(rig.state.queue) == 1


def test_killed_at_every_step_it_goes_on_where_it_was(cloud: FakeCloud, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path)
    for dies_at in range(25):
        first = 4 * dies_at
        rig = rig.restarted(life=Life(dies_at=dies_at))
        assert rig.put(*range(first, first + 4)) == list(range(first, first + 4))
        with pytest.raises(Died):
            rig.work()
    rig = rig.restarted()

    rig.work()

    assert contents(rig, *range(100)) == {number: [number] for number in range(100)}
    assert len(rig.state.queue) == 0
