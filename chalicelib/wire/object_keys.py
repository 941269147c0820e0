"""Object keys: where in the buckets a capture and what is made of it lie, and what a key tells.

devices/<device_id>/YYYY/MM/DD/<seq, 16 digits>-<filename>      a single; a clip if its <filename> ends in .mp4
devices/<device_id>/undated/<seq, 16 digits>-<filename>         a single without a date
    whose <filename> is, where a sync asked for it: n<milliseconds since 1970>.jpg, b<boot id>-<uptime in ms>.jpg, u.jpg
devices/<device_id>/packs/<first seq>-<last seq>-<12 digits of its sha256>.zip
                                                                a pack; seqs in 16 digits
devices/<device_id>/conflicts/<seq, 16 digits>-<sha256>.jpg     bytes that came for a taken seq; those of a clip: .mp4
devices/<device_id>/thumbnails/<seq, 16 digits>.jpg             in the derived bucket
devices/<device_id>/thumbnails/packs/<as the pack>.zip          in the derived bucket
devices/<device_id>/thumbnails/packs/<as the pack>/<seq, 16 digits>.jpg
                                                                in the derived bucket
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.capture_time import EARLIEST
from chalicelib.domain.content_types import CLIP_ENDING
from chalicelib.domain.errors import InvalidFilename
from chalicelib.domain.ids import MAX_SEQ, SEQ_DIGITS, DeviceId, Seq, is_device_id, padded

if TYPE_CHECKING:
    from chalicelib.domain.clock_samples import BootTime

PACK_SHA256_DIGITS = 12
"""Of a pack's sha256 in its key: enough to tell apart two packs that a device made of the same seqs."""

_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_DATE_IN_NAME = re.compile(r"(?<!\d)(20\d{2})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?!\d)")
_INSTANT_IN_NAME = re.compile(r"(?<!\d)(20\d{2}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z")
_SINGLE = re.compile(
    rf"devices/(?P<device>[0-9a-f-]{{36}})/(?:\d{{4}}/\d{{2}}/\d{{2}}|undated)/(?P<seq>\d{{{SEQ_DIGITS}}})-(?P<name>[^/]+)",
    re.ASCII,
)
_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_UNTOLD_NAME = "u.jpg"
_SYNCED_NAME = re.compile(r"n(\d{12,15})\.jpg", re.ASCII)
_BOOT_NAME = re.compile(r"b([0-9a-f]{16})-(\d{1,12})\.jpg", re.ASCII)
_PACK = re.compile(
    rf"devices/(?P<device>[0-9a-f-]{{36}})/packs/"
    rf"(?P<first>\d{{{SEQ_DIGITS}}})-(?P<last>\d{{{SEQ_DIGITS}}})-(?P<sha256>[0-9a-f]{{{PACK_SHA256_DIGITS}}})\.zip",
    re.ASCII,
)


@dataclass(frozen=True)
class SingleKey:
    """What the key of a single says."""

    device_id: DeviceId
    seq: Seq
    filename: str


@dataclass(frozen=True)
class PackKey:
    """What the key of a pack says."""

    device_id: DeviceId
    first_seq: Seq
    last_seq: Seq
    sha256_start: str
    """The first PACK_SHA256_DIGITS hex digits."""

    @property
    def object_key(self) -> str:
        return pack(self.device_id, self.first_seq, self.last_seq, self.sha256_start)


def device_prefix(device_id: DeviceId) -> str:
    return f"devices/{device_id}/"


def single(device_id: DeviceId, seq: Seq, filename: str, captured_at: datetime | None) -> str:
    """The key of a single: dated (in UTC) by `captured_at` if that is not before 2000, else by a date in the filename,
    else `undated`.

    The same arguments always give the same key. Raises InvalidFilename.
    """
    if not _is_filename(filename):
        raise InvalidFilename
    return f"{device_prefix(device_id)}{_folder(filename, captured_at)}/{padded(seq)}-{filename}"


def told_single(device_id: DeviceId, seq: Seq, taken: datetime | BootTime | None) -> str:
    """The key of a single whose name tells all that its device knows of its time: by a synced clock, by its uptime, or
    nothing.

    A clock that says less than 2000 was not synced. The same arguments always give the same key.
    """
    if taken is not None and not isinstance(taken, datetime):
        return f"{device_prefix(device_id)}undated/{padded(seq)}-b{taken.boot_id}-{taken.uptime_ms}.jpg"
    if taken is None or taken < EARLIEST:
        return f"{device_prefix(device_id)}undated/{padded(seq)}-{_UNTOLD_NAME}"
    return single(device_id, seq, f"n{(taken - _EPOCH) // _MS}.jpg", taken)


def told_in_name(filename: str) -> datetime | BootTime | None:
    """What `told_single` was told. None for every other name."""
    if match := _BOOT_NAME.fullmatch(filename):
        from chalicelib.domain.clock_samples import BootTime  # each cold start asks for keys, and few for this

        return BootTime(match[1], int(match[2]))
    if match := _SYNCED_NAME.fullmatch(filename):
        try:
            return _EPOCH + int(match[1]) * _MS
        except OverflowError:
            return None
    return None


def is_of_a_sync(filename: str) -> bool:
    """Whether `told_single` made the name: then nobody will confirm the capture by its key."""
    return filename == _UNTOLD_NAME or told_in_name(filename) is not None


def parse_single(key: str) -> SingleKey | None:
    """None for every key that `single` cannot have made."""
    match = _SINGLE.fullmatch(key)
    if match is None or not is_device_id(match["device"]) or int(match["seq"]) > MAX_SEQ:
        return None
    if not _is_filename(match["name"]):
        return None
    return SingleKey(DeviceId(match["device"]), Seq(int(match["seq"])), match["name"])


def pack(device_id: DeviceId, first_seq: Seq, last_seq: Seq, sha256: str) -> str:
    return f"{packs_prefix(device_id)}{_pack_name(first_seq, last_seq, sha256)}"


def parse_pack(key: str) -> PackKey | None:
    """None for every key that `pack` cannot have made."""
    match = _PACK.fullmatch(key)
    if match is None or not is_device_id(match["device"]):
        return None
    first, last = int(match["first"]), int(match["last"])
    if not first <= last <= MAX_SEQ:
        return None
    return PackKey(DeviceId(match["device"]), Seq(first), Seq(last), match["sha256"])


def packs_prefix(device_id: DeviceId) -> str:
    return f"{device_prefix(device_id)}packs/"


def pack_thumbnails(named: PackKey) -> str:
    """Where in the derived bucket the thumbnails of a pack lie."""
    name = _pack_name(named.first_seq, named.last_seq, named.sha256_start)
    return f"{device_prefix(named.device_id)}thumbnails/packs/{name}"


def late_thumbnail(named: PackKey, seq: Seq) -> str:
    """Where the thumbnail of a capture lies that was not ready when those of its pack were put together."""
    return f"{pack_thumbnails(named).removesuffix('.zip')}/{padded(seq)}.jpg"


def _pack_name(first_seq: Seq, last_seq: Seq, sha256: str) -> str:
    return f"{padded(first_seq)}-{padded(last_seq)}-{sha256[:PACK_SHA256_DIGITS]}.zip"


def instant_in_name(filename: str) -> datetime | None:
    """The UTC time in a filename such as `2025-12-26T10-15-30Z_000123.jpg`."""
    match = _INSTANT_IN_NAME.search(filename)
    if match is None:
        return None
    try:
        return datetime.fromisoformat("{}T{}:{}:{}+00:00".format(*match.groups()))
    except ValueError:
        return None


def conflict(device_id: DeviceId, seq: Seq, sha256: str, *, is_clip: bool = False) -> str:
    return f"{device_prefix(device_id)}conflicts/{padded(seq)}-{sha256}{CLIP_ENDING if is_clip else '.jpg'}"


def thumbnail(device_id: DeviceId, seq: Seq) -> str:
    return f"{device_prefix(device_id)}thumbnails/{padded(seq)}.jpg"


def dated_prefix(device_id: DeviceId) -> str:
    """What the keys of all singles with a date begin with: the first digit of their year is among it."""
    return f"{device_prefix(device_id)}2"


def undated_prefix(device_id: DeviceId) -> str:
    return f"{device_prefix(device_id)}undated/"


def from_seq(prefix: str, seq: Seq) -> str:
    """Under a prefix whose keys go on with a seq, what sorts before the keys of this one and after those below."""
    return f"{prefix}{padded(seq)}"


def day_prefix(device_id: DeviceId, day: datetime) -> str:
    """What the keys of singles of that UTC day begin with."""
    return f"{device_prefix(device_id)}{day:%Y/%m/%d}/"


def _is_filename(text: str) -> bool:
    return _FILENAME.fullmatch(text) is not None and ".." not in text


def _folder(filename: str, captured_at: datetime | None) -> str:
    # A clock that was never set dates nothing: the reconciler looks for lost objects by the date in their keys.
    if captured_at is not None and captured_at >= EARLIEST:
        return f"{captured_at.astimezone(UTC):%Y/%m/%d}"
    match = _DATE_IN_NAME.search(filename)
    return "/".join(match.groups()) if match else "undated"
