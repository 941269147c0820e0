"""A clip that ffmpeg made goes up and is seen, over the strict S3 front."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from frameferry_station import ffmpeg
from frameferry_station.relay.clip_files import make_clip
from PIL import Image

from infra.local.cloud import LocalCloud
from tests.clips import of_ffmpeg, segment_of_ffmpeg
from tests.e2e.bucket import Bucket
from tests.e2e.people import DeviceCaller, JsonObject, OwnerCaller, sha256_hex
from tests.pictures import photo

AS_CLIP: JsonObject = {"filename": "2026-05-04T12-00-00Z_000007.mp4", "content_type": "video/mp4"}


def sent(device: DeviceCaller, mp4: bytes) -> JsonObject:
    """Gives the answer to its ingest call."""
    target = device.target(7, mp4, **AS_CLIP)
    assert device.put(target, mp4).status_code == 200
    return device.ingest(target, 7, sha256=sha256_hex(mp4), content_type="video/mp4")


def test_a_clip_is_received_processed_shown_in_parts_and_deleted(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, tmp_path: Path
) -> None:
    mp4 = of_ffmpeg(tmp_path, photo(640, 480), "-movflags", "+faststart")
    assert sent(device, mp4)["receipt"]["state"] == "held"
    cloud.settle()
    (listed,) = owner.items()
    assert (listed["content_type"], listed["duration_ms"], listed["width"]) == ("video/mp4", 1500, 128)

    item = owner.item(device.device_id, 7)
    part = owner.s3.get(item["photo"]["url"], headers={"Range": "bytes=4-11"})
    assert (part.status_code, part.content) == (206, mp4[4:12])
    assert part.headers["Content-Type"] == "video/mp4"
    assert owner.photo(item) == mp4
    assert Image.open(BytesIO(owner.thumbnail(item))).size == (320, 240)

    owner.ask("DELETE", f"/items/{device.device_id}/7")
    for name in (cloud.outputs.captures_bucket, cloud.outputs.derived_bucket):
        assert Bucket(cloud.client("s3"), name).of_device(device.device_id) == []


def test_a_clip_whose_index_comes_last_is_kept_and_named(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, tmp_path: Path
) -> None:
    mp4 = of_ffmpeg(tmp_path, photo(64, 48))
    sent(device, mp4)
    cloud.settle()
    item = owner.item(device.device_id, 7)
    assert (item["status"], item["reject_reason"]) == ("rejected", "no_moov_in_front")
    assert owner.photo(item) == mp4


def test_a_clip_of_a_device_that_cannot_hash_is_received_once_it_is_processed(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, tmp_path: Path
) -> None:
    mp4 = of_ffmpeg(tmp_path, photo(64, 48), "-movflags", "+faststart")
    target = device.target(7, **AS_CLIP)
    assert device.put(target, mp4).status_code == 200
    cloud.settle()
    assert device.ingest(target, 7)["receipt"]["sha256"] == sha256_hex(mp4)
    assert owner.item(device.device_id, 7)["status"] == "processed"


def test_a_segment_of_a_stream_becomes_a_clip_with_its_first_picture(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, tmp_path: Path
) -> None:
    segment, clip = tmp_path / "segment.mp4", tmp_path / "clip.mp4"
    segment_of_ffmpeg(segment)
    make_clip(lambda arguments, *, folder: ffmpeg.started(arguments, folder=folder), segment, clip)

    sent(device, clip.read_bytes())
    cloud.settle()

    item = owner.item(device.device_id, 7)
    assert (item["status"], item["duration_ms"], item["width"], item["height"]) == ("processed", 3000, 320, 240)
    assert Image.open(BytesIO(owner.thumbnail(item))).size == (320, 240)
