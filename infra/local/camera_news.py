"""What a camera says of itself, as one line of `make run`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from infra.local.camera_process import CameraEvent


@dataclass(frozen=True)
class News:
    """A step of the photos from `first_seq` to `last_seq`, or of the camera itself where they are None."""

    step: str
    detail: str = ""
    first_seq: int | None = None
    last_seq: int | None = None


def news_of(event: CameraEvent) -> News | None:
    """None for what is not to be told, or is told by the cloud itself."""
    tell = _TOLD.get(event["event"])
    return tell(event) if tell else None


def _captured(event: CameraEvent) -> News:
    return News("captured", kilobytes(event["size_bytes"]), event["seq"], event["seq"])


def _sealed(event: CameraEvent) -> News | None:
    if event["captures"] == 1:
        return None
    return _of_pack("packed", event, kilobytes(event["size_bytes"]))


def _renumbered(event: CameraEvent) -> News:
    return News("renumbered", f"now {event['new_seq']}", event["old_seq"], event["old_seq"])


def _waiting(event: CameraEvent) -> News:
    return News("waiting", f"{event['reason']}; on in {event['seconds']:.0f} s")


def _of_pack(step: str, event: CameraEvent, detail: str = "") -> News:
    return News(step, detail, event["first_seq"], event["last_seq"])


_TOLD: dict[str, Callable[[CameraEvent], News | None]] = {
    "captured": _captured,
    "sealed": _sealed,
    "confirmed": lambda event: _of_pack("confirmed", event),
    "renumbered": _renumbered,
    "evicted": lambda event: _of_pack("evicted", event),
    "poison": lambda event: _of_pack("set aside", event, event["reason"]),
    "deferred": lambda event: _of_pack("deferred", event, f"{event['reason']}; again in {event['seconds']:.0f} s"),
    "waiting": _waiting,
}


def kilobytes(size_bytes: int) -> str:
    return f"{size_bytes / 1000:.0f} kB"
