"""What a device tells whoever watches it, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from frameferry_station.captures import Seq


@dataclass(frozen=True)
class Step:
    event: ClassVar[str]

    def as_json(self) -> dict[str, Any]:
        return {"event": self.event, **asdict(self)}


Observer = Callable[[Step], None]
"""Called from the capturing and from the uploading thread."""


@dataclass(frozen=True)
class Captured(Step):
    event = "captured"
    seq: Seq
    size_bytes: int


@dataclass(frozen=True)
class CaptureFailed(Step):
    event = "capture_failed"
    reason: str


@dataclass(frozen=True)
class Uploaded(Step):
    """S3 says that it has the bytes; that is no proof yet."""

    event = "uploaded"
    seq: Seq


@dataclass(frozen=True)
class Confirmed(Step):
    """A verified receipt came and the capture left the queue. `status` is `queued` or `duplicate`."""

    event = "confirmed"
    seq: Seq
    status: str


@dataclass(frozen=True)
class Deferred(Step):
    """This capture was refused, or got no receipt that holds: it stays and is tried again after `seconds`."""

    event = "deferred"
    seq: Seq
    reason: str
    seconds: float


@dataclass(frozen=True)
class Renumbered(Step):
    event = "renumbered"
    old_seq: Seq
    new_seq: Seq


@dataclass(frozen=True)
class Evicted(Step):
    event = "evicted"
    first_seq: Seq
    last_seq: Seq


@dataclass(frozen=True)
class Poisoned(Step):
    """Set aside: it is kept, but not sent any more."""

    event = "poison"
    seq: Seq
    reason: str


@dataclass(frozen=True)
class Waiting(Step):
    event = "waiting"
    reason: str
    seconds: float


@dataclass(frozen=True)
class PauseChanged(Step):
    event = "pause"
    paused: bool


@dataclass(frozen=True)
class CommandEnded(Step):
    event = "command"
    command_id: str
    kind: str
    status: str
    detail: str | None


@dataclass(frozen=True)
class Rebooting(Step):
    event = "rebooting"


@dataclass(frozen=True)
class Refused(Step):
    """The credential is not valid any more: somebody has to pair the device again."""

    event = "refused"
    code: str
