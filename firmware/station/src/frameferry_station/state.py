"""The state folder of a device: what is where on its disk.

    identity/     the credential, and an activation under way
    queue/        captures, one file each; set-aside/ in it holds those that cannot be sent
    seq.json      the next capture number
    events.json commands.json settings.json
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from frameferry_station.captures import SeqRange
from frameferry_station.files import DiskFiles, Files
from frameferry_station.identity import IdentityStore
from frameferry_station.ledger import CommandLedger
from frameferry_station.outbox import Outbox
from frameferry_station.queue import DiskQueue
from frameferry_station.settings_store import SettingsStore
from frameferry_station.steps import Evicted, Observer


class StateFolder:
    """Opens, and where needed creates, all parts. Raises OSError."""

    def __init__(
        self,
        folder: Path,
        *,
        budget_bytes: int,
        utc: Callable[[], datetime],
        observe: Observer,
        files: Files | None = None,
    ) -> None:
        files = files or DiskFiles()
        self._observe = observe
        self.identity = IdentityStore(folder / "identity", files)
        self.outbox = Outbox(folder / "events.json", files, utc)
        self.ledger = CommandLedger(folder / "commands.json", files)
        self.settings = SettingsStore(folder / "settings.json", files)
        self.queue = DiskQueue(
            folder / "queue", folder / "seq.json", budget_bytes=budget_bytes, on_evict=self._evicted, files=files
        )

    def _evicted(self, seqs: SeqRange) -> None:
        self.outbox.evicted(seqs)
        self._observe(Evicted(seqs.first, seqs.last))
