"""Rows of packs: every capture with its place in time, in one line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Item, ItemStatus
from chalicelib.domain.timeline import MAX_SPAN, RowCapture, Shown, row_of_single, rows_of_pack

DEVICE = DeviceId("3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SHOWN = {ItemStatus.PROCESSED: Shown.PHOTO, ItemStatus.REJECTED: Shown.REJECTED, ItemStatus.DELETED: Shown.DELETED}

statuses = st.sampled_from(list(SHOWN))
captures = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(-(10**9), 10**9), statuses), max_size=100, unique_by=lambda one: one[0]
)


def an_item(seq: int, at: datetime, status: ItemStatus = ItemStatus.PROCESSED) -> Item:
    return Item(
        device_id=DEVICE,
        seq=Seq(seq),
        owner_id=OwnerId("owner"),
        status=status,
        object_key="a pack",
        captured=CaptureTime(at, Confidence.NTP),
        created_at=NOON,
        offset=512 * seq,
        size_bytes=100,
        reject_reason="truncated" if status is ItemStatus.REJECTED else None,
    )


@given(captures)
def test_the_rows_of_a_pack_tell_each_capture_once_with_its_time_and_fate(
    told: list[tuple[int, int, ItemStatus]],
) -> None:
    items = [an_item(seq, NOON + timedelta(milliseconds=ms), status) for seq, ms, status in told]

    rows = rows_of_pack(items)

    found = [capture for row in rows for capture in row.captures]
    assert found == [
        RowCapture(item.seq, item.captured.at, SHOWN[item.status]) for item in sorted(items, key=lambda item: item.seq)
    ]
    assert sum(row.photos + row.rejected + row.deleted for row in rows) == len(items)
    assert sum(row.size_bytes for row in rows) == 100 * sum(not item.is_deleted for item in items)


@given(captures)
def test_no_row_of_a_pack_spans_more_than_a_day(told: list[tuple[int, int, ItemStatus]]) -> None:
    rows = rows_of_pack(an_item(seq, NOON + timedelta(milliseconds=ms)) for seq, ms, _ in told)

    for row in rows:
        times = [capture.at for capture in row.captures]
        assert (row.captured_from, row.captured_to) == (min(times), max(times))
        assert row.captured_to - row.captured_from <= MAX_SPAN


def test_deleting_a_capture_changes_no_rows_place() -> None:
    items = [an_item(seq, NOON + seq * timedelta(seconds=30)) for seq in range(5)]
    before = rows_of_pack(items)
    after = rows_of_pack([*items[:-1], items[-1].deleted(NOON)])

    assert [row.position for row in after] == [row.position for row in before]
    assert (after[0].photos, after[0].deleted) == (4, 1)


def test_a_row_is_as_sure_of_its_time_as_its_least_sure_capture() -> None:
    sure = an_item(1, NOON)
    unsure = replace(an_item(2, NOON), captured=CaptureTime(NOON, Confidence.BOUNDED, earliest=NOON, latest=NOON))

    assert rows_of_pack([sure, unsure])[0].confidence is Confidence.BOUNDED


def test_the_row_of_a_single_is_its_one_capture() -> None:
    for status, shown in SHOWN.items():
        assert row_of_single(an_item(7, NOON, status)).captures == (RowCapture(Seq(7), NOON, shown),)
