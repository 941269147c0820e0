"""A backlog drained by syncs, over real sockets: signed URLs, receipts and all that a device has to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from nacl.exceptions import BadSignatureError

from chalicelib import wiring
from chalicelib.domain.clock import from_text, utc_now
from infra.local.cloud import TARGET, LocalCloud
from infra.local.faults import CutAnswer, CutBody, FaultPlan
from infra.receipt_key import remove_receipt_key, rotate_receipt_key
from infra.secrets import secret_names
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import MoveClock
from tests.e2e.packing import (
    DONE,
    STORED,
    TEN,
    Offered,
    believed,
    pack,
    put,
    receipts,
    send,
    shots,
    single,
    sync,
    taken_at,
    text,
)
from tests.e2e.people import DeviceCaller, JsonObject, OwnerCaller
from tests.pack_files import BOOT_ID, Shot
from tests.tiny_jpegs import tiny_jpeg

CLOCK = {"boot_id": BOOT_ID, "uptime_ms": 60_000, "next_seq": 1325, "oldest_seq": 1}
MINUTE = timedelta(minutes=1)


def alone(seq: int) -> Offered:
    return single(seq, tiny_jpeg(seq), captured_at=text(taken_at(seq)), ntp_synced=True)


def packed(device: DeviceCaller, first: int, count: int = 5) -> Offered:
    return pack(device, shots(range(first, first + count)))


def gaps(owner: OwnerCaller, device: DeviceCaller, since: Any, until: Any) -> list[JsonObject]:
    within = {"from": text(since), "to": text(until), "device_id": device.device_id}
    found: list[JsonObject] = owner.ask("GET", "/timeline", params=within)["gaps"]
    return found


def test_packs_and_singles_go_up_under_one_answer_and_get_their_receipts(device: DeviceCaller) -> None:
    offered = [packed(device, 1), packed(device, 6), alone(11), alone(12)]

    wanted = sync(device, clock=CLOCK, health={"queue_depth": 12}, objects=[each.named for each in offered])
    pairs = zip(wanted["objects"], offered, strict=True)
    statuses = [put(device, wanted["uploads"], answer, each).status_code for answer, each in pairs]
    again = put(device, wanted["uploads"], wanted["objects"][0], offered[0]).status_code
    answers = receipts(device, *offered, clock=CLOCK)

    assert (statuses, again) == ([STORED] * 4, DONE)
    assert [believed(device, each, answer) for each, answer in zip(offered, answers, strict=True)] == ["held"] * 4


def test_what_is_signed_for_one_object_carries_no_other(device: DeviceCaller) -> None:
    one, other = packed(device, 1), packed(device, 6)

    wanted = sync(device, objects=[one.named, other.named])
    first, second = wanted["objects"]

    def status(answer: JsonObject, offered: Offered) -> int:
        return put(device, wanted["uploads"], answer, offered).status_code

    assert status(first, other) in (400, 403)
    assert status({**first, "tail": second["tail"]}, one) == 403
    assert status({**second, "tail": "packs/x.zip"}, other) == 403


def test_a_conflict_within_a_pack_is_found_in_its_bytes(cloud: LocalCloud, device: DeviceCaller) -> None:
    device.send(3, tiny_jpeg(99))
    cloud.settle()
    offered = packed(device, 1)
    send(device, offered, clock=CLOCK)

    (answer,) = receipts(device, offered, clock=CLOCK)

    assert believed(device, offered, answer) == "held"
    assert answer["except"] == [{"seq": 3, "next_seq": 1325}]


def test_a_single_that_conflicts_goes_up_under_another_seq(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    device.send(1, tiny_jpeg(99))
    cloud.settle()

    (answer,) = sync(device, objects=[alone(1).named])["objects"]
    moved = single(answer["conflict"], tiny_jpeg(1), captured_at=text(taken_at(1)), ntp_synced=True)
    send(device, moved)
    cloud.settle()

    assert answer == {"conflict": 2}
    assert owner.photo(owner.item(device.device_id, 2)) == tiny_jpeg(1)
    assert owner.photo(owner.item(device.device_id, 1)) == tiny_jpeg(99)


def test_all_that_a_device_says_in_one_sync_arrives(device: DeviceCaller, owner: OwnerCaller) -> None:
    owner.ask("POST", f"/devices/{device.device_id}/commands", json={"kind": "capture_now"})
    (command,) = sync(device)["commands"]

    answer = sync(
        device,
        health={"queue_depth": 7},
        clock=CLOCK,
        events=[
            {"kind": "motion", "occurred_at": text(TEN)},
            {"kind": "evicted", "occurred_at": text(TEN), "first_seq": 1, "last_seq": 20},
            {"kind": "paused", "occurred_at": text(TEN)},
        ],
        acks=[{"command_id": command["command_id"]}],
        settings_version=device.activation["settings_version"],
        receipt_key_ids=[*device.activation["receipt_keys"]],
    )

    assert answer.keys() == {"server_time", "settings_version", "events", "acks"}
    assert (answer["events"], answer["acks"]) == (["accepted"] * 3, ["done"])
    assert owner.ask("GET", f"/devices/{device.device_id}")["health"]["queue_depth"] == 7
    assert {event["kind"] for event in owner.events(device.device_id)} == {"motion", "evicted", "paused"}


def test_a_sync_whose_answer_was_lost_changes_nothing_when_it_is_told_again(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    owner.ask("POST", f"/devices/{device.device_id}/commands", json={"kind": "reboot"})
    (command,) = sync(device)["commands"]
    sent = packed(device, 1)
    send(device, sent)
    cloud.settle()
    told: JsonObject = {
        "health": {"queue_depth": 7},
        "clock": CLOCK,
        "objects": [sent.sent, packed(device, 6).named],
        "events": [{"kind": "boot", "occurred_at": text(TEN)}],
        "acks": [{"command_id": command["command_id"], "status": "failed", "detail": "no"}],
    }
    first, again = sync(device, **told), sync(device, **told)

    assert (first["events"], again["events"]) == (["accepted"], ["duplicate"])
    assert (first["acks"], again["acks"]) == (["failed"], ["failed"])
    assert first["objects"][0] == again["objects"][0]
    assert first["objects"][1]["tail"] == again["objects"][1]["tail"]
    assert len(owner.events(device.device_id)) == 1
    assert captures.of_device(device.device_id) == [sent.pack_key(device.device_id)], "what is wanted is not written"
    assert len(owner.items()) == 5


def test_settings_come_with_the_sync_after_their_change(device: DeviceCaller, owner: OwnerCaller) -> None:
    known = device.activation["settings_version"]
    assert "settings" not in sync(device, settings_version=known)
    owner.ask("PATCH", f"/devices/{device.device_id}", json={"settings": {"interval_s": 77}})

    answer = sync(device, settings_version=known)

    assert (answer["settings_version"], answer["settings"]["interval_s"]) == (known + 1, 77)
    assert "settings" not in sync(device, settings_version=answer["settings_version"])


def test_a_hundred_objects_are_asked_for_at_once(device: DeviceCaller) -> None:
    offered = [alone(seq) for seq in range(100)]
    send(device, *offered[:50])

    answers = receipts(device, *offered)

    assert [bool(answer) for answer in answers] == [True] * 50 + [False] * 50
    assert {believed(device, *each) for each in zip(offered[:50], answers[:50], strict=True)} == {"held"}


def test_another_device_gets_nothing_of_it(new_device: Callable[[], DeviceCaller]) -> None:
    one, other = new_device(), new_device()
    offered = packed(one, 1)
    send(one, offered)

    assert receipts(other, offered) == [{}]


def test_what_is_sent_but_not_there_is_asked_for_again(device: DeviceCaller) -> None:
    lost = packed(device, 1)

    assert receipts(device, lost, alone(9)) == [{}, {}]
    (answer,) = sync(device, objects=[lost.named])["objects"]

    assert answer.keys() == {"tail", "signature"}


def test_an_upload_that_was_cut_goes_on_under_the_same_url(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    """First the body, of which nothing is stored; then the answer, after all was."""
    offered = packed(device, 1)
    wanted = sync(device, objects=[offered.named])
    for cut in (FaultPlan(cut_body=CutBody(count=1, at_byte=700)), FaultPlan(cut_answer=CutAnswer(count=1))):
        cloud.faults.add(cut)
        with pytest.raises(httpx.TransportError):
            put(device, wanted["uploads"], wanted["objects"][0], offered)

    assert put(device, wanted["uploads"], wanted["objects"][0], offered).status_code == DONE
    assert [believed(device, offered, each) for each in receipts(device, offered)] == ["held"]
    cloud.settle()
    assert len(owner.items()) == 5


class _Processes:
    """Lambda, as far as a rotation knows it: a change of configuration starts new processes."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud

    def update_function_configuration(self, **_: str) -> None:
        wiring.install(self._cloud.new_stacks())

    def get_waiter(self, _: str) -> _Processes:
        return self

    def wait(self, **_: object) -> None:
        """They are there at once."""


@pytest.fixture
def aws(cloud: LocalCloud) -> Iterator[Callable[[str], Any]]:
    """What a rotation works on. Afterwards the receipt key is what it was."""
    ssm, name, real = cloud.client("ssm"), secret_names(TARGET.stack_name).receipt_key, wiring.current()
    value = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    yield lambda service: _Processes(cloud) if service == "lambda" else cloud.client(service)
    ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
    wiring.install(real)


def test_a_device_gets_new_receipt_keys_before_it_needs_them(
    cloud: LocalCloud, device: DeviceCaller, aws: Callable[[str], Any]
) -> None:
    offered, old = packed(device, 1), device.activation["receipt_keys"]
    send(device, offered)
    (before,) = receipts(device, offered)
    new_id = rotate_receipt_key(aws, TARGET.stack_name)
    wiring.install(cloud.new_stacks())

    answer = sync(device, objects=[offered.sent], receipt_key_ids=[*old])
    (after,), keys = answer["objects"], answer["receipt_keys"]

    assert (before["receipt"]["key_id"], after["receipt"]["key_id"]) == (*old, new_id)
    assert believed(device, offered, after, keys) == believed(device, offered, before, keys) == "held"
    with pytest.raises(BadSignatureError):
        believed(device, offered, after, {new_id: old[before["receipt"]["key_id"]]})
    assert "receipt_keys" not in sync(device, receipt_key_ids=[*keys])

    remove_receipt_key(aws, TARGET.stack_name, *old)
    assert sync(device, receipt_key_ids=[*keys])["receipt_keys"].keys() == {new_id}


def test_photos_without_a_clock_get_the_time_of_their_boot_even_alone(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    hour_ago = {"boot_id": BOOT_ID, "uptime_ms": 600_000}
    offered = single(1, tiny_jpeg(1), **hour_ago)
    before = utc_now() - timedelta(hours=1)
    send(device, offered, clock={"boot_id": BOOT_ID, "uptime_ms": 4_200_000, "next_seq": 2})
    after = utc_now() - timedelta(hours=1)
    cloud.settle()

    (item,) = owner.items()

    ms = timedelta(milliseconds=1)
    assert item["captured_at_confidence"] == "solved"
    assert before - ms <= from_text(item["captured_at"]) <= after + ms


def test_what_devices_tell_explains_the_gaps_of_the_timeline(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    owner.ask("PATCH", f"/devices/{device.device_id}", json={"settings": {"interval_s": 30}})
    other_boot = "b" * 16
    # 1 to 4, then 5 to 8 given up; 9 to 12, then a pause; 13 to 16, then off; 17 to 20; 21 to 24 are on the card.
    runs = [
        shots(range(1, 5)),
        shots(range(9, 13)),
        shots(range(13, 17), since=TEN + 30 * MINUTE),
        shots(range(17, 21), since=TEN + 90 * MINUTE, boot_id=other_boot),
    ]
    send(device, *(pack(device, run) for run in runs))
    sync(
        device,
        clock={"boot_id": other_boot, "uptime_ms": 600_000, "next_seq": 25, "oldest_seq": 21},
        events=[
            {"kind": "evicted", "occurred_at": text(taken_at(9)), "first_seq": 5, "last_seq": 8},
            {"kind": "paused", "occurred_at": text(taken_at(12))},
            {"kind": "resumed", "occurred_at": text(taken_at(13) + 30 * MINUTE)},
            {"kind": "boot", "occurred_at": text(taken_at(17) + 90 * MINUTE)},
        ],
    )
    cloud.settle()

    found = gaps(owner, device, TEN, TEN + timedelta(hours=4))

    assert [(gap["reason"], gap.get("first_seq"), gap.get("last_seq")) for gap in found] == [
        ("evicted", 5, 8),
        ("paused", None, None),
        ("powered_off", None, None),
        ("not_uploaded", 21, 24),
    ]
    assert (found[0]["from"], found[0]["to"], found[0]["count"]) == (text(taken_at(4)), text(taken_at(9)), 4)


def test_a_device_that_is_not_heard_of_has_not_uploaded(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, app_clock_moved: MoveClock
) -> None:
    now = utc_now()
    content = [Shot(1, tiny_jpeg(1), now - MINUTE, clock_synced=True)]
    send(device, pack(device, content), clock={"boot_id": BOOT_ID, "uptime_ms": 60_000, "next_seq": 2})
    cloud.settle()

    with app_clock_moved(timedelta(minutes=50)):
        found = gaps(owner, device, now - timedelta(hours=1), now + timedelta(hours=1))

    assert [gap["reason"] for gap in found] == ["not_uploaded"]
