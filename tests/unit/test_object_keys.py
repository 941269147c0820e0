"""Keys that are made, and what is read off a key, good or forged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.clock_samples import BootTime
from chalicelib.domain.errors import InvalidFilename
from chalicelib.domain.ids import MAX_SEQ, DeviceId, Seq
from chalicelib.wire import object_keys

DEVICE = DeviceId("3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70")
NAME = "2025-12-26T10-15-30Z_000123.jpg"
GOOD = f"devices/{DEVICE}/2025/12/26/0000000000000123-{NAME}"

filenames = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", fullmatch=True).filter(lambda name: ".." not in name)
instants = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))]))


@given(seq=st.integers(0, MAX_SEQ), filename=filenames, captured_at=st.none() | instants)
def test_what_was_made_is_read_again(seq: int, filename: str, captured_at: datetime | None) -> None:
    key = object_keys.single(DEVICE, Seq(seq), filename, captured_at)

    assert object_keys.parse_single(key) == object_keys.SingleKey(DEVICE, Seq(seq), filename)


@given(text=st.text(max_size=120))
def test_a_filename_is_refused_or_makes_a_key_that_is_read_again(text: str) -> None:
    try:
        key = object_keys.single(DEVICE, Seq(1), text, None)
    except InvalidFilename:
        assert object_keys.parse_single(f"devices/{DEVICE}/undated/{1:016d}-{text}") is None
    else:
        assert object_keys.parse_single(key) is not None


@given(low=st.integers(0, MAX_SEQ), high=st.integers(0, MAX_SEQ))
def test_keys_of_a_day_sort_as_their_seqs(low: int, high: int) -> None:
    at = datetime(2025, 12, 26, tzinfo=UTC)
    keys = [object_keys.single(DEVICE, Seq(seq), "a.jpg", at) for seq in (low, high)]

    assert (keys[0] < keys[1]) == (low < high)


@pytest.mark.parametrize(
    ("filename", "captured_at", "folder"),
    [
        (NAME, None, "2025/12/26"),
        ("IMG_20251226_101530.jpg", None, "2025/12/26"),
        (NAME, datetime(2026, 1, 1, tzinfo=UTC), "2026/01/01"),
        (NAME, datetime(2025, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-2))), "2026/01/01"),
        (NAME, datetime(1970, 1, 1, tzinfo=UTC), "2025/12/26"),
        ("a.jpg", datetime(5, 1, 1, tzinfo=UTC), "undated"),
        ("a.jpg", None, "undated"),
        ("a-2025-13-26.jpg", None, "undated"),
        ("a-12025-12-26.jpg", None, "undated"),
    ],
)
def test_a_single_is_filed_by_a_date_that_can_be(filename: str, captured_at: datetime | None, folder: str) -> None:
    key = object_keys.single(DEVICE, Seq(123), filename, captured_at)

    assert key == f"devices/{DEVICE}/{folder}/0000000000000123-{filename}"


@pytest.mark.parametrize(
    "forged",
    [
        GOOD.replace("/12/26/", "/../26/"),
        GOOD.replace(DEVICE, DEVICE.upper()),
        GOOD.replace(DEVICE, "-" * 36),
        GOOD.replace("0000000000000123", "123"),
        GOOD.replace("0000000000000123", "9" * 16),
        GOOD.replace("0000000000000123", "\u0660" * 16),
        GOOD.replace("2025/", "\u0662025/"),
        f"{GOOD}\n",
        f"{GOOD}/x",
        GOOD.replace(NAME, "a..jpg"),
        f"/{GOOD}",
        f"x{GOOD}",
        "",
        object_keys.thumbnail(DEVICE, Seq(123)),
        object_keys.conflict(DEVICE, Seq(123), "0" * 64),
    ],
)
def test_a_key_that_was_not_made_for_a_single_tells_nothing(forged: str) -> None:
    assert object_keys.parse_single(forged) is None


@pytest.mark.parametrize(
    ("filename", "told"),
    [
        (NAME, datetime(2025, 12, 26, 10, 15, 30, tzinfo=UTC)),
        ("2025-02-30T10-15-30Z.jpg", None),
        ("2025-12-26T10-15-30.jpg", None),
        ("a.jpg", None),
    ],
)
def test_an_instant_is_read_off_a_filename_only_where_it_is_one(filename: str, told: datetime | None) -> None:
    assert object_keys.instant_in_name(filename) == told


@given(low=st.integers(0, MAX_SEQ), high=st.integers(0, MAX_SEQ), sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True))
def test_the_key_of_a_pack_is_read_again(low: int, high: int, sha256: str) -> None:
    first, last = Seq(min(low, high)), Seq(max(low, high))
    key = object_keys.pack(DEVICE, first, last, sha256)

    named = object_keys.PackKey(DEVICE, first, last, sha256[:12])
    assert object_keys.parse_pack(key) == named
    assert named.object_key == key
    assert object_keys.parse_single(key) is None


@pytest.mark.parametrize(
    "name",
    [
        "0000000000000002-0000000000000001-0123456789ab.zip",
        "0000000000000001-9007199254740992-0123456789ab.zip",
        "0000000000000001-0000000000000002-0123456789AB.zip",
        "0000000000000001-0000000000000002-0123456789.zip",
        "0000000000000001-0000000000000002-0123456789ab.zip/x",
        "1-2-0123456789ab.zip",
        "\u0660000000000000001-0000000000000002-0123456789ab.zip",
    ],
)
def test_a_key_that_no_pack_has_is_none(name: str) -> None:
    assert object_keys.parse_pack(f"devices/{DEVICE}/packs/{name}") is None
    assert object_keys.parse_pack(f"devices/{DEVICE}/pack/0000000000000001-0000000000000002-0123456789ab.zip") is None


def test_thumbnails_of_a_pack_are_named_as_the_pack() -> None:
    named = object_keys.parse_pack(object_keys.pack(DEVICE, Seq(1), Seq(2), "0123456789ab" + "c" * 52))
    assert named is not None

    assert object_keys.pack_thumbnails(named) == (
        f"devices/{DEVICE}/thumbnails/packs/0000000000000001-0000000000000002-0123456789ab.zip"
    )


boot_times = st.builds(BootTime, st.from_regex(r"[0-9a-f]{16}", fullmatch=True), st.integers(0, 10**12 - 1))
synced_times = instants.filter(lambda at: at >= datetime(2000, 1, 1, tzinfo=UTC))


@given(seq=st.integers(0, MAX_SEQ), taken=st.none() | boot_times | synced_times)
def test_a_single_of_a_sync_tells_by_its_name_when_it_was_taken(seq: int, taken: datetime | BootTime | None) -> None:
    single = object_keys.parse_single(object_keys.told_single(DEVICE, Seq(seq), taken))
    if isinstance(taken, datetime):
        taken = taken.replace(microsecond=taken.microsecond // 1000 * 1000)

    assert single is not None
    assert single.seq == seq
    assert object_keys.told_in_name(single.filename) == taken
    assert object_keys.is_of_a_sync(single.filename)


@given(seq=st.integers(0, MAX_SEQ), taken=boot_times)
def test_no_uptime_looks_like_a_date(seq: int, taken: BootTime) -> None:
    assert f"/undated/{seq:016d}-b" in object_keys.told_single(DEVICE, Seq(seq), taken)


def test_a_clock_before_2000_was_not_synced() -> None:
    key = object_keys.told_single(DEVICE, Seq(7), datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC))

    assert key == f"devices/{DEVICE}/undated/0000000000000007-u.jpg"


@pytest.mark.parametrize(
    "filename",
    [
        NAME,
        "n1.jpg",
        "n999999999999999.jpg",
        "n1766744130000.jpeg",
        "n1766744130000.jpg.jpg",
        "n\u0661766744130000.jpg",
        "b0123456789ABCDEF-1.jpg",
        "b0123456789abcdef-1234567890123.jpg",
        "b0123456789abcdef.jpg",
        "u.jpg",
    ],
)
def test_another_name_tells_nothing_of_a_sync(filename: str) -> None:
    assert object_keys.told_in_name(filename) is None
    assert object_keys.is_of_a_sync(filename) == (filename == "u.jpg")
