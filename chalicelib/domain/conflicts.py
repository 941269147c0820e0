"""Bytes that came for a seq under which others are held: no item, and kept all the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.ids import DeviceId, Seq


@dataclass(frozen=True)
class Conflict:
    device_id: DeviceId
    seq: Seq
    object_key: str
    """Of what was set aside, or of the pack that holds it."""
    sha256: str
    captured_at: datetime
    """As well as it was known when the bytes were looked at."""
    size_bytes: int = 0
    """0 in what was noted before this was."""
    offset: int | None = None
    """Where in the pack they begin; None: they have the object to themselves."""
    is_gone: bool = False
    """They were removed, and may yet turn up once more: who has told of them may not have come to its end."""
