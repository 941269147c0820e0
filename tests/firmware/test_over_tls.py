"""The firmware's core over a hotspot with TLS: paired, drained, killed again and again; nothing is lost or doubled."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from infra.local.cloud import LocalCloud
from infra.local.link.faults import Drop
from infra.local.link.hotspot import HotspotLink
from infra.local.link.profile import HOTSPOT
from infra.local.link.tls import Authority
from tests.e2e.people import JsonObject, OwnerCaller
from tests.firmware.camera import FirmwareCamera, Life
from tests.firmware.conftest import NewCamera
from tests.tiny_jpegs import tiny_jpeg

PROFILE = replace(HOTSPOT, up_bit_s=50e6, down_bit_s=50e6, rtt_s=0.004, full_handshake_cpu_s=0.01)
PHOTOS, KILLS = 200, 50
PER_LIFE = 3

BytesOf = Callable[[list[JsonObject]], dict[int, bytes]]


def photos(first: int, count: int) -> list[bytes]:
    """Each is another one, by its comment."""
    return [commented(tiny_jpeg(number), b"%08d" % number) for number in range(first, first + count)]


def commented(jpeg: bytes, text: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2) + text + jpeg[2:]


def test_camera_pairs_and_drains_with_one_full_handshake_a_host(
    cloud: LocalCloud, link: HotspotLink, owner: OwnerCaller, camera: FirmwareCamera, bytes_of: BytesOf
) -> None:
    link.reset_stats()
    taken = photos(0, 45)
    life = camera.start(taken)
    assert life.wait() == 0, life.told()
    cloud.settle()

    assert life.steps()[0]["event"] == "activated"
    counts = [life.count(event) for event in ("captured", "sealed", "uploaded", "confirmed")]
    assert counts == [45] * 4
    items = owner.items()
    assert {item["status"] for item in items} == {"processed"}
    assert bytes_of(items) == dict(enumerate(taken))
    assert camera.packs() == []
    counted = link.stats()
    assert counted.total.handshakes_full == 2


def test_a_link_that_is_cut_while_a_pack_goes_up_loses_and_doubles_nothing(
    cloud: LocalCloud, link: HotspotLink, owner: OwnerCaller, camera: FirmwareCamera, bytes_of: BytesOf
) -> None:
    link.plan.add("s3", Drop("up", 5000))
    link.plan.add("api", Drop("down", 700))
    taken = photos(100, 30)
    life = camera.start(taken)
    assert life.wait() == 0, life.told()
    cloud.settle()

    assert life.steps("waiting")
    assert bytes_of(owner.items()) == dict(enumerate(taken))


def test_camera_says_nothing_to_a_server_that_it_has_no_reason_to_trust(
    owner: OwnerCaller, new_camera: NewCamera, tmp_path: Path
) -> None:
    stranger = Authority("localhost")
    try:
        life = new_camera(trusted=stranger.ca_file).start(photos(0, 1))
        life.waits_for("waiting")
        assert life.steps("waiting")[0]["reason"] == "no connection: TLS failed"
        assert not life.steps("activated")
    finally:
        stranger.close()


def test_camera_that_is_killed_fifty_times_sends_each_photo_once_and_byte_for_byte(
    cloud: LocalCloud, owner: OwnerCaller, camera: FirmwareCamera, bytes_of: BytesOf
) -> None:
    chance = random.Random(20261121)
    told: dict[int, bytes] = {}
    all_photos = photos(1000, KILLS * PER_LIFE + PHOTOS)
    unseen = 0
    for number in range(KILLS):
        shown = all_photos[number * PER_LIFE : (number + 1) * PER_LIFE]
        life = camera.start(shown, "--pack-captures", str(PER_LIFE))
        time.sleep(chance.uniform(0.05, 0.7))
        life.kill()
        told |= captured(life, shown)
        unseen += len(life.steps("captured")) < PER_LIFE  # it may have been killed before it could tell

    assert camera.start(all_photos[:1], count=0).wait() == 0
    cloud.settle()
    missing = PHOTOS - len(owner.items())
    assert 0 < missing < PHOTOS
    shown = all_photos[-missing:]
    last = camera.start(shown)
    assert last.wait() == 0, last.told()
    told |= captured(last, shown)
    cloud.settle()

    items = owner.items()
    assert len(items) == PHOTOS
    assert {item["status"] for item in items} == {"processed"}
    held = bytes_of(items)
    assert {seq: held.get(seq) for seq in told} == told
    assert len(set(held) - set(told)) <= unseen
    assert len(set(held.values())) == PHOTOS
    assert set(held.values()) <= set(all_photos)
    assert camera.packs() == []


def captured(life: Life, shown: list[bytes]) -> dict[int, bytes]:
    seqs = [step["seq"] for step in life.steps("captured")]
    return dict(zip(seqs, shown, strict=False))
