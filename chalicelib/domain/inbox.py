"""What waits between owner and device: commands to it, events from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.errors import CommandFinished
from chalicelib.domain.ids import DeviceId

COMMAND_LIFETIME = timedelta(days=7)
EVENT_LIFETIME = timedelta(days=90)
MOTION_INTERVAL = timedelta(seconds=5)
"""Motion is reported at most once in this time, by the time at which it happened."""


class CommandKind(StrEnum):
    CAPTURE_NOW = "capture_now"
    PAUSE = "pause"
    RESUME = "resume"
    REBOOT = "reboot"
    REPAIR = "repair"
    ROTATE_TOKEN = "rotate_token"  # noqa: S105 - the name of a command
    UPLOAD_LOG = "upload_log"
    FORGET = "forget"


class CommandStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (CommandStatus.DONE, CommandStatus.FAILED)


@dataclass(frozen=True)
class Command:
    """`command_id` sorts by the time of issue. A device keeps it before it carries the command out."""

    device_id: DeviceId
    command_id: str
    kind: CommandKind
    created_at: datetime
    expires_at: datetime
    status: CommandStatus = CommandStatus.PENDING
    arguments: Mapping[str, str | int] = field(default_factory=dict)
    delivered_at: datetime | None = None
    finished_at: datetime | None = None
    detail: str | None = None
    """What the device said of the outcome."""

    def delivered(self, at: datetime) -> Command:
        if self.status is not CommandStatus.PENDING:
            return self
        return replace(self, status=CommandStatus.DELIVERED, delivered_at=at)

    def finished(self, outcome: CommandStatus, detail: str | None, at: datetime) -> Command:
        """An acknowledgement. The same one again changes nothing; another one raises CommandFinished."""
        if self.status.is_final:
            if self.status is outcome:
                return self
            raise CommandFinished
        return replace(self, status=outcome, detail=detail, finished_at=at)


class EventKind(StrEnum):
    MOTION = "motion"
    EVICTED = "evicted"
    SKIPPED = "skipped"
    PAUSED = "paused"
    RESUMED = "resumed"
    BOOT = "boot"
    ERROR = "error"
    LOG = "log"
    CONFLICT = "conflict"
    OBJECT_MISSING = "object_missing"
    PACK_DAMAGED = "pack_damaged"
    PACK_REJECTED = "pack_rejected"


@dataclass(frozen=True)
class Event:
    """Something that happened to a device; `event_id` is derived from it, so that a retry is the same event."""

    device_id: DeviceId
    event_id: str
    kind: EventKind
    occurred_at: datetime
    received_at: datetime
    expires_at: datetime
    details: Mapping[str, str | int | float] = field(default_factory=dict)
