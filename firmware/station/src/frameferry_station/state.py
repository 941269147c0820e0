"""The state folder of a device: what is where on its disk.

    identity/     the credential, and an activation under way
    queue/        packs; set-aside/ in it holds what cannot be sent
    seq.json      the next capture number
    events.json commands.json settings.json
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from frameferry_station.captures import Seq, SeqRange
from frameferry_station.files import DiskFiles, Files
from frameferry_station.identity import Entropy, IdentityStore
from frameferry_station.ledger import CommandLedger
from frameferry_station.outbox import Outbox
from frameferry_station.pack_folder import QueuedPack, Watcher
from frameferry_station.queue import PackLimits, PackQueue
from frameferry_station.settings_store import SettingsStore
from frameferry_station.steps import Evicted, Observer, Poisoned, Sealed


class StateFolder:
    """Opens, and where needed creates, all parts; the queue once it is known whose it is. Raises OSError.

    Also what the queue tells of itself (`pack_folder.Watcher`): what is lost is an event for the owner.
    """

    def __init__(
        self, folder: Path, *, utc: Callable[[], datetime], observe: Observer, files: Files | None = None
    ) -> None:
        self._folder = folder
        self._files = files or DiskFiles()
        self._observe = observe
        self.identity = IdentityStore(folder / "identity", self._files)
        self.outbox = Outbox(folder / "events.json", self._files, utc)
        self.ledger = CommandLedger(folder / "commands.json", self._files)
        self.settings = SettingsStore(folder / "settings.json", self._files)

    def queue(
        self,
        device_id: str,
        boot_id: str,
        *,
        budget_bytes: int | None,
        limits: PackLimits,
        entropy: Entropy,
        watcher: Watcher | None = None,
    ) -> PackQueue:
        """`watcher` is told in the place of this, and passes on what it does not keep to itself. Raises OSError."""
        return PackQueue(
            self._folder / "queue",
            self._folder / "seq.json",
            device_id=device_id,
            boot_id=boot_id,
            budget_bytes=budget_bytes,
            watcher=watcher or self,
            entropy=entropy,
            files=self._files,
            limits=limits,
        )

    def kept(self, seq: Seq, sha256: str) -> None:
        """Who put it knows."""

    def leaving(self, pack: QueuedPack) -> None:
        """Nobody else wants it."""

    def sealed(self, pack: QueuedPack) -> None:
        self._observe(Sealed(pack.first_seq, pack.last_seq, pack.captures, pack.size_bytes))

    def evicted(self, seqs: SeqRange) -> None:
        self.outbox.evicted(seqs)
        self._observe(Evicted(seqs.first, seqs.last))

    def skipped(self, seqs: SeqRange) -> None:
        self.outbox.add("skipped", seqs=seqs)

    def damaged(self, reason: str, seqs: SeqRange | None) -> None:
        self.outbox.add("error", f"photos {reason}" if seqs else reason, seqs)
        self._observe(Poisoned(reason, *((seqs.first, seqs.last) if seqs else ())))
