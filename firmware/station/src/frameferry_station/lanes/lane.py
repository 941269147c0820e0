"""A lane: the queue of a source, what the sinks have of it, and its way to the cloud where it has one."""

from __future__ import annotations

import logging
import math
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress

from frameferry_station.captures import CaptureMeta, Seq, SeqRange
from frameferry_station.client import DeviceClient
from frameferry_station.clock import in_whole_ms
from frameferry_station.control import CommandFailed
from frameferry_station.documents import JsonFile
from frameferry_station.errors import CredentialRefused, PackGone, StateDamaged
from frameferry_station.http import Connection, Sender
from frameferry_station.lanes.handing import Handing
from frameferry_station.lanes.recent import RecentDigests
from frameferry_station.lanes.surroundings import Surroundings
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.packs import CaptureRecord, PackDamaged
from frameferry_station.photos import SourceName
from frameferry_station.protocol import Command
from frameferry_station.queue import PackQueue
from frameferry_station.sinks.shelf import Shelf
from frameferry_station.sinks.taker import SET_ASIDE_S, Taker, Waiting
from frameferry_station.state import StateFolder
from frameferry_station.steps import Captured, Observer, PauseChanged, Refused
from frameferry_station.uplink import Uplink

SEALED_AFTER_S = 30.0
"""The age of an open pack at which it is sealed for the sake of other sinks than the cloud."""
REFUSED_S = 3600.0
"""After which a refused credential is tried again."""
_PACKS_READ_FOR_DIGESTS = 4
"""At a start. Digests are synced before a power cut could take those of more packs."""
_FIRST_PACKS = 4
"""Of which one tells how old the oldest is."""

_log = logging.getLogger(__name__)


class Lane:
    """`lock` is held from the question whether a photo is new to its being durable. Also the queue's Watcher. What the
    owner has forgotten is forgotten in `left_behind` too, which takes no packs any more.

    Raises OSError where its folder is of no use.
    """

    def __init__(
        self,
        name: SourceName,
        around: Surroundings,
        takers: Sequence[Taker],
        left_behind: Sequence[Shelf],
        *,
        observe: Observer,
        capture_now: Callable[[], None],
        is_paused: Callable[[], bool],
        forget_elsewhere: Callable[[Callable[[CaptureRecord], bool]], None],
    ) -> None:
        self.name = name
        self.lock = threading.Lock()
        self._syncing = threading.Lock()
        self.is_closed = False
        self.is_wanted_now = False
        """The next photo is somebody's wish, and goes at once."""
        self.refused_because: str | None = None
        """The cloud does not take its credential any more."""
        self._refused_until_s = -math.inf
        self._around = around
        self._takers = takers
        self._left_behind = left_behind
        self._observe = observe
        self._is_paused = is_paused
        self._forget_elsewhere = forget_elsewhere
        self._was_paused = False
        self._source_of_put: SourceName | None = None
        self._opened_at_s: float | None = None
        self._packs_not_kept = 0
        self._senders: list[Sender] = []
        clock, folder = around.boot.clock, around.folder / "lanes" / name
        around.files.make_folder(folder)
        self.state = StateFolder(folder, utc=clock.utc, observe=observe, files=around.files)
        self.recent = RecentDigests(folder / "recent", around.files)
        self.handing = Handing(name, takers, around.files.sync)
        identity = self.state.identity.identity
        self._is_ferried = identity is not None and around.api_url is not None
        local = JsonFile(folder / "local.json", around.files)
        self.device_id = identity.device_id if identity else _local_id(local, around)
        self.queue = self._opened_queue(identity.next_seq if identity else 0)
        is_cut_off = identity is not None and not self._is_ferried
        self._for_the_cloud = {pack.name for pack in self.queue.packs()} if is_cut_off else set()
        """What may wait for it, although it is none of the sinks now."""
        self._learn_digests()
        self.uplink = self._uplink(around.api_url, capture_now) if around.api_url and identity else None
        if self.uplink:
            self._tell_boot(JsonFile(folder / "boot.json", around.files))
        self._hand_over()

    @property
    def is_paired(self) -> bool:
        return self.state.identity.identity is not None

    @property
    def waiting(self) -> int:
        """Photos that the cloud, or where there is none any sink, is still to get from here."""
        if self._is_ferried:
            return len(self.queue)
        handed = sum(pack.captures for pack in self.queue.packs() if self.handing.is_handed(pack))
        return max(0, len(self.queue) - handed)

    def put(self, source: SourceName, jpeg: bytes, taken: CaptureMeta | None = None) -> Seq:
        """With `lock` held; durable once this returns. Raises OSError."""
        self._source_of_put = source
        seq = self.queue.put(jpeg, taken or self._now())
        self._observe(Captured(seq, len(jpeg)))
        if self.is_wanted_now:
            self.is_wanted_now = False
            self.queue.seal()
        if self.uplink:
            self.uplink.wake_sync.set()
        return seq

    def step(self) -> None:
        """What time brings: an open pack is old enough, a sink may have a link now, packs are wanted nowhere more."""
        if self.is_closed:
            return
        now_s = self._around.boot.clock.monotonic_s()
        opened_at_s = self._opened_at_s
        if self._takers and opened_at_s is not None and now_s - opened_at_s >= SEALED_AFTER_S:
            self.queue.seal()
        self._hand_over()
        self.state.outbox.keep()
        if self.uplink and self._is_paused() != self._was_paused:
            self._was_paused = not self._was_paused
            self.state.outbox.add("paused" if self._was_paused else "resumed")
            self._observe(PauseChanged(self._was_paused))

    def sync_step(self) -> float:
        """`Uplink.sync_step`, but that a refused credential is no end: photos go on being taken, and the owner may
        undo it."""
        with self._syncing:
            return REFUSED_S if self.is_closed else self._synced()

    def _synced(self) -> float:
        now_s = self._around.boot.clock.monotonic_s()
        if self.uplink is None or now_s < self._refused_until_s:
            return max(1.0, self._refused_until_s - now_s)
        try:
            wait_s = self.uplink.sync_step()
        except CredentialRefused as refused:
            if self.refused_because is None:
                self._observe(Refused(refused.code))
            self.refused_because = f"the cloud refuses its credential ({refused.code}): pair {self.name} again"
            self._refused_until_s = now_s + REFUSED_S
            return REFUSED_S
        if not wait_s:
            self.refused_because = None
        return wait_s

    def paired_again(self, next_seq: int) -> None:
        """As the same device. Raises OSError."""
        self.queue.raise_next_seq(next_seq)
        self.refused_because, self._refused_until_s = None, -math.inf
        if self.uplink:
            self.uplink.wake_sync.set()

    def oldest(self) -> Waiting | None:
        """What `give_up_oldest` would take."""
        packs, path = self.queue.packs(), self.queue.first_to_go()
        if path is None:
            return None
        is_pack = bool(packs) and path == self.queue.path(packs[0])
        try:
            size_bytes = self._around.files.facts(path).size_bytes
            # The first may have been written anew, and must not hide the next ones.
            firsts = [self._around.files.facts(self.queue.path(pack)) for pack in packs[:_FIRST_PACKS]]
        except OSError:
            return Waiting(self.name, path.name, 0, SET_ASIDE_S)
        since_s = min(facts.written_at_s for facts in firsts) if is_pack else SET_ASIDE_S
        return Waiting(self.name, path.name, size_bytes, since_s)

    def give_up_oldest(self, offered: Waiting | None = None) -> int | None:
        """Bytes that the disk has back; None where nothing goes: what is not `offered` stays. Raises OSError."""
        self._hand_over()  # a sink that has it tells of it
        with suppress(OSError):
            self._keep_digests()
        path, packs = self.queue.first_to_go(), self.queue.packs()
        if path is None or (offered and not offered.is_same(self.oldest())):
            return None
        freed_bytes = self.queue.give_up_oldest(path)
        if freed_bytes is None:
            return None
        if packs and path == self.queue.path(packs[0]) and self.handing.given_up(packs[0]):
            _log.warning("%s: the disk is full, %d photos reached not every sink", self.name, packs[0].captures)
        return freed_bytes

    def close(self) -> None:
        """Nothing is put or synced any more; what is there stays for who opens the folder next. A sync under way is
        waited for."""
        with self.lock:
            self.is_closed = True
        with self._syncing:
            self.queue.seal()
            self._hand_over()
            if self._takers and not self._is_ferried:
                self._drop_handed(self.queue.packs())

    def hang_up(self) -> None:
        """Once it is closed, and nobody puts any more."""
        for sender in self._senders:
            if isinstance(sender, Connection):
                sender.close()

    def kept(self, seq: Seq, sha256: str) -> None:
        self.recent.add(self._source_of_put, seq, sha256)
        if self._opened_at_s is None:
            self._opened_at_s = self._around.boot.clock.monotonic_s()

    def sealed(self, pack: QueuedPack) -> None:
        self._opened_at_s = None
        self.state.sealed(pack)
        self.handing.sealed(pack)
        self._packs_not_kept += 1
        if self._packs_not_kept >= _PACKS_READ_FOR_DIGESTS - 1:
            with suppress(OSError):
                self._keep_digests()
        self._hand_over()

    def leaving(self, pack: QueuedPack) -> None:
        self.handing.check(self.queue, pack)
        self._keep_digests()

    def evicted(self, seqs: SeqRange) -> None:
        if self._is_ferried:
            self.state.evicted(seqs)

    def skipped(self, seqs: SeqRange) -> None:
        self.state.skipped(seqs)

    def damaged(self, reason: str, seqs: SeqRange | None) -> None:
        self.state.damaged(reason, seqs)

    def _now(self) -> CaptureMeta:
        boot, is_synced = self._around.boot, self._around.clock_is_synced()
        return CaptureMeta(in_whole_ms(boot.clock.utc()) if is_synced else None, is_synced, boot.uptime_ms)

    def _keep_digests(self) -> None:
        self.recent.keep()
        self._packs_not_kept = 0

    def _hand_over(self) -> None:
        was_failing = self.handing.error is not None
        if not self.handing.hand_over(self.queue) and not was_failing:
            _log.warning("%s: a sink takes no packs: %s", self.name, self.handing.error)
        if self._takers and not self._is_ferried:
            # The newest tells of the seqs and digests so far.
            self._drop_handed([pack for pack in self.queue.packs()[:-1] if pack.name not in self._for_the_cloud])

    def _drop_handed(self, packs: Sequence[QueuedPack]) -> None:
        for pack in packs:
            if not self.handing.is_handed(pack):
                break
            with suppress(OSError):
                self.queue.remove(pack)

    def _opened_queue(self, least_seq: int) -> PackQueue:
        around = self._around
        queue = self.state.queue(
            self.device_id,
            around.boot.boot_id,
            budget_bytes=None,
            limits=around.limits,
            entropy=around.entropy,
            watcher=self,
        )
        with suppress(OSError):  # it counts even so, and what it comes from is on the disk
            queue.raise_next_seq(self.handing.free_seq(max(queue.next_seq, least_seq)))
        return queue

    def _learn_digests(self) -> None:
        packs = self.queue.packs()[-_PACKS_READ_FOR_DIGESTS:]
        with suppress(OSError):
            if packs:
                self.queue.keep()  # a photo of which only the page cache tells is not one that is known
            for pack in packs:
                with suppress(PackGone, PackDamaged):
                    for entry in self.queue.entries(pack):
                        self.recent.add(None, entry.seq, entry.sha256)
            self._keep_digests()

    def _tell_boot(self, file: JsonFile) -> None:
        """Once for each boot of the machine, where the disk is not full: a restart of the program loses no photo's
        time."""
        boot_id = self._around.boot.boot_id
        with suppress(StateDamaged):
            if (file.load() or {}).get("boot_id") == boot_id:
                return
        self.state.outbox.add("boot", "power_on")
        with suppress(OSError):
            file.save({"boot_id": boot_id})

    def _forget_in_sinks(self, is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        self._forget_elsewhere(is_forgotten)
        self.queue.seal()
        self._hand_over()
        holders: list[Taker | Shelf] = [*self._takers, *self._left_behind]
        return sum(holder.forget(self.name, is_forgotten) for holder in holders)

    def _uplink(self, api_url: str, capture_now: Callable[[], None]) -> Uplink:
        around = self._around
        self._senders = [around.connect(), around.connect()]

        def wanted(_: Command) -> None:
            if self._is_paused():
                raise CommandFailed("the camera is paused")
            self.is_wanted_now = True
            capture_now()

        return Uplink(
            self.state,
            self.queue,
            DeviceClient(api_url, self._senders[0], self.state.identity),
            self._senders[1],
            boot=around.boot,
            uniform=around.uniform,
            observe=self._observe,
            space=around.space,
            actions={"capture_now": wanted},
            clock_is_synced=around.clock_is_synced,
            forget_elsewhere=self._forget_in_sinks,
        )


def _local_id(file: JsonFile, around: Surroundings) -> str:
    """Of a lane that has no device in the cloud: packs want one. Raises OSError."""
    with suppress(StateDamaged, ValueError, KeyError):
        return str(uuid.UUID((file.load() or {})["device_id"]))
    device_id = str(uuid.UUID(bytes=around.entropy(16), version=4))
    file.save({"device_id": device_id})
    return device_id
