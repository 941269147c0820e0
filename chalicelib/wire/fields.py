"""Field types that several bodies share, with their limits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from chalicelib.domain.ids import MAX_SEQ

SeqField = Annotated[int, Meta(ge=0, le=MAX_SEQ, description="The device's capture number.")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64, description="SHA-256 in lower-case hex.")]
"""The length is said twice because Python's `$` lets a line end pass."""
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with a zone.")]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
ShortText = Annotated[str, Meta(max_length=200)]
ObjectKey = Annotated[str, Meta(min_length=1, max_length=1024)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
