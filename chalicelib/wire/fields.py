"""Field types that several bodies share, with their limits."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from chalicelib.domain.ids import MAX_SEQ

MAX_SINGLE_BYTES = 32 * 2**20
"""Of one photo PUT to S3; several times what a 5-megapixel camera makes."""
MAX_CLIP_BYTES = 64 * 2**20
"""Of one clip PUT to S3: minutes of a camera's stream."""
MAX_PACK_BYTES = 64 * 2**20
MAX_PACK_SPAN = 1000
"""From the first to the last seq of a pack: what is known of these is read at once."""

SeqField = Annotated[int, Meta(ge=0, le=MAX_SEQ, description="The device's capture number.")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64, description="SHA-256 in lower-case hex.")]
"""The length is said twice because Python's `$` lets a line end pass."""
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with a zone.")]
_SIGN, _VISIBLE = r"[^\x00-\x1f\x7f-\x9f]", r"[^\s\x00-\x1f\x7f-\x9f]"
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=rf"^{_SIGN}*{_VISIBLE}{_SIGN}*$(?!\n)",
        description="One line, not of blanks alone.",
    ),
]
ShortText = Annotated[str, Meta(max_length=200)]
ObjectKey = Annotated[str, Meta(min_length=1, max_length=1024)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
