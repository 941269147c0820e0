"""What `doctor` looks at on the network: the cloud and the cameras."""

from __future__ import annotations

import socket
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from frameferry_station.cameras.gate import Gate, NothingNew
from frameferry_station.cameras.running import CameraMaker, World
from frameferry_station.device import CameraFailed
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import DiskFiles
from frameferry_station.photos import SourceName, source_name
from frameferry_station.program.findings import Finding, note, ok, wrong
from frameferry_station.settings import CameraSettings, CloudSink

ANSWER_S = 10.0
MOST_SKEW_S = 60.0
_CAMERAS = "docs/station-cameras.md tells what each answer means"


def cloud(sink: CloudSink) -> list[Finding]:
    """Its name, its certificate, its health, its clock."""
    host = urlsplit(sink.api_url).hostname or ""
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return [wrong(f"the name {host} is not known", "is there internet, and is FRAMEFERRY_API_URL right?")]
    try:
        with httpx.Client(timeout=ANSWER_S, trust_env=False) as client:
            answer = client.get(f"{sink.api_url}/health")
    except httpx.HTTPError as error:
        return [_no_answer(host, error)]
    if answer.status_code != httpx.codes.OK:
        return [wrong(f"{host} answers {answer.status_code}", "FRAMEFERRY_API_URL ends with /api, nothing after it")]
    return [ok(f"{host} answers"), *_skew(answer.headers.get("date", ""))]


def pairing(state: Path, cameras: list[SourceName], rows: Sequence[Mapping[str, Any]] = ()) -> list[Finding]:
    """Which sources are devices of the cloud. Only reads. `rows` is what the running station says of its sources
    (`Operator.sources`): it knows which of them the cloud refuses."""
    paired = _paired(state)
    refused = {row["lane"]: row["refused"] for row in rows if row["refused"]}
    if refused:
        return [wrong(f"{lane}: {why}", f"sudo frameferry-station pair {lane} CODE") for lane, why in refused.items()]
    if not paired:
        return [wrong("nothing is paired", "sudo frameferry-station pair station CODE, with a code of the console")]
    through_station = [name for name in cameras if name not in paired]
    if through_station and "station" not in paired:
        return [wrong(f"{name} is not paired", f"sudo frameferry-station pair {name} CODE") for name in through_station]
    return [ok(f"paired: {', '.join(paired)}")]


def camera(settings: CameraSettings, *, is_running: bool) -> list[Finding]:
    """One photo. The session of a camera that wants one is another than the station's, and is given back."""
    if is_running and settings.kind == "usb":
        return [note("the station runs, and holds it: `frameferry-station sources` tells of its photos")]
    with tempfile.TemporaryDirectory(prefix="frameferry-") as folder:
        try:
            found = CameraMaker(World(Path(folder))).made(settings)
        except ValueError as error:
            return [wrong(f"{error}", "correct it in station.toml")]
        try:
            jpeg = Gate().pass_on(found.take(), 30.0)
        except NothingNew as error:
            return [wrong(f"{error}", "is its clock right? " + _CAMERAS)]
        except CameraFailed as error:
            return [wrong(f"{error}", _CAMERAS)]
        finally:
            found.close()
    return [ok(f"gave a photo of {len(jpeg) / 1000:.0f} kB")]


def _no_answer(host: str, error: httpx.HTTPError) -> Finding:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return wrong(
                f"{host}: its certificate is refused ({cause.verify_message})",
                "is this machine's date right (`date`)? Else somebody on the way answers in its place",
            )
        cause = cause.__cause__ or cause.__context__
    return wrong(f"{host} does not answer ({type(error).__name__})", "is there internet? Photos wait meanwhile")


def _skew(date: str) -> list[Finding]:
    try:
        skew_s = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError):
        return []
    if abs(skew_s) <= MOST_SKEW_S:
        return [ok("its clock and this machine's agree")]
    way = "ahead of" if skew_s > 0 else "behind"
    return [wrong(f"this machine's clock is {abs(skew_s):.0f} s {way} the cloud's", "sudo timedatectl set-ntp true")]


def _paired(state: Path) -> list[SourceName]:
    found = []
    for folder in sorted((state / "lanes").glob("*/identity")):
        try:
            if (JsonFile(folder / "identity.json", DiskFiles()).load() or {}).get("device_id"):
                found.append(source_name(folder.parent.name))
        except (StateDamaged, ValueError, OSError):
            continue
    return found
