"""JPEGs that a decoder takes, different for each number."""

from __future__ import annotations

import hashlib
import io

from PIL import Image

_COMMENT_BYTES = 200


def _tiny() -> bytes:
    written = io.BytesIO()
    Image.new("L", (320, 240), 128).save(written, "JPEG")
    return written.getvalue()


_TINY = _tiny()


def photograph(number: int, comment_bytes: int = _COMMENT_BYTES) -> bytes:
    """The number stands in a comment segment of this length."""
    comment = hashlib.shake_128(str(number).encode()).digest(comment_bytes)
    return _TINY[:2] + b"\xff\xfe" + (comment_bytes + 2).to_bytes(2, "big") + comment + _TINY[2:]
