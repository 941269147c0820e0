"""What `doctor` tries at the sinks beside the cloud. No photo is sent, and none is stored."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from frameferry_station import documents
from frameferry_station.errors import Busy, ForeignAnswer, NoAnswer, Refusal, StateDamaged
from frameferry_station.files import DiskFiles
from frameferry_station.http import Connection, Sender
from frameferry_station.program.findings import Finding, note, ok, wrong
from frameferry_station.program.machine_checks import nearest
from frameferry_station.settings import FilesystemSink, HttpSink, S3Sink
from frameferry_station.sinks.filesystem import MARKER
from frameferry_station.sinks.photo import NotAsConfigured
from frameferry_station.sinks.s3 import PROBE_NAME, S3Destination

ANSWER_S = 10.0
LEAST_FREE_BYTES = 64 * 2**20
_SETTINGS = "correct it in .env, and restart the station"
_LATER = "try again later; photos wait meanwhile"
_TAKES_POSTS_ONLY = frozenset({400, 404, 405, 406, 411, 415, 422, 501})
"""What servers are known to answer to a HEAD where they only take POSTs."""


def s3(sink: S3Sink, sender: Sender | None = None) -> list[Finding]:
    """A PUT that S3 refuses at its very end: see `S3Destination.probe`."""
    where = _host(sink.endpoint_url) if sink.endpoint_url else "S3"
    try:
        with _asking(sender) as asked:
            if S3Destination(sink, asked).probe():
                return [ok(f"the bucket {sink.bucket} takes photos")]
    except NotAsConfigured as error:
        return [wrong(f"{error}", _SETTINGS)]
    except NoAnswer as error:
        remedy = "is there internet, and is S3_ENDPOINT_URL right? Photos wait meanwhile"
        return [wrong(f"{where} does not answer ({error.reason})", remedy)]
    except ForeignAnswer as error:
        return [wrong(f"{where}: {error.reason}", "is S3_ENDPOINT_URL right, and this machine's date (`date`)?")]
    except (Busy, Refusal) as error:
        return [wrong(f"{where} answers {error.reason}", _LATER)]
    remedy = f"{sink.prefix}{PROBE_NAME} is there now, and can be deleted"
    return [note(f"the bucket {sink.bucket} takes photos, but looks at no digest", remedy)]


def http(sink: HttpSink, sender: Sender | None = None) -> list[Finding]:
    """A HEAD, with the token: it changes nothing anywhere (RFC 9110 section 9.2.1), and a POST would be a photo."""
    host = _host(sink.url)
    headers = {"Authorization": f"Bearer {sink.token}"} if sink.token is not None else {}
    try:
        with _asking(sender) as asked:
            status = asked.send("HEAD", sink.url, headers).status
    except NoAnswer as error:
        remedy = "is there internet, is HTTP_UPLOAD_URL right, and its certificate signed by a public authority?"
        return [wrong(f"{host} does not answer ({error.reason})", remedy)]
    except ForeignAnswer as error:
        return [wrong(f"{host}: {error.reason}", "is HTTP_UPLOAD_URL right?")]
    return [_of_status(host, status)]


@contextmanager
def _asking(sender: Sender | None) -> Iterator[Sender]:
    """This one, or a connection for as long as it is wanted."""
    if sender is not None:
        yield sender
        return
    with closing(Connection(response_s=ANSWER_S)) as connection:
        yield connection


def _of_status(host: str, status: int) -> Finding:
    if status in (401, 407):
        return wrong(f"{host} answers {status}: HTTP_AUTH_TOKEN is wrong or missing", _SETTINGS)
    if status == 403:
        return note(f"{host} answers 403 to a HEAD", "if photos wait, HTTP_AUTH_TOKEN does not allow them")
    if 300 <= status < 400:
        return wrong(f"{host} answers {status}: HTTP_UPLOAD_URL leads elsewhere", _SETTINGS)
    if status == 404:
        return note(f"{host} answers 404 to a HEAD", "if photos wait, HTTP_UPLOAD_URL is wrong")
    if 200 <= status < 300 or status in _TAKES_POSTS_ONLY:
        return ok(f"{host} answers; whether it takes photos, the first one shows")
    return wrong(f"{host} answers {status}", _LATER)


def photo_folder(sink: FilesystemSink, state: Path) -> list[Finding]:
    """Whether the disk is there that photos went to before, and takes a file. `state` is the station's."""
    folder = sink.folder
    if not (folder / MARKER).exists() and _was_used(folder, state):
        remedy = f"mount its disk; where it is a new one: touch {folder / MARKER}"
        return [wrong(f"{folder} is not the one that photos went to: {MARKER} is missing", remedy)]
    if not folder.is_dir():
        if os.access(nearest(folder), os.W_OK | os.X_OK):
            return [note(f"{folder} is not there yet; the first photo makes it")]
        return [wrong(f"{folder} is not there", f"mount its disk, or sudo mkdir {folder} and chown it to this user")]
    try:
        with tempfile.NamedTemporaryFile(prefix=f"{MARKER}-probe-", dir=folder) as file:
            file.write(b"probe")
            file.flush()
            os.fsync(file.fileno())
    except PermissionError:
        return [wrong(f"{folder} belongs to another user", f"sudo chown this user: {folder}")]
    except OSError as error:
        return [wrong(f"{folder} takes no file: {error.strerror}", "is its disk full, or mounted for reading only?")]
    return _space(folder)


def _space(folder: Path) -> list[Finding]:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < LEAST_FREE_BYTES:
        remedy = "move photos away, or take a larger disk"
        return [wrong(f"only {free_bytes / 2**20:.0f} MiB are free in {folder}", remedy)]
    if folder.stat().st_dev == Path("/").stat().st_dev:
        return [note(f"{folder} is on the disk that the system runs from: is its own one mounted?")]
    return [ok(f"photos can be kept in {folder}")]


def _was_used(folder: Path, state: Path) -> bool:
    try:
        stored = documents.load(state / "sinks" / "filesystem" / "target.json", DiskFiles())
    except StateDamaged:
        return True
    return (stored or {}).get("folder") == str(folder)


def _host(url: str) -> str:
    """Not the URL, which may hold a secret."""
    return urlsplit(url).hostname or "it"
