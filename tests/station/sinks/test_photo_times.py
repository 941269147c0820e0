"""Photos that were taken before anybody had set the clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.station.samples import START, jpeg
from tests.station.sinks.rig import SINKS, SinkRig, as_named

ANOTHER_BOOT = "00000000000000b2"
MINUTE_S = 60.0


@pytest.fixture
def rig() -> SinkRig:
    return SinkRig(is_synced=False)


def undated(*numbers: int) -> dict[str, bytes]:
    return {f"garden/undated/{number:06d}.jpg": jpeg(number) for number in numbers}


def test_photos_of_this_boot_wait_for_the_clock_and_get_their_time(rig: SinkRig) -> None:
    rig.time.advance(2 * MINUTE_S)
    worker = rig.worker()
    rig.hand_over(worker, rig.filled(range(3), at=False))
    rig.run(worker, seconds=5 * MINUTE_S)
    assert rig.store.taken == {}
    assert worker.counts().last_error is None, "waiting is no failure"

    rig.is_synced = True
    rig.run(worker)

    assert rig.store.taken == as_named(range(3))


def test_what_has_waited_long_enough_is_undated_for_ever(rig: SinkRig) -> None:
    rig.time.advance(2 * MINUTE_S)
    worker = rig.worker()
    rig.hand_over(worker, rig.filled(range(3), at=False))
    rig.run(worker, seconds=17 * MINUTE_S)
    assert rig.store.taken == {}
    rig.store.before.extend([RuntimeError("killed")])
    with pytest.raises(RuntimeError):
        rig.run(worker)

    again = rig.killed()
    again.is_synced = True
    again.run(again.worker())

    assert rig.store.taken == undated(0, 1, 2)


def test_a_photo_that_came_after_the_decision_waits_for_the_clock_anew(rig: SinkRig) -> None:
    rig.time.advance(21 * MINUTE_S)
    worker = rig.worker()
    rig.hand_over(worker, rig.filled([0, 9, 20], at=False))
    rig.run(worker, seconds=1)
    assert set(rig.store.taken) == set(undated(0)) | {"garden/undated/000001.jpg"}

    rig.is_synced = True
    rig.run(worker)

    at = START + timedelta(minutes=20)
    assert rig.store.taken[f"garden/2026/05/04/{at:%Y-%m-%dT%H-%M-%SZ}_000002.jpg"] == jpeg(20)


def test_an_older_boot_of_which_nobody_knows_the_time_is_undated_at_once(rig: SinkRig) -> None:
    rig.boot_id = ANOTHER_BOOT
    packs = rig.filled(range(3), at=False)
    rig.boot_id = "00000000000000b3"
    worker = rig.worker()
    rig.hand_over(worker, packs)

    rig.run(worker, seconds=1)

    assert rig.store.taken == undated(0, 1, 2)


def test_a_boot_in_which_the_clock_was_set_is_known_after_the_next_one(rig: SinkRig) -> None:
    rig.time.advance(2 * MINUTE_S)
    worker = rig.worker()
    rig.hand_over(worker, rig.filled(range(3), at=False))
    rig.is_synced = True
    rig.store.before.extend([OSError(5, "down")])
    worker.step()

    again = rig.killed()
    again.boot_id, again.is_synced = ANOTHER_BOOT, False
    again.time.ahead_s = -1e6
    again.run(again.worker())

    assert rig.store.taken == as_named(range(3))


def test_the_beginning_of_a_boot_is_written_once(rig: SinkRig) -> None:
    rig.is_synced = True
    rig.hand_over(worker := rig.worker(), rig.filled(range(3), at=False))
    rig.time.advance(3 * MINUTE_S)
    worker.step()
    kept = rig.disk.names[SINKS / "boots.json"].content
    rig.time.ahead_s = 33.0

    rig.run(worker)

    assert rig.disk.names[SINKS / "boots.json"].content == kept
    assert rig.store.taken == as_named(range(3))


def test_a_damaged_record_of_boots_is_begun_anew(rig: SinkRig) -> None:
    rig.is_synced = True
    rig.worker().step()
    rig.disk.names[SINKS / "boots.json"].content = b"crc32 00000000\n{}"
    rig.hand_over(worker := rig.worker(), rig.filled(range(3), at=False))
    rig.time.advance(3 * MINUTE_S)

    rig.run(worker)

    assert rig.store.taken == as_named(range(3))
