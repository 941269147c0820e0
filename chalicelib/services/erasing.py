"""How captures are taken out of a pack: both its files are rewritten with zeros in their place, so that all other
offsets stay, and what was there before is deleted. Doing it again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.ids import Seq
from chalicelib.services.ports import CaptureObjects, DerivedObjects, Fetched
from chalicelib.wire.fields import MAX_PACK_BYTES
from chalicelib.wire.packs import erase

PACK_TYPE = "application/zip"
_TRIES = 8


def erase_captures(key: str, seqs: Collection[Seq], *, captures: CaptureObjects, found: Fetched | None = None) -> bool:
    """Whether there was anything to erase; in a pack that is gone there is not. `found` is the pack as it was read just
    now; without it, it is read.

    Raises Unavailable where others keep rewriting it.
    """
    for _ in range(_TRIES):
        found = found or captures.fetch(key, None, at_most_bytes=MAX_PACK_BYTES)
        if found is None or found.body is None:
            return False
        after = erase(found.body, seqs)
        is_changed = after != found.body
        if not is_changed and found.object.sealed_sha256 is None:
            return False
        if not is_changed or _replaced(key, after, found, captures):
            captures.delete_old_versions(key)
            return is_changed
        found = None
    raise Unavailable(retry_after_s=1)


def _replaced(key: str, after: bytes, found: Fetched, captures: CaptureObjects) -> bool:
    was = replace(found.object, sha256=found.object.sha256 or hashlib.sha256(found.body or b"").hexdigest())
    sha256 = hashlib.sha256(after).hexdigest()
    return captures.replace(key, after, PACK_TYPE, sha256, if_match=found.etag, was=was)


def erase_thumbnails(key: str, seqs: Collection[Seq], *, derived: DerivedObjects) -> None:
    """Raises Unavailable where others keep rewriting the file."""
    for _ in range(_TRIES):
        found = derived.read(key)
        if found is None:
            return
        after = erase(found.body, seqs)
        if after == found.body or derived.replace(key, after, PACK_TYPE, if_match=found.etag):
            derived.delete_old_versions(key)
            return
    raise Unavailable(retry_after_s=1)
