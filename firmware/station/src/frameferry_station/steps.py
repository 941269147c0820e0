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
"""Called from any thread."""


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
class OfPack(Step):
    """About a pack: `captures` photos, of which these are the first and the last."""

    first_seq: Seq
    last_seq: Seq
    captures: int


@dataclass(frozen=True)
class Sealed(OfPack):
    """Full, or wanted at once: nothing more goes into it."""

    event = "sealed"
    size_bytes: int


@dataclass(frozen=True)
class Uploaded(OfPack):
    """S3 says that it has the bytes; that is no proof yet."""

    event = "uploaded"


@dataclass(frozen=True)
class Confirmed(OfPack):
    """A verified receipt came and the pack left the queue. `state` is `held`, or `deleted` by the owner."""

    event = "confirmed"
    state: str


@dataclass(frozen=True)
class Deferred(OfPack):
    """This pack was refused, or got no receipt that holds: it stays and is tried again after `seconds`."""

    event = "deferred"
    reason: str
    seconds: float


@dataclass(frozen=True)
class Renumbered(Step):
    """The server holds other bytes under the old seq: this photo goes up alone."""

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
    """These photos cannot be sent: they are set aside, or damaged. Without seqs it is not known which they are."""

    event = "poison"
    reason: str
    first_seq: Seq | None = None
    last_seq: Seq | None = None


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
