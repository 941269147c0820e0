"""For who reads the journal to learn why a camera's photos do not come."""

from __future__ import annotations

import logging

from frameferry_station.clock import Clock
from frameferry_station.intake.addresses import Address
from frameferry_station.intake.limits import Allowances
from frameferry_station.intake.refusals import Refused

_log = logging.getLogger(__name__)


class RefusalJournal:
    """Once an hour for each address and reason. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._noted = Allowances(clock, burst=1, every_s=3600.0)

    def note(self, refused: Refused, address: Address) -> None:
        if not self._noted.take((address, refused.code)):
            _log.info("%s was refused: %s", address, refused.code)
