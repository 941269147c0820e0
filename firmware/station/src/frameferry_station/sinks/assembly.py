"""The sinks that the settings name, ready to take and to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from frameferry_station.backoff import Uniform
from frameferry_station.boot import Boot
from frameferry_station.documents import JsonFile
from frameferry_station.files import Files
from frameferry_station.http import Connection, Sender
from frameferry_station.photos import SourceName
from frameferry_station.settings import FilesystemSink, HttpSink, S3Sink, Sink
from frameferry_station.sinks.filesystem import FolderDestination, SharedDiskFiles
from frameferry_station.sinks.http_post import PostDestination
from frameferry_station.sinks.links import LinkedDiskFiles
from frameferry_station.sinks.photo import Destination
from frameferry_station.sinks.photo_times import Boots, PhotoTimes
from frameferry_station.sinks.s3 import S3Destination
from frameferry_station.sinks.shelf import Shelf
from frameferry_station.sinks.worker import SinkWorker, Tell


def workers(
    sinks: Iterable[Sink],
    folder: Path,
    *,
    boot: Boot,
    clock_is_synced: Callable[[], bool],
    uniform: Uniform,
    tell: Tell,
    files: Files | None = None,
    connect: Callable[[], Sender] = Connection,
) -> list[SinkWorker]:
    """One for each sink but the cloud; each keeps what it is still to take in a folder of its name in `folder`.

    `tell` is what `Photos.tell` is: it is called from the workers' threads. Raises OSError.
    """
    files = files or LinkedDiskFiles()
    files.make_folder(folder)
    boots = Boots(folder / "boots.json", files, boot, clock_is_synced)
    made = []
    for sink in sinks:
        name, destination = _destination(sink, folder, files, connect)
        if destination is not None:
            own = folder / name
            shelf = Shelf(own, files, partial(_tell_damage, tell, name))
            times = PhotoTimes(boots, own / "undated.json", files)
            made.append(SinkWorker(name, shelf, destination, times, clock=boot.clock, uniform=uniform, tell=tell))
    return made


def _destination(
    sink: Sink, folder: Path, files: Files, connect: Callable[[], Sender]
) -> tuple[str, Destination | None]:
    match sink:
        case FilesystemSink():
            state = JsonFile(folder / "filesystem" / "target.json", files)
            return "filesystem", FolderDestination(sink.folder, state, SharedDiskFiles())
        case S3Sink():
            return "s3", S3Destination(sink, connect())
        case HttpSink():
            return "http", PostDestination(sink.url, sink.token, connect())
        case _:
            return "cloud", None


def _tell_damage(tell: Tell, name: str, lane: SourceName, message: str) -> None:
    tell(lane, "error", f"{name}: {message}"[:200])
