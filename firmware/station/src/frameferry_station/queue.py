"""The disk queue: one file a capture, which appears under its name whole and durable or not at all.

A file is a line of JSON with its CRC, then the JPEG. Its seq is its name alone, so that a renumbering is one rename.
The counter file only has to be ahead of seqs that no file tells of: it is written before the file with the largest
seq goes, not at each capture.
Captures that cannot be sent are set aside in a folder beside the queue, with the reason.
"""

from __future__ import annotations

import bisect
import errno
import hashlib
import json
import re
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from frameferry_station.captures import MAX_SEQ, Capture, CaptureMeta, FileSlice, Seq, SeqRange
from frameferry_station.clock import from_text, to_text
from frameferry_station.documents import JsonFile
from frameferry_station.errors import CaptureDamaged, CaptureGone, StateDamaged
from frameferry_station.files import TEMPORARY, Files, write_durably

_NAME = re.compile(r"(\d{16})\.capture")
_MAX_HEADER_BYTES = 4096
_MOST_EVICTED_FOR_SPACE = 8
"""Captures given up for one new one where the disk is full although the budget is not: others fill it too."""


class DiskQueue:
    """Captures in the order of their seq. Thread-safe; the lock is never held across network I/O.

    `folder` holds the queue, `folder/set-aside` what could not be sent, `counter` the next seq. Where `budget_bytes`
    would be exceeded the oldest captures go, those set aside first; `on_evict` is told before they do.
    """

    def __init__(
        self,
        folder: Path,
        counter: Path,
        *,
        budget_bytes: int,
        on_evict: Callable[[SeqRange], None],
        files: Files,
    ) -> None:
        self._folder = folder
        self._aside = folder / "set-aside"
        self._budget_bytes = budget_bytes
        self._on_evict = on_evict
        self._files = files
        self._lock = threading.RLock()
        files.make_folder(self._aside)
        self._sizes, self._seqs = self._opened(folder)
        self._aside_sizes, self._aside_seqs = self._opened(self._aside)
        self._total_bytes = sum(self._sizes.values()) + sum(self._aside_sizes.values())
        self._counter = JsonFile(counter, files)
        self._kept_next = self._stored_next()
        self._next = max(self._kept_next, self._largest() + 1)

    @property
    def next_seq(self) -> Seq:
        return Seq(self._next)

    @property
    def size_bytes(self) -> int:
        """On disk, with what is set aside."""
        return self._total_bytes

    def __len__(self) -> int:
        return len(self._seqs)

    def put(self, jpeg: bytes, meta: CaptureMeta) -> Seq:
        """Durable once this returns. Raises OSError where the disk does not take it; then nothing is queued."""
        header = _header(jpeg, meta)
        size_bytes = len(header) + len(jpeg)
        with self._lock:
            if self._next > MAX_SEQ:
                raise OSError(errno.EOVERFLOW, "no seq is left")
            self._make_room(size_bytes)
            seq = Seq(self._next)
            # Taken whatever happens: a write that fails half-way may still have made the name durable.
            self._next += 1
            self._write(self._path(seq), header, jpeg)
            self._sizes[seq] = size_bytes
            self._seqs.append(seq)
            self._total_bytes += size_bytes
            return seq

    def pending(self) -> list[Seq]:
        """The seqs in the queue, oldest first."""
        with self._lock:
            return self._seqs.copy()

    def capture(self, seq: Seq) -> Capture:
        """Raises CaptureDamaged, and CaptureGone where it is not in the queue."""
        with self._lock:
            size_bytes = self._sizes.get(seq)
            if size_bytes is None:
                raise CaptureGone(f"{seq}")
            path = self._path(seq)
            try:
                header = self._files.read(path, 0, _MAX_HEADER_BYTES)
            except FileNotFoundError:
                self._forget(seq)
                raise CaptureGone(f"{seq}") from None
            except OSError as error:
                raise CaptureDamaged(f"cannot be read: {error.strerror}") from error
        return _capture(seq, path, size_bytes, header, self._files)

    def remove(self, seq: Seq) -> None:
        """The capture is proved to be held elsewhere. Not synced: a file that comes back is only sent again."""
        with self._lock:
            if seq in self._sizes:
                self._outlast(seq)
                self._files.remove(self._path(seq))
                self._forget(seq)

    def raise_next_seq(self, to: int) -> None:
        """No capture gets a seq below `to` any more; durable."""
        with self._lock:
            self._next = max(self._next, to)
            self._keep_next()

    def renumber(self, old: Seq, new: Seq) -> None:
        """Durable once this returns. `new` is at least `next_seq`. Raises CaptureGone, ValueError, OSError."""
        with self._lock:
            if old not in self._sizes:
                raise CaptureGone(f"{old}")
            if not self._next <= new <= MAX_SEQ:
                raise ValueError(f"seq {new} may be in use")
            # The file itself tells of its new seq, as it did of the old one.
            self._next = new + 1
            self._files.replace(self._path(old), self._path(new))
            self._seqs.append(new)
            self._sizes[new] = self._sizes[old]
            self._total_bytes += self._sizes[old]
            self._forget(old)
            self._files.sync_folder(self._folder)

    def poison(self, seq: Seq, reason: str) -> None:
        """Set a capture aside: it is kept, but not sent any more."""
        with self._lock:
            if seq not in self._sizes:
                return
            self._outlast(seq)
            with suppress(OSError):  # the reason is a courtesy
                self._files.write(self._reason(seq), (reason.encode(),))
            self._files.replace(self._path(seq), self._aside / _name(seq))
            self._files.sync_folder(self._aside)
            bisect.insort(self._aside_seqs, seq)
            self._aside_sizes[seq] = self._sizes[seq]
            self._total_bytes += self._sizes[seq]
            self._forget(seq)

    def _opened(self, folder: Path) -> tuple[dict[Seq, int], list[Seq]]:
        sizes = {}
        for name, size_bytes in self._files.sizes(folder).items():
            match = _NAME.fullmatch(name)
            if match and int(match[1]) <= MAX_SEQ:
                sizes[Seq(int(match[1]))] = size_bytes
            elif name.endswith(TEMPORARY):
                self._files.remove(folder / name)
        return sizes, sorted(sizes)

    def _stored_next(self) -> int:
        try:
            return int((self._counter.load() or {}).get("next_seq", 0))
        except StateDamaged:
            # The server's conflict answers put right what the files in the queue do not tell.
            return 0

    def _largest(self) -> int:
        return max([-1, *self._seqs[-1:], *self._aside_seqs[-1:]])

    def _outlast(self, seq: Seq) -> None:
        """Called before the file of `seq` goes: the counter tells of it if no other file will."""
        if seq == self._largest():
            self._keep_next()

    def _keep_next(self) -> None:
        if self._kept_next < self._next:
            self._counter.save({"next_seq": self._next})
            self._kept_next = self._next

    def _write(self, path: Path, header: bytes, jpeg: bytes) -> None:
        for _ in range(_MOST_EVICTED_FOR_SPACE):
            try:
                write_durably(self._files, path, (header, jpeg))
            except OSError as error:
                if error.errno != errno.ENOSPC or not self._evict():
                    raise
            else:
                return
        raise OSError(errno.ENOSPC, "the disk is full")

    def _make_room(self, size_bytes: int) -> None:
        while self._total_bytes + size_bytes > self._budget_bytes and self._evict():
            pass

    def _evict(self) -> bool:
        """Give up the oldest capture; False where there is none."""
        if not (self._aside_seqs or self._seqs):
            return False
        seq = (self._aside_seqs or self._seqs)[0]
        self._outlast(seq)
        self._on_evict(SeqRange(seq, seq))
        if self._aside_seqs:
            self._files.remove(self._aside / _name(seq))
            self._files.remove(self._reason(seq))
            self._total_bytes -= self._aside_sizes.pop(seq)
            del self._aside_seqs[0]
        else:
            self._files.remove(self._path(seq))
            self._forget(seq)
        return True

    def _forget(self, seq: Seq) -> None:
        self._total_bytes -= self._sizes.pop(seq)
        del self._seqs[bisect.bisect_left(self._seqs, seq)]

    def _path(self, seq: int) -> Path:
        return self._folder / _name(seq)

    def _reason(self, seq: int) -> Path:
        return self._aside / f"{seq:016d}.reason"


def _name(seq: int) -> str:
    return f"{seq:016d}.capture"


def _header(jpeg: bytes, meta: CaptureMeta) -> bytes:
    fields = {
        "captured_at": to_text(meta.captured_at) if meta.captured_at else None,
        "ntp_synced": meta.ntp_synced,
        "size_bytes": len(jpeg),
        "sha256": hashlib.sha256(jpeg).hexdigest(),
    }
    text = json.dumps(fields, separators=(",", ":")).encode()
    return b"frameferry-capture-v1 %08x %s\n" % (zlib.crc32(text), text)


def _capture(seq: Seq, path: Path, size_bytes: int, start: bytes, files: Files) -> Capture:
    header, _, _ = start.partition(b"\n")
    magic, _, rest = header.partition(b" ")
    checksum, _, text = rest.partition(b" ")
    if magic != b"frameferry-capture-v1" or checksum != b"%08x" % zlib.crc32(text):
        raise CaptureDamaged("its header is damaged")
    fields = json.loads(text)
    offset = len(header) + 1
    if size_bytes != offset + fields["size_bytes"]:
        raise CaptureDamaged("shorter or longer than it was")
    at = fields["captured_at"]
    return Capture(
        seq=seq,
        meta=CaptureMeta(from_text(at) if at else None, fields["ntp_synced"]),
        size_bytes=fields["size_bytes"],
        sha256=fields["sha256"],
        body=FileSlice(path, offset, fields["size_bytes"], files),
    )
