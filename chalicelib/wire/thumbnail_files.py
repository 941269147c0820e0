"""The thumbnails of a pack: a stored ZIP with entries named as the pack's, so that each is a range of one object."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.ids import Seq, padded

_LOCAL_HEADER_BYTES = 30
"""APPNOTE.TXT section 4.3.7, without the name and the extra field that follow it."""


@dataclass(frozen=True)
class Place:
    """A range of the file, in bytes."""

    offset: int
    length: int


def built(thumbnails: Mapping[Seq, bytes]) -> bytes:
    """The same thumbnails always make the same file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:
        for seq in sorted(thumbnails):
            pack.writestr(zipfile.ZipInfo(f"{padded(seq)}.jpg"), thumbnails[seq])
    return file.getvalue()


def places(body: bytes) -> dict[Seq, Place]:
    """Where in a file that `built` made each thumbnail lies; what was erased since has its place still. Empty for what
    is no such file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as pack:
            return {_seq(entry): _place(entry) for entry in pack.infolist()}
    except (zipfile.BadZipFile, ValueError):
        return {}


def _seq(entry: zipfile.ZipInfo) -> Seq:
    return Seq(int(entry.filename.removesuffix(".jpg")))


def _place(entry: zipfile.ZipInfo) -> Place:
    return Place(entry.header_offset + _LOCAL_HEADER_BYTES + len(entry.filename), entry.file_size)
