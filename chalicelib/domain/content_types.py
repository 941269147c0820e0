"""What a capture is, which the name of its object tells: a device says it once, when it asks where to PUT."""

from __future__ import annotations

from typing import Final

JPEG: Final = "image/jpeg"
MP4: Final = "video/mp4"
CLIP_ENDING: Final = ".mp4"


def is_clip(object_key: str) -> bool:
    """A pack holds photos alone, and its name ends otherwise."""
    return object_key.endswith(CLIP_ENDING)


def content_type_of(object_key: str) -> str:
    return MP4 if is_clip(object_key) else JPEG
