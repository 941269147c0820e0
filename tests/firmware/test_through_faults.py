"""The firmware's core over a card, values and connections that fail by chance: no photo lost unsaid, none doubled."""

from __future__ import annotations

import random
from collections.abc import Callable

from infra.local.cloud import LocalCloud
from infra.local.link.profile import LAN
from tests.e2e.people import JsonObject, OwnerCaller
from tests.firmware.camera import FirmwareCamera, Life
from tests.tiny_jpegs import tiny_jpeg

PROFILE = LAN
LIVES, PER_LIFE = 8, 6
KILLED = 137
PATIENCE_S = 5.0
# No full card: that gives up its oldest pack, and says so.
OF_THE_CARD = "write-error@1/20,write-short@1/12,sync-error@1/12,value-error@1/60"
OF_THE_NETWORK = "refused@1/8,no-name@1/12,drop-up:1500@1/6,drop-down:300@1/6"


def faults_of(life: int) -> str:
    """Every second life is killed, if it gets so far. No read fails three times, or its sector would be a bad one."""
    chance = random.Random(life)
    starts = [5 * each + chance.randint(0, 2) for each in chance.sample(range(1, 60), 20)]
    reads = ",".join(f"read-error@{start}..{start + 1}" for start in starts)
    kill = f",{chance.choice(['kill', 'kill-short'])}@{chance.randint(2, 6)}" if life % 2 else ""
    return f"{reads},{OF_THE_CARD},{OF_THE_NETWORK}{kill}"


def photo(number: int) -> bytes:
    """Each has a length of its own."""
    jpeg = tiny_jpeg(number)
    text = bytes(2000 + number - len(jpeg))
    return jpeg[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2) + text + jpeg[2:]


def captured(life: Life, shown: list[bytes]) -> dict[int, bytes]:
    by_size = {len(jpeg): jpeg for jpeg in shown}
    return {step["seq"]: by_size[step["size_bytes"]] for step in life.steps("captured")}


def test_drain_through_random_faults_ends_with_each_photo_once_and_byte_for_byte(
    cloud: LocalCloud,
    owner: OwnerCaller,
    camera: FirmwareCamera,
    bytes_of: Callable[[list[JsonObject]], dict[int, bytes]],
) -> None:
    taken = [photo(number) for number in range(LIVES * PER_LIFE)]
    assert len({len(jpeg) for jpeg in taken}) == len(taken)
    told: dict[int, bytes] = {}
    struck: set[str] = set()
    ends: list[int] = []
    assert camera.start(taken[:1], count=0).wait() == 0
    for number in range(LIVES):
        shown = taken[number * PER_LIFE : (number + 1) * PER_LIFE]
        life = camera.start(shown, "--pack-captures", "2", "--faults", faults_of(number), "--fault-seed", str(number))
        ends.append(life.end_within(PATIENCE_S))
        told |= captured(life, shown)
        struck |= {step["kind"] for step in life.steps("fault")}
        if ends[-1] != KILLED:
            assert life.count("captured") + life.count("capture_failed") >= PER_LIFE, life.told()
    last = camera.start(taken[:1], count=0)
    assert last.wait() == 0, last.told()
    cloud.settle()

    assert set(ends) == {0, KILLED}
    assert len(struck) >= 7
    items = owner.items()
    held = bytes_of(items)
    assert len(told) > PER_LIFE
    assert {item["status"] for item in items} == {"processed"}
    assert {seq: held.get(seq) for seq in told} == told
    assert len(set(held.values())) == len(held)
    assert set(held.values()) <= set(taken)
    assert camera.packs() == []


def test_card_that_gives_nothing_back_for_a_while_loses_no_photo(
    cloud: LocalCloud,
    owner: OwnerCaller,
    camera: FirmwareCamera,
    bytes_of: Callable[[list[JsonObject]], dict[int, bytes]],
) -> None:
    taken = [photo(number) for number in range(6)]
    life = camera.start(taken, "--pack-captures", "2", "--faults", "read-error@1..")
    life.waits_for("captured", len(taken))
    life.waits_for("waiting")
    assert life.stop() == 0
    assert not life.steps("poison")
    assert not life.steps("uploaded")

    last = camera.start(taken[:1], count=0)
    assert last.wait() == 0, last.told()
    cloud.settle()
    assert bytes_of(owner.items()) == dict(enumerate(taken))
    events = owner.events(owner.ask("GET", "/devices")["items"][0]["device_id"])
    assert "the card gives nothing back; its packs stay" in [event["details"].get("message") for event in events]


def test_faults_that_are_none_are_refused_and_said_so(camera: FirmwareCamera) -> None:
    life = camera.start([photo(0)], "--faults", "drop-up@3")
    assert life.wait() == 2
    assert '"drop-up@3": after how many bytes?' in life.told()
