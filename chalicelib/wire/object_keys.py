"""Object keys: where in the buckets a capture and what is made of it lie, and what a key tells.

devices/<device_id>/YYYY/MM/DD/<seq, 16 digits>-<filename>      a single
devices/<device_id>/undated/<seq, 16 digits>-<filename>         a single without a date
devices/<device_id>/conflicts/<seq, 16 digits>-<sha256>.jpg     bytes that came for a taken seq
devices/<device_id>/thumbnails/<seq, 16 digits>.jpg             in the derived bucket
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.domain.capture_time import EARLIEST
from chalicelib.domain.errors import InvalidFilename
from chalicelib.domain.ids import MAX_SEQ, SEQ_DIGITS, DeviceId, Seq, is_device_id, padded

_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_DATE_IN_NAME = re.compile(r"(?<!\d)(20\d{2})-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?!\d)")
_INSTANT_IN_NAME = re.compile(r"(?<!\d)(20\d{2}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z")
_SINGLE = re.compile(
    rf"devices/(?P<device>[0-9a-f-]{{36}})/(?:\d{{4}}/\d{{2}}/\d{{2}}|undated)/(?P<seq>\d{{{SEQ_DIGITS}}})-(?P<name>[^/]+)",
    re.ASCII,
)


@dataclass(frozen=True)
class SingleKey:
    """What the key of a single says."""

    device_id: DeviceId
    seq: Seq
    filename: str


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


def parse_single(key: str) -> SingleKey | None:
    """None for every key that `single` cannot have made."""
    match = _SINGLE.fullmatch(key)
    if match is None or not is_device_id(match["device"]) or int(match["seq"]) > MAX_SEQ:
        return None
    if not _is_filename(match["name"]):
        return None
    return SingleKey(DeviceId(match["device"]), Seq(int(match["seq"])), match["name"])


def instant_in_name(filename: str) -> datetime | None:
    """The UTC time in a filename such as `2025-12-26T10-15-30Z_000123.jpg`."""
    match = _INSTANT_IN_NAME.search(filename)
    if match is None:
        return None
    try:
        return datetime.fromisoformat("{}T{}:{}:{}+00:00".format(*match.groups()))
    except ValueError:
        return None


def conflict(device_id: DeviceId, seq: Seq, sha256: str) -> str:
    return f"{device_prefix(device_id)}conflicts/{padded(seq)}-{sha256}.jpg"


def thumbnail(device_id: DeviceId, seq: Seq) -> str:
    return f"{device_prefix(device_id)}thumbnails/{padded(seq)}.jpg"


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
