"""Receipts and conflicts: what lets a photo go, and where one goes whose seq is taken."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from frameferry_station.captures import Seq
from frameferry_station.steps import Confirmed, Deferred, Renumbered

from chalicelib.domain.receipts import ReceiptKeys
from tests.station.fake_cloud import (
    FORGER,
    KEYS,
    PREFIX,
    FakeCloud,
    Reply,
)
from tests.station.rig import Rig, held


def sync_answer(*objects: bytes) -> Reply:
    """To a first sync, which also tells of the boot."""
    start = b'{"server_time": "2026-05-04T12:00:00Z", "settings_version": 1, "events": ["accepted"], "objects": ['
    return Reply(200, start + b", ".join(objects) + b"]}")


def test_captures_that_conflict_go_up_alone_under_new_seqs_and_all_are_kept(rig: Rig) -> None:
    rig.cloud.hold(1, b"somebody else's")
    rig.cloud.hold(2, b"and another")
    rig.put(*range(6))

    rig.work()

    assert held(rig, *range(6)) == {0: [0], 1: [6], 2: [7], 3: [3], 4: [4], 5: [5]}
    assert rig.told(Renumbered) == [Renumbered(Seq(1), Seq(6)), Renumbered(Seq(2), Seq(7))]
    assert rig.cloud.holds(b"somebody else's") == [1]
    assert [step.captures for step in rig.told(Confirmed)] == [1, 3, 2]
    assert rig.cloud.conflicts[0][0] == 1


def test_a_pack_of_conflicts_only_is_wholly_renumbered(rig: Rig) -> None:
    for seq in range(3):
        rig.cloud.hold(seq, b"other %d" % seq)
    rig.put(0, 1, 2)

    rig.work()

    assert held(rig, 0, 1, 2) == {0: [3], 1: [4], 2: [5]}


def test_a_conflict_far_ahead_moves_the_device_s_own_counter(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.hold(0, b"other")
    rig.cloud.hold(499, b"another")

    rig.work()

    assert held(rig, 0) == {0: [500]}
    assert rig.put(7) == [501]
    rig.work()
    told = [event for event in rig.cloud.events.values() if event.kind == "skipped"]
    assert [(event.first_seq, event.last_seq) for event in told] == [(1, 499)]


def test_a_server_that_sees_conflicts_everywhere_is_not_hammered(rig: Rig) -> None:
    rig.put(0)
    for seq in range(1000):
        rig.cloud.hold(seq, b"other")
    rig.cloud.next_seq = 0

    rig.work(600)

    assert 1 < len(rig.told(Renumbered)) < 8
    assert len(rig.queue) == 1


def _forged(cloud: FakeCloud) -> None:
    cloud.signer = FORGER


def _unknown_key(cloud: FakeCloud) -> None:
    cloud.signer = ReceiptKeys("k9", {"k9": bytes(range(32))})


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_forged, "receipt refused: its signature is wrong"),
        (_unknown_key, "receipt refused: it is signed with an unknown key"),
    ],
)
def test_a_receipt_that_does_not_hold_deletes_nothing_and_is_reported_once(
    rig: Rig, spoil: Callable[[FakeCloud], None], reason: str
) -> None:
    rig.put(0, 1, 2)
    spoil(rig.cloud)

    rig.work(3600)

    assert len(rig.queue) == 3
    assert [event.message for event in rig.cloud.events.values() if event.kind == "error"] == [reason]
    rig.cloud.signer = KEYS
    rig.work()
    assert len(rig.queue) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"receipt": {"state": "held", "key_id": "k1", "signature": "%s"}, "object_key_tail": "packs/other.zip"}',
        b'{"receipt": {"state": "promised", "key_id": "k1", "signature": "%s"}}',
        b'{"receipt": {"state": "held", "key_id": "k1", "signature": ""}}',
        b'{"receipt": {"state": "deleted", "key_id": "k1", "signature": "%s"}}',
    ],
)
def test_a_receipt_for_anything_else_deletes_nothing(rig: Rig, wrong: bytes) -> None:
    rig.put(0, 1, 2)
    [pack] = rig.packs()
    key = f"{PREFIX}packs/{0:016d}-{2:016d}-{pack.sha256[:12]}.zip"
    signature = KEYS.sign("held", PREFIX.split("/")[1], key, pack.size_bytes, pack.sha256).signature  # type: ignore[arg-type]
    rig.cloud.script("sync", sync_answer(wrong.replace(b"%s", signature.encode())))

    rig.work(1)

    assert len(rig.queue) == 3
    assert [step.reason[:15] for step in rig.told(Deferred)] == ["receipt refused"]


def test_a_receipt_of_another_pack_deletes_nothing(rig: Rig) -> None:
    rig.put(*range(6))
    first, second = rig.packs()
    key = f"{PREFIX}packs/{0:016d}-{2:016d}-{first.sha256[:12]}.zip"
    receipt = KEYS.sign("held", PREFIX.split("/")[1], key, first.size_bytes, first.sha256)  # type: ignore[arg-type]
    held = b'{"receipt": {"state": "held", "key_id": "k1", "signature": "%s"}}' % receipt.signature.encode()
    rig.cloud.objects[key] = b"as if"
    rig.cloud.script("sync", sync_answer(held, held))

    rig.device.sync_step()

    assert rig.queue.packs() == [second]


def test_new_receipt_keys_count_before_the_receipts_of_the_same_answer(rig: Rig) -> None:
    rig.put(0, 1, 2)
    rig.device.sync_step()
    rig.device.put_step()
    rig.cloud.keys = rig.cloud.signer = ReceiptKeys("k2", {**KEYS.seeds, "k2": bytes(range(1, 33))})

    rig.time.advance(61)
    rig.device.sync_step()

    assert len(rig.queue) == 0
    assert rig.told(Deferred) == []
    identity = rig.restarted().state.identity.identity
    assert identity is not None
    assert sorted(identity.receipt_keys) == ["k1", "k2"]
