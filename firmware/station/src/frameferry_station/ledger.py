"""Which commands were begun and how they ended, on disk, so that none is carried out twice."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files

REMEMBERED = 64


@dataclass(frozen=True)
class Outcome:
    """`status` is `done` or `failed`."""

    command_id: str
    kind: str
    status: str
    detail: str | None = None


class CommandLedger:
    """The last REMEMBERED commands. A command found begun at start was cut off: a reboot has thereby happened,
    anything else failed."""

    def __init__(self, path: Path, files: Files) -> None:
        self._file = JsonFile(path, files)
        try:
            stored = (self._file.load() or {"outcomes": []})["outcomes"]
        except StateDamaged:
            stored = []
        self._outcomes = {fields["command_id"]: Outcome(**fields) for fields in stored}

    def begin(self, command_id: str, kind: str) -> None:
        """Call before carrying the command out. Raises OSError: then do not."""
        is_reboot = kind == "reboot"
        detail = None if is_reboot else "cut off by a restart"
        self._keep(Outcome(command_id, kind, "done" if is_reboot else "failed", detail))

    def end(self, outcome: Outcome) -> None:
        """Raises OSError."""
        self._keep(outcome)

    def withdraw(self, command_id: str) -> None:
        """It was not carried out after all and may be begun again. Raises OSError."""
        self._save({known: outcome for known, outcome in self._outcomes.items() if known != command_id})

    def outcome(self, command_id: str) -> Outcome | None:
        """How a command ended, or would be said to have ended if the power went now; None if it was never begun."""
        return self._outcomes.get(command_id)

    def _keep(self, outcome: Outcome) -> None:
        self._save({**self._outcomes, outcome.command_id: outcome})

    def _save(self, outcomes: dict[str, Outcome]) -> None:
        kept = dict(list(outcomes.items())[-REMEMBERED:])
        self._file.save({"outcomes": [asdict(known) for known in kept.values()]})
        self._outcomes = kept
