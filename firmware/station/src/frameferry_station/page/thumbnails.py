"""Small pictures, made when somebody looks."""

from __future__ import annotations

import io
import struct
import threading
from collections import OrderedDict
from collections.abc import Callable

THUMBNAIL_PIXELS = 320
MAX_PIXELS = 200_000_000
_QUALITY = 75


class Thumbnails:
    """One is made at a time: a large photo takes some megabytes while it is read. The latest are kept in memory, for a
    card wears. Thread-safe.
    """

    def __init__(self, max_bytes: int = 4 * 2**20) -> None:
        self._max_bytes = max_bytes
        self._making = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def of(self, key: str, read: Callable[[], bytes | None], is_there: Callable[[], bool]) -> bytes | None:
        """`key` names a photo for ever. None where there is no photo, not any more, or none that can be read."""
        with self._making:
            if not is_there():
                self._kept.pop(key, None)
                return None
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
            jpeg = read()
            small = made(jpeg) if jpeg is not None else None
            if small is not None:
                self._kept[key] = small
                while sum(map(len, self._kept.values())) > self._max_bytes:
                    self._kept.popitem(last=False)
            return small


def made(jpeg: bytes, edge: int = THUMBNAIL_PIXELS) -> bytes | None:
    """Upright and without metadata. None for what is no JPEG."""
    # Not Image.open, which loads the readers of all formats.
    from PIL import Image, ImageOps
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        with JpegImageFile(io.BytesIO(jpeg)) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            # The decoder shrinks while it reads: an eighth of the edges is a 64th of the memory.
            image.draft("RGB", (edge, edge))
            image.thumbnail((edge, edge), Image.Resampling.BILINEAR)
            upright = ImageOps.exif_transpose(image).convert("RGB")
            upright.info.clear()
            content = io.BytesIO()
            upright.save(content, "JPEG", quality=_QUALITY)
    except (OSError, SyntaxError, ValueError, IndexError, KeyError, TypeError, struct.error):
        return None
    return content.getvalue()
