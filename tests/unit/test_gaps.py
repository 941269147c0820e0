"""Each hole in a timeline has a reason, and the reason is the true one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.gap_reasons import GapReason
from chalicelib.domain.gaps import Gap, TimeSpan, Told, gaps
from chalicelib.domain.ids import MAX_SEQ, DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item, ItemStatus
from chalicelib.domain.reported import DeviceState, EvictedRange, SkippedRange, StateKind
from chalicelib.domain.timeline import TimelineRow, row_of_single, rows_of_pack

DEVICE = DeviceId("3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HALF_MINUTE = timedelta(seconds=30)
HOUR = timedelta(hours=1)
DAY = TimeSpan(NOON - 12 * HOUR, NOON + 12 * HOUR)


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def an_item(seq: int, at: datetime, confidence: Confidence = Confidence.NTP) -> Item:
    return Item(
        device_id=DEVICE,
        seq=Seq(seq),
        owner_id=OwnerId("owner"),
        status=ItemStatus.PROCESSED,
        object_key="a pack",
        captured=CaptureTime(at, confidence),
        created_at=NOON,
    )


def a_pack(seqs: Iterable[int], since: datetime, boot_id: str = "a") -> list[TimelineRow]:
    """A photo each half minute."""
    return rows_of_pack(
        (an_item(seq, since + number * HALF_MINUTE) for number, seq in enumerate(seqs)), boot_id=boot_id
    )


def told(until: datetime, **what: object) -> Told:
    """By a device that was just heard of."""
    return replace(Told(HALF_MINUTE, until, last_seen_at=until), **what)  # type: ignore[arg-type]


def reasons(found: Iterable[Gap]) -> list[tuple[GapReason, int | None, int | None]]:
    return [(gap.reason, gap.first_seq, gap.last_seq) for gap in found]


def test_photos_one_after_the_other_have_no_gap() -> None:
    rows = [*a_pack(range(20), NOON), *a_pack(range(20, 40), minutes(10))]

    assert gaps(rows, told(minutes(20), next_seq=40), DAY) == []


def test_a_pause_that_was_told_is_the_gap() -> None:
    rows = [*a_pack(range(20), NOON), *a_pack(range(20, 40), minutes(70))]
    states = [DeviceState(minutes(10), StateKind.PAUSED), DeviceState(minutes(69), StateKind.RESUMED)]

    found = gaps(rows, told(minutes(80), next_seq=40, states=states), DAY)

    assert found == [Gap(GapReason.PAUSED, minutes(10), minutes(69))]


def test_a_pause_that_goes_on_is_a_gap_until_now() -> None:
    states = [DeviceState(minutes(10), StateKind.PAUSED), DeviceState(minutes(30), StateKind.BOOT)]

    found = gaps(a_pack(range(20), NOON), told(minutes(60), next_seq=20, states=states), DAY)

    assert found == [Gap(GapReason.PAUSED, minutes(10), minutes(60))]


def test_another_boot_after_a_hole_means_that_the_power_was_off() -> None:
    rows = [*a_pack(range(20), NOON, "a"), *a_pack(range(20, 40), minutes(70), "b")]

    found = gaps(rows, told(minutes(80), next_seq=40), DAY)

    assert found == [Gap(GapReason.POWERED_OFF, minutes(9.5), minutes(70))]


def test_numbers_that_a_reboot_skipped_are_not_missing() -> None:
    rows = [*a_pack(range(20), NOON, "a"), *a_pack(range(64, 84), minutes(70), "b")]

    assert reasons(gaps(rows, told(minutes(80), next_seq=84), DAY)) == [(GapReason.POWERED_OFF, None, None)]


def test_the_same_boot_after_a_hole_means_that_no_photo_was_taken() -> None:
    rows = [*a_pack(range(20), NOON), *a_pack(range(20, 40), minutes(70))]

    assert reasons(gaps(rows, told(minutes(80), next_seq=40), DAY)) == [(GapReason.NO_CAPTURE, None, None)]


def test_seqs_on_the_card_evicted_ones_and_others_are_told_apart() -> None:
    rows = [*a_pack(range(10), NOON), *a_pack(range(40, 50), minutes(20))]
    evicted = [EvictedRange(Seq(12), Seq(19), NOON)]

    found = gaps(rows, told(minutes(25), next_seq=50, oldest_seq=30, evicted=evicted), DAY)

    assert sorted(reasons(found), key=lambda one: one[1] or 0) == [
        (GapReason.MISSING, 10, 11),
        (GapReason.EVICTED, 12, 19),
        (GapReason.MISSING, 20, 29),
        (GapReason.NOT_UPLOADED, 30, 39),
    ]
    assert sum(gap.count or 0 for gap in found) == 30


def test_numbers_that_the_device_skipped_are_told_from_those_that_are_missing() -> None:
    rows = [*a_pack(range(10), NOON), *a_pack(range(20, 30), minutes(5))]
    evicted, skipped = [EvictedRange(Seq(15), Seq(15), NOON)], [SkippedRange(Seq(12), Seq(17), NOON)]

    found = gaps(rows, told(minutes(10), next_seq=30, evicted=evicted, skipped=skipped), DAY)

    assert sorted(reasons(found), key=lambda one: one[1] or 0) == [
        (GapReason.MISSING, 10, 11),
        (GapReason.SKIPPED, 12, 14),
        (GapReason.EVICTED, 15, 15),
        (GapReason.SKIPPED, 16, 17),
        (GapReason.MISSING, 18, 19),
    ]


@pytest.mark.parametrize("after", [a_pack(range(30, 40), minutes(70), "b"), []])
def test_numbers_that_the_device_skipped_do_not_explain_an_hour_without_photos(after: list[TimelineRow]) -> None:
    rows = [*a_pack(range(20), NOON, "a"), *after]
    skipped = [SkippedRange(Seq(20), Seq(29), NOON)]

    found = gaps(rows, told(minutes(70), next_seq=40 if after else 30, skipped=skipped), DAY)

    assert sorted(reasons(found)) == sorted(
        [(GapReason.SKIPPED, 20, 29), (GapReason.POWERED_OFF if after else GapReason.NO_CAPTURE, None, None)]
    )


def test_a_device_that_never_tells_may_still_have_what_is_missing() -> None:
    rows = [*a_pack(range(10), NOON), *a_pack(range(12, 20), minutes(6))]

    assert reasons(gaps(rows, told(minutes(10)), DAY)) == [(GapReason.NOT_UPLOADED, 10, 11)]


def test_what_the_device_has_taken_since_is_not_uploaded_yet() -> None:
    found = gaps(a_pack(range(20), NOON), told(minutes(60), next_seq=120, oldest_seq=20), DAY)

    assert found == [Gap(GapReason.NOT_UPLOADED, minutes(9.5), minutes(60), Seq(20), Seq(119), 100)]


def test_nothing_is_known_since_the_device_was_last_heard_of() -> None:
    silent = replace(told(minutes(300), next_seq=20), last_seen_at=minutes(10))

    assert gaps(a_pack(range(20), NOON), silent, DAY) == [Gap(GapReason.NOT_UPLOADED, minutes(10), minutes(300))]


def test_deleted_photos_are_gaps_and_forgotten_ones_are_called_so() -> None:
    items = [an_item(seq, NOON + seq * HALF_MINUTE) for seq in range(20)]
    items[3], items[10] = items[3].deleted(NOON), items[10].deleted(NOON)
    forgotten = [TimeSpan(minutes(4.9), minutes(5.1))]

    found = gaps(rows_of_pack(items), told(minutes(10), next_seq=20, forgotten=forgotten), DAY)

    assert reasons(found) == [(GapReason.DELETED, 3, 3), (GapReason.FORGOTTEN, 10, 10)]


def test_what_was_deleted_one_after_the_other_in_a_pack_is_one_gap() -> None:
    items = [an_item(seq, NOON + seq * HALF_MINUTE + (seq >= 15) * HOUR).deleted(NOON) for seq in range(20) if seq != 7]
    rows = rows_of_pack([*items, an_item(20, minutes(70))])

    found = gaps(rows, told(minutes(70), next_seq=21, forgotten=[TimeSpan(NOON, minutes(2))]), DAY)

    deleted = [gap for gap in found if gap.reason in (GapReason.DELETED, GapReason.FORGOTTEN)]
    assert deleted == [
        Gap(GapReason.FORGOTTEN, NOON, minutes(2), Seq(0), Seq(3), 4),
        Gap(GapReason.DELETED, minutes(2), minutes(3.5), Seq(4), Seq(6), 3),
        Gap(GapReason.DELETED, minutes(4), minutes(7.5), Seq(8), Seq(14), 7),
        Gap(GapReason.DELETED, minutes(67.5), minutes(70), Seq(15), Seq(19), 5),
    ]


def test_what_a_late_pack_lost_to_a_forgotten_range_is_forgotten() -> None:
    rows = [*a_pack(range(10), NOON), *a_pack(range(20, 30), minutes(10))]

    found = gaps(rows, told(minutes(15), next_seq=30, forgotten=[TimeSpan(minutes(5), minutes(10))]), DAY)

    assert reasons(found) == [(GapReason.FORGOTTEN, 10, 19)]


def test_a_minute_that_was_forgotten_does_not_explain_an_hour_on_the_card() -> None:
    rows = [*a_pack(range(1), NOON), *a_pack(range(120, 121), minutes(60))]
    forgotten = [TimeSpan(minutes(30), minutes(31))]

    found = gaps(rows, told(minutes(60), next_seq=121, oldest_seq=1, forgotten=forgotten), DAY)

    assert reasons(found) == [
        (GapReason.FORGOTTEN, 60, 61),
        (GapReason.NOT_UPLOADED, 1, 59),
        (GapReason.NOT_UPLOADED, 62, 119),
    ]


def test_what_was_forgotten_is_told_of_a_device_that_claims_all_numbers() -> None:
    forgotten = [TimeSpan(minutes(30), minutes(31))]

    found = gaps(a_pack(range(1), NOON), told(minutes(60), next_seq=MAX_SEQ, forgotten=forgotten), DAY)

    assert sum(gap.count or 0 for gap in found) == MAX_SEQ - 1


def test_photos_of_an_uncertain_time_are_marked() -> None:
    vague = [row_of_single(an_item(seq, NOON, Confidence.BOUNDED)) for seq in (1, 2)]

    found = gaps(vague, told(NOON, next_seq=3), DAY)

    assert reasons(found) == [(GapReason.CLOCK_UNKNOWN, 1, 1), (GapReason.CLOCK_UNKNOWN, 2, 2)]


def test_a_device_none_of_whose_photos_are_here_has_them_on_its_card() -> None:
    found = gaps([], told(NOON, next_seq=7, oldest_seq=0), TimeSpan(NOON - HOUR, NOON))

    assert reasons(found) == [(GapReason.NOT_UPLOADED, 0, 6)]


def test_a_photo_that_went_up_under_a_new_number_makes_no_hole_where_it_was_taken() -> None:
    rows = [*a_pack(range(20), NOON), *a_pack(range(20, 40), minutes(10)), *a_pack([1000], minutes(5.1))]

    assert gaps(rows, told(minutes(600), next_seq=1001), TimeSpan(NOON, minutes(15))) == []


def test_a_photo_that_went_up_under_a_new_number_makes_no_hole_before_the_next_number() -> None:
    rows = [*a_pack(range(100), NOON), *a_pack([100], minutes(5.1)), *a_pack(range(101, 110), minutes(50))]

    assert gaps(rows, told(minutes(54), next_seq=110), DAY) == []


def test_a_photo_with_a_new_number_divides_the_hole_that_it_lies_in() -> None:
    rows = [*a_pack([0], NOON), *a_pack([1], minutes(60)), *a_pack([5], minutes(20))]

    found = gaps(rows, told(minutes(60), next_seq=6, evicted=[EvictedRange(Seq(2), Seq(4), NOON)]), DAY)

    assert found == [
        Gap(GapReason.NO_CAPTURE, NOON, minutes(20)),
        Gap(GapReason.NO_CAPTURE, minutes(20), minutes(60)),
    ]


def test_numbers_between_a_photo_and_its_new_number_are_still_accounted_for() -> None:
    rows = [*a_pack(range(20), NOON), *a_pack([30], minutes(5.1))]

    found = gaps(rows, told(minutes(20), next_seq=40, oldest_seq=25), DAY)

    assert reasons(found) == [
        (GapReason.MISSING, 20, 24),
        (GapReason.NOT_UPLOADED, 25, 29),
        (GapReason.NOT_UPLOADED, 31, 39),
    ]


def test_the_time_since_the_last_photo_is_not_counted_from_one_of_an_uncertain_time() -> None:
    rows = [*a_pack(range(20), NOON), row_of_single(an_item(20, minutes(1), Confidence.RECEIVED))]

    found = gaps(rows, told(minutes(30), next_seq=21), DAY)

    assert [(gap.reason, gap.since) for gap in found if gap.reason is not GapReason.CLOCK_UNKNOWN] == [
        (GapReason.NO_CAPTURE, minutes(9.5))
    ]


def test_no_hole_is_where_photos_may_have_been_taken() -> None:
    rows = [*a_pack([0], NOON), row_of_single(an_item(1, minutes(30), Confidence.BOUNDED)), *a_pack([2], NOON)]
    rows += a_pack([3], minutes(60))

    found = gaps(rows, told(minutes(60), next_seq=4), DAY)

    assert [(gap.since, gap.until) for gap in found if gap.reason is GapReason.NO_CAPTURE] == [
        (NOON, minutes(30)),
        (minutes(30), minutes(60)),
    ]


@dataclass(frozen=True)
class _Life:
    rows: list[TimelineRow]
    told: Told


@st.composite
def lives(draw: st.DrawFn) -> _Life:
    """A device that takes photos, pauses, reboots, evicts, and has some on its card; its owner deletes."""
    at, seq, boot, items, states, evicted = NOON, 0, 0, list[tuple[Item, str]](), list[DeviceState](), []
    for step in draw(st.lists(st.sampled_from(["photos", "pause", "reboot", "evict", "delete"]), max_size=12)):
        if step == "photos":
            for _ in range(draw(st.integers(1, 5))):
                items.append((an_item(seq, at), f"{boot}"))
                seq, at = seq + 1, at + HALF_MINUTE
        if step == "pause":
            states.append(DeviceState(at, StateKind.PAUSED))
            at += draw(st.integers(1, 90)) * timedelta(minutes=1)
            states.append(DeviceState(at, StateKind.RESUMED))
        if step == "reboot":
            boot, seq, at = boot + 1, seq + draw(st.integers(0, 63)), at + draw(st.integers(0, 90)) * HALF_MINUTE
            states.append(DeviceState(at, StateKind.BOOT))
        if step == "evict":
            evicted.append(EvictedRange(Seq(seq), Seq(seq + 2), at))
            seq, at = seq + 3, at + 3 * HALF_MINUTE
        if step == "delete" and items:
            items[-1] = (items[-1][0].deleted(at), items[-1][1])
    on_card = draw(st.integers(0, len(items)))
    oldest = items[-on_card][0].seq if on_card else None
    here = items[:-on_card] if on_card else items
    rows = [replace(row_of_single(item), boot_id=boot_id) for item, boot_id in here]
    return _Life(rows, told(at, next_seq=seq, oldest_seq=oldest, states=states, evicted=evicted))


@given(lives())
def test_every_hole_is_explained(life: _Life) -> None:
    window = TimeSpan(NOON, max(life.told.now, NOON + HALF_MINUTE))

    found = gaps(life.rows, life.told, window)

    assert GapReason.MISSING not in {gap.reason for gap in found}
    for gap in found:
        assert window.since <= gap.since < gap.until <= window.until
    photos = sorted(row.captured_from for row in life.rows if not row.deleted)
    for before, after in pairwise([*photos, life.told.now]):
        if after - before > timedelta(seconds=75) and photos:
            covered = [gap for gap in found if gap.since < after and before < gap.until]
            assert covered, f"{before} to {after}"


@given(lives(), st.integers(0, 600), st.integers(1, 600))
def test_a_part_of_the_time_has_the_gaps_of_the_whole_cut_to_it(life: _Life, start: int, length: int) -> None:
    part = TimeSpan(NOON + start * HALF_MINUTE, NOON + (start + length) * HALF_MINUTE)
    whole = TimeSpan(NOON - HOUR, part.until + HOUR)
    if not life.rows:
        return

    found, all_of_them = gaps(life.rows, life.told, part), gaps(life.rows, life.told, whole)

    cut = [
        replace(gap, since=max(gap.since, part.since), until=min(gap.until, part.until))
        for gap in all_of_them
        if gap.since < part.until and part.since < gap.until
    ]
    assert sorted(map(repr, found)) == sorted(map(repr, cut))
