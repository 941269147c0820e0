"""Faults on demand, and the counts of what went through the strict S3 front."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.local.faults import EventFault, Faults
from infra.local.stats import Stats
from tests.contract.s3_front_rig import JPEG, Rig, running_rig

LOST = (ConnectionError, TimeoutError)


@pytest.fixture(scope="module")
def running() -> Iterator[Rig]:
    with running_rig() as rig:
        yield rig


@pytest.fixture
def rig(running: Rig) -> Iterator[Rig]:
    running.control("DELETE", "stats")
    yield running
    running.control("DELETE", "faults")


def test_refusals_come_as_told_and_then_end(rig: Rig) -> None:
    assert rig.control("POST", "faults", {"refuse": {"count": 2}}).status == 200
    upload = rig.presign_put()
    refused = [rig.put(upload) for _ in range(2)]
    assert [(reply.status, reply.code) for reply in refused] == [(503, "SlowDown")] * 2
    assert rig.stored(upload.key) is None
    assert rig.put(upload).status == 200


def test_refusal_with_a_status_a_code_and_a_method_of_ones_own(rig: Rig) -> None:
    fault = {"count": 1, "status": 500, "code": "InternalError", "method": "PUT"}
    rig.control("POST", "faults", {"refuse": fault})
    get = rig.sdk().generate_presigned_url("list_objects_v2", Params={"Bucket": rig.bucket})
    assert rig.send("GET", get).status == 200
    reply = rig.put(rig.presign_put())
    assert (reply.status, reply.code) == (500, "InternalError")


def test_body_is_cut_at_its_byte_and_nothing_is_stored(rig: Rig) -> None:
    rig.control("POST", "faults", {"cut_body": {"count": 1, "at_byte": 5}})
    upload = rig.presign_put()
    with pytest.raises(LOST):
        rig.put(upload)
    assert rig.stored(upload.key) is None
    assert rig.put(upload).status == 200


def test_cut_comes_while_a_slow_client_still_sends(rig: Rig) -> None:
    rig.control("POST", "faults", {"cut_body": {"count": 1, "at_byte": 5}})
    upload = rig.presign_put()
    with rig.socket() as connection:
        connection.sendall(rig.raw_head("PUT", upload.url, upload.headers) + JPEG[:5])
        with pytest.raises(LOST):
            connection.recv(1)
    assert rig.stored(upload.key) is None


def test_answer_is_cut_after_the_object_was_stored(rig: Rig) -> None:
    rig.control("POST", "faults", {"cut_answer": {"count": 1}})
    upload = rig.presign_put()
    with pytest.raises(LOST):
        rig.put(upload)
    assert rig.stored(upload.key) == JPEG
    assert rig.changes[-1].key == upload.key
    assert rig.put(upload).status == 412


def test_cut_answer_waits_for_a_put_that_stores(rig: Rig) -> None:
    rig.control("POST", "faults", {"cut_answer": {"count": 1}})
    assert rig.put(rig.presign_put(), JPEG[::-1]).code == "BadDigest"
    assert rig.control("GET", "faults").json == {"cut_answer": {"count": 1}}


def test_slow_request_waits(rig: Rig) -> None:
    rig.control("POST", "faults", {"slow": {"count": 1, "seconds": 0.2}})
    started_s = time.monotonic()
    assert rig.put(rig.presign_put()).status == 200
    assert time.monotonic() - started_s >= 0.2
    assert rig.control("GET", "faults").json == {}


def test_faults_that_are_left_can_be_read_and_cleared(rig: Rig) -> None:
    rig.control("POST", "faults", {"refuse": {"count": 3}})
    rig.control("POST", "faults", {"events": {"duplicate": 1, "delay": {"count": 2, "seconds": 0.5}}})
    left = {"refuse": {"count": 3}, "events": {"duplicate": 1, "delay": {"count": 2, "seconds": 0.5}}}
    assert rig.control("GET", "faults").json == left
    assert rig.control("DELETE", "faults").json == {}
    assert rig.put(rig.presign_put()).status == 200


@pytest.mark.parametrize(
    "plan",
    [
        {"refuse": 3},
        {"refuse": {"status": 503}},
        {"refuse": {"count": -1}},
        {"refuse": {"count": 1, "status": 200}},
        {"cut_body": {"count": 1, "at_byte": -1}},
        {"cut_boody": {"count": 1}},
        {"events": {"duplicates": 1}},
        {"slow": {"count": 1, "seconds": "long"}},
        [],
        "nonsense",
    ],
)
def test_wrong_fault_is_refused_and_sets_nothing(rig: Rig, plan: Any) -> None:
    reply = rig.control("POST", "faults", plan)
    assert (reply.status, reply.json["error"]["code"]) == (400, "invalid_faults")
    assert rig.control("GET", "faults").json == {}


def test_fault_that_is_no_json_is_refused(rig: Rig) -> None:
    reply = rig.send("POST", f"{rig.front.url}/_local/faults", b"{")
    assert (reply.status, reply.json["error"]["code"]) == (400, "invalid_faults")


@pytest.mark.parametrize(("method", "what", "status"), [("GET", "nothing", 404), ("PUT", "stats", 405)])
def test_unknown_control_is_refused(rig: Rig, method: str, what: str, status: int) -> None:
    assert rig.control(method, what).status == status


def test_event_faults_are_used_up_one_event_at_a_time() -> None:
    faults = Faults()
    faults.add_json(b'{"events": {"drop": 1, "duplicate": 2, "delay": {"count": 1, "seconds": 0.5}, "reorder": 1}}')
    assert [faults.take_event_fault() for _ in range(4)] == [
        EventFault(copies=0),
        EventFault(copies=2, delay_s=0.5, reorder=True),
        EventFault(copies=2),
        EventFault(copies=1),
    ]


def test_fault_is_taken_exactly_count_times_by_many_threads() -> None:
    faults = Faults()
    faults.add_json(b'{"refuse": {"count": 50}}')
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: faults.take_refuse("PUT") is not None, range(200)))
    assert sum(taken) == 50


def test_requests_are_counted_by_kind_with_their_bytes_and_statuses(rig: Rig) -> None:
    upload = rig.presign_put()
    rig.put(upload)
    rig.put(upload)
    rig.sdk().get_object(Bucket=rig.bucket, Key=upload.key)["Body"].read()
    rig.send("GET", f"{rig.front.url}/{rig.bucket}/{upload.key}")
    stats = rig.control("GET", "stats").json
    assert set(stats["requests"]) == {"s3:PUT presigned", "s3:GET signed", "s3:GET anonymous"}
    puts = stats["requests"]["s3:PUT presigned"]
    assert (puts["count"], puts["statuses"]) == (2, {"200": 1, "412": 1})
    assert puts["bytes_in"] == 2 * len(
        rig.raw_head("PUT", upload.url, {**upload.headers, "Accept-Encoding": "identity"}) + JPEG
    )
    assert stats["requests"]["s3:GET signed"]["bytes_out"] > len(JPEG)
    assert stats["requests"]["s3:GET anonymous"]["statuses"] == {"403": 1}
    assert stats["connections"] == {"s3": 4}


def test_dropped_connection_is_counted_as_status_0(rig: Rig) -> None:
    rig.control("POST", "faults", {"cut_answer": {"count": 1}})
    with pytest.raises(LOST):
        rig.put(rig.presign_put())
    assert rig.control("GET", "stats").json["requests"]["s3:PUT presigned"]["statuses"] == {"0": 1}


def test_reset_stats_are_empty_and_control_requests_are_not_counted(rig: Rig) -> None:
    rig.put(rig.presign_put())
    assert rig.control("DELETE", "stats").json == {"requests": {}, "connections": {}}
    assert rig.control("GET", "stats").json == {"requests": {}, "connections": {}}


def test_stats_add_up_over_many_threads() -> None:
    stats = Stats()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(200):
            pool.submit(stats.record, "api:POST /devices/ingest", bytes_in=3, bytes_out=5, status=200)
            pool.submit(stats.connection_opened, "api")
    counted = {"count": 200, "bytes_in": 600, "bytes_out": 1000, "statuses": {"200": 200}}
    assert stats.snapshot() == {"requests": {"api:POST /devices/ingest": counted}, "connections": {"api": 200}}


def test_front_stops_at_once_though_connections_are_open_and_a_request_is_slow() -> None:
    with running_rig() as rig:
        rig.control("POST", "faults", {"slow": {"count": 1, "seconds": 60}})
        upload = rig.presign_put()
        with rig.socket() as idle, rig.socket() as busy:
            busy.sendall(rig.raw_head("PUT", upload.url, upload.headers) + JPEG)
            while rig.control("GET", "faults").json:
                time.sleep(0.01)
            started_s = time.monotonic()
            rig.front.stop()
            assert time.monotonic() - started_s < 20
            assert idle.recv(1) == b""
