"""What a device says of photos that there will never be: it had no room for them, was paused, or was off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.ids import Seq


@dataclass(frozen=True)
class ReportedRange:
    """Both ends included."""

    first_seq: Seq
    last_seq: Seq
    at: datetime


@dataclass(frozen=True)
class EvictedRange(ReportedRange):
    """Captures that the card had no room for."""


@dataclass(frozen=True)
class SkippedRange(ReportedRange):
    """Numbers that no capture got: after a conflict the device went on above them."""


class StateKind(StrEnum):
    PAUSED = "paused"
    RESUMED = "resumed"
    BOOT = "boot"


@dataclass(frozen=True)
class DeviceState:
    at: datetime
    kind: StateKind
