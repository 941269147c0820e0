"""What S3's events and the schedule set off."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

import app
from chalicelib import wiring
from chalicelib.api import functions
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.ids import Seq
from chalicelib.domain.item import ItemStatus
from chalicelib.domain.storage import Fetched
from infra.local.schedule import scheduled_event
from tests.api.s3_events import created, record
from tests.api.scene import Camera, World
from tests.fakes.objects import FakeCaptures
from tests.pack_files import Shot
from tests.services.pack_scene import shots, taken_at, upload
from tests.services.stubborn import stubborn
from tests.tiny_jpegs import not_a_jpeg, tiny_jpeg


@dataclass
class Context:
    remaining_ms: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


class FailingCaptures(FakeCaptures):
    """Cannot give the object whose key ends so."""

    failing = "-2.jpg"

    def fetch(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        if key.endswith(self.failing):
            raise Unavailable(1)
        return super().fetch(key, version_id, at_most_bytes=at_most_bytes)


def uploaded(world: World, device: Camera, seq: int, jpeg: bytes | None = None) -> str:
    asked = {"filename": f"2026-05-04-{seq}.jpg", "content_type": "image/jpeg", "seq": seq}
    key: str = device.post("/devices/upload-url", asked).json["object_key"]
    world.captures.upload(key, jpeg or tiny_jpeg(seq))
    return key


def statuses(world: World) -> dict[int, ItemStatus]:
    return {item.seq: item.status for item in world.items.all()}


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_every_record_of_an_event_is_processed(world: World, camera: Camera) -> None:
    keys = [uploaded(world, camera, seq) for seq in (1, 2, 3)]

    app.process_object(created(*keys), Context())

    assert statuses(world) == dict.fromkeys((1, 2, 3), ItemStatus.PROCESSED)


def test_one_object_that_fails_does_not_stop_the_others_and_the_event_is_told_again(
    world: World, camera: Camera
) -> None:
    keys = [uploaded(world, camera, seq) for seq in (1, 2, 3)]
    busy = FailingCaptures(world.clock)
    vars(busy).update(vars(world.captures))
    wiring.install(replace(world, captures=busy))

    with pytest.raises(functions.ObjectsFailed, match="1 of 3"):
        app.process_object(created(*keys), Context())

    assert statuses(world) == {1: ItemStatus.PROCESSED, 3: ItemStatus.PROCESSED}
    wiring.install(world)
    app.process_object(created(*keys), Context())
    assert statuses(world) == dict.fromkeys((1, 2, 3), ItemStatus.PROCESSED)


def test_an_object_of_another_bucket_is_left_alone(world: World, camera: Camera) -> None:
    key = uploaded(world, camera, 1)

    app.process_object(created(key, bucket="somebody-elses"), Context())

    assert statuses(world) == {}


def test_a_record_of_another_kind_is_left_alone(world: World, camera: Camera) -> None:
    key = uploaded(world, camera, 1)

    app.process_object({"Records": [record(key, kind="ObjectRemoved:Delete")]}, Context())

    assert statuses(world) == {}


def test_what_is_no_s3_event_is_logged_and_dropped(world: World, log: io.StringIO) -> None:
    functions.process_objects({"Records": [{"s3": "?"}]})

    assert [line["message"] for line in lines(log)] == ["not an S3 event"]


def test_a_photo_is_one_line_in_the_log_with_its_metrics(
    world: World, camera: Camera, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = uploaded(world, camera, 1), uploaded(world, camera, 2, not_a_jpeg(2))

    app.process_object(created(good, bad), Context())

    told = [(line["message"], line["device_id"], line["seq"], line["outcome"]) for line in metrics(capsys)]
    assert told == [("object", camera.device_id, 1, "processed"), ("object", camera.device_id, 2, "rejected")]
    assert lines(log) == []


def test_an_object_that_brought_no_photo_is_one_line_without_metrics(
    world: World, camera: Camera, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    key = uploaded(world, camera, 1)
    app.process_object(created(key), Context())
    capsys.readouterr()

    app.process_object(created(key), Context())

    assert [(line["message"], line["outcome"]) for line in lines(log)] == [("object", "already_done")]
    assert metrics(capsys) == []


def test_a_pack_is_one_line_that_counts_its_photos(
    world: World, camera: Camera, capsys: pytest.CaptureFixture[str]
) -> None:
    device = world.devices.get(camera.device_id)
    assert device is not None
    content = [*shots((1, 2)), Shot(3, not_a_jpeg(3), taken_at(3), clock_synced=True)]
    named = upload(world, device, content)

    app.process_object(created(named.object_key), Context())

    (told,) = metrics(capsys)
    assert (told["PhotosProcessed"], told["PhotosRejected"]) == (2, 1)
    assert told["BytesProcessed"] == sum(len(shot.jpeg) for shot in content)
    assert told["captures"] == {"processed": 2, "rejected": 1}


def test_a_photo_of_a_pack_that_cannot_be_examined_says_why(
    world: World, camera: Camera, capsys: pytest.CaptureFixture[str]
) -> None:
    device = world.devices.get(camera.device_id)
    assert device is not None
    named = upload(world, device, shots((1, 2)))
    wiring.install(stubborn(world, 2))

    app.process_object(created(named.object_key), Context())

    (told,) = metrics(capsys)
    assert told["captures"] == {"processed": 1, "postponed": 1}
    assert told["errors"] == ["MemoryError"]


def test_a_photo_is_counted(world: World, camera: Camera, capsys: pytest.CaptureFixture[str]) -> None:
    key = uploaded(world, camera, 1)
    world.clock.advance(2)

    app.process_object(created(key), Context())

    (counted,) = metrics(capsys)
    assert counted["_aws"] == {
        "Timestamp": round(world.clock().timestamp() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": "Frameferry",
                "Dimensions": [["service"]],
                "Metrics": [{"Name": "PhotosProcessed"}, {"Name": "BytesProcessed"}, {"Name": "ProcessingLatency"}],
            }
        ],
    }
    assert counted["service"]
    assert counted["PhotosProcessed"] == 1
    assert counted["BytesProcessed"] == len(tiny_jpeg(1))
    assert counted["ProcessingLatency"] == 2000


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def test_the_schedule_finds_an_object_whose_event_was_lost(
    world: World, camera: Camera, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    uploaded(world, camera, 1)
    world.clock.advance(3600)

    app.reconcile(scheduled_event(world.clock()), Context())

    assert statuses(world) == {1: ItemStatus.PROCESSED}
    (line,) = lines(log)
    assert line["findings"] == {"found_processed": 1}
    (counted,) = metrics(capsys)
    assert counted["ReconcilerFindings"] == 1
    assert counted["DevicesSeen"] == 1


def test_the_schedule_begins_nothing_when_its_time_is_up(world: World, camera: Camera) -> None:
    uploaded(world, camera, 1)
    world.clock.advance(3600)

    app.reconcile(scheduled_event(world.clock()), Context(remaining_ms=5_000))

    assert world.items.get(camera.device_id, Seq(1)) is None
