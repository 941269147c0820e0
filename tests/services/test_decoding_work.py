"""A pack, or a photo, that would take too long to decode."""

from __future__ import annotations

from functools import cache

import pytest

from chalicelib.domain.device import Device
from chalicelib.domain.item import ItemStatus
from chalicelib.imaging import opened
from chalicelib.services.examining import MAX_PACK_PIXEL_SCANS
from chalicelib.services.verdicts import Outcome
from tests import pictures
from tests.fakes.world import FakeWorld
from tests.pack_files import Shot
from tests.services.pack_scene import (
    bytes_of,
    events,
    item_of,
    outcomes,
    process,
    put_single,
    shots,
    shown,
    taken_at,
    upload,
)


@cache
def heavy(scan_count: int) -> bytes:
    """36 megapixels that some bytes claim."""
    grey = pictures.encoded(pictures.scene(16, 16).convert("L"), progressive=True)
    return pictures.claiming(pictures.with_scans(grey, scan_count - grey.count(b"\xff\xda")), 6000, 6000)


def shot(seq: int, jpeg: bytes) -> Shot:
    """No two alike: a comment tells them apart."""
    return Shot(seq, pictures.with_segment(jpeg, 0xFE, b"%d" % seq), taken_at(seq), clock_synced=True)


def test_a_photo_of_too_many_scans_for_its_size_is_rejected_and_kept(world: FakeWorld, device: Device) -> None:
    put_single(world, device, 5, heavy(28))

    item = item_of(world, device, 5)
    assert (item.status, item.reject_reason) == (ItemStatus.REJECTED, "too_many_scans")
    assert bytes_of(world, item) == heavy(28)


def test_a_photo_of_too_many_scans_in_a_pack_is_rejected_alone(world: FakeWorld, device: Device) -> None:
    pack = [*shots([1]), *(shot(seq, heavy(100)) for seq in range(2, 100)), *shots([100])]

    done = process(world, upload(world, device, pack))

    assert outcomes(done) == [Outcome.PROCESSED, *[Outcome.REJECTED] * 98, Outcome.PROCESSED]
    assert {item_of(world, device, seq).reject_reason for seq in range(2, 100)} == {"too_many_scans"}


def test_what_is_more_than_a_pack_may_take_is_rejected_and_the_rest_is_shown(world: FakeWorld, device: Device) -> None:
    pack = [*(shot(seq, heavy(27)) for seq in range(1, 9)), *shots([9])]
    named = upload(world, device, pack)

    process(world, named)

    reasons = [item_of(world, device, seq).reject_reason for seq in range(1, 10)]
    assert reasons == [*[None] * 5, *["pack_limit_exceeded"] * 3, None]
    assert bytes_of(world, item_of(world, device, 8)) == pack[7].jpeg
    assert len(shown(world, device)) == 9
    assert events(world, device) == []


def test_a_pack_that_is_told_of_again_keeps_what_was_rejected(world: FakeWorld, device: Device) -> None:
    named = upload(world, device, [shot(seq, heavy(27)) for seq in range(1, 8)])
    process(world, named)
    before = shown(world, device)

    process(world, named)

    assert shown(world, device) == before


@pytest.mark.parametrize(
    ("size", "count", "progressive", "part"),
    [
        ((1600, 1200), 100, False, 0.05),
        ((2592, 1944), 20, False, 0.05),
        ((1600, 1200), 100, True, 0.4),
        ((2592, 1944), 20, True, 0.25),
    ],
)
def test_honest_packs_are_far_within_what_a_pack_may_take(
    size: tuple[int, int], count: int, progressive: bool, part: float
) -> None:
    claimed = pictures.claiming(pictures.photo(progressive=progressive), *size)

    assert count * opened(claimed).pixel_scans < part * MAX_PACK_PIXEL_SCANS


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_the_largest_photo_as_encoders_write_it_is_within_what_a_photo_may_take(mode: str) -> None:
    written = pictures.encoded(pictures.scene(64, 48).convert(mode), progressive=True)

    assert opened(pictures.claiming(written, 6000, 6000)).pixel_scans > 0


def test_a_picture_that_is_held_whole_counts_as_one_of_many_scans() -> None:
    """However few it has: one scan of a progressive one, or of one component only."""
    coloured = pictures.photo(1600, 1200)
    one_component = coloured.replace(b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11", b"\xff\xda\x00\x08\x01\x01\x00")
    progressive = pictures.photo(1600, 1200, progressive=True)
    first_scan = progressive[: progressive.index(b"\xff\xda", progressive.index(b"\xff\xda") + 2)]
    one_scan = first_scan[: first_scan.rindex(b"\xff\xc4")] + b"\xff\xd9"

    counts = [opened(jpeg).pixel_scans // (1600 * 1200) for jpeg in (coloured, one_component, one_scan)]

    assert counts == [1, 10, 10]
