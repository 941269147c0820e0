"""Putting packs into S3, one after the other over one connection."""

from __future__ import annotations

from functools import partial

from frameferry_station import objects
from frameferry_station.drain import Drain, Upload
from frameferry_station.errors import StationError
from frameferry_station.http import Sender
from frameferry_station.queue import PackQueue

CONTENT_TYPE = "application/zip"


class Uploads:
    """Not thread-safe: one thread puts."""

    def __init__(self, storage: Sender, queue: PackQueue, drain: Drain) -> None:
        self._storage = storage
        self._queue = queue
        self._drain = drain

    def step(self, *, newest_first: bool) -> float:
        """Put one pack. Gives seconds until the next may be put, infinite where none has a place."""
        upload = self._drain.next_upload(newest_first=newest_first)
        if not isinstance(upload, Upload):
            return upload
        headers = objects.signed_headers(CONTENT_TYPE, upload.pack)
        try:
            objects.put_to(self._storage, upload.url, headers, partial(self._queue.chunks, upload.pack))
        except StationError as error:
            self._drain.not_put(upload, error)
        else:
            self._drain.put(upload)
        return 0.0
