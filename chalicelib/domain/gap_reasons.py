"""Why there is no photo of a time. Apart from the gaps themselves: every answer of the API knows these words."""

from __future__ import annotations

from enum import StrEnum


class GapReason(StrEnum):
    PAUSED = "paused"
    EVICTED = "evicted"
    """The card was full: the device gave these up and said so."""
    DELETED = "deleted"
    FORGOTTEN = "forgotten"
    SKIPPED = "skipped"
    """Seqs that no capture got: after a conflict the device went on above them."""
    POWERED_OFF = "powered_off"
    NOT_UPLOADED = "not_uploaded"
    """Still on the card, or nobody has heard of the device since."""
    NO_CAPTURE = "no_capture"
    """The device ran and was not paused, and took no photo."""
    MISSING = "missing"
    """Seqs of one run of the device that are neither here nor on its card, and nothing says why."""
    CLOCK_UNKNOWN = "clock_unknown"
    """There are photos, but when they were taken is known only roughly."""
