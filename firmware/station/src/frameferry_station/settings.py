"""The station's settings, as every other part of it sees them, and where they are read: docs/station-settings.md."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal

from frameferry_station.errors import StationError
from frameferry_station.photos import SourceName
from frameferry_station.setting_files import TOML, SettingsReader
from frameferry_station.setting_names import (
    CAMERA,
    CAMERA_ADDRESSES,
    DEFAULT_CAMERA,
    DISK,
    LAN,
    PAGE,
    RELAY,
    RELAY_TARGETS,
    TOP,
    Known,
)

CameraKind = Literal["reolink", "snapshot", "rtsp", "usb"]


@dataclass(frozen=True)
class CameraSettings:
    """A camera that is asked. `address` is a host (reolink), a URL (snapshot, rtsp) or a device file (usb); credentials
    stand apart from it. Without `interval_s` the owner's setting in the cloud counts, else 30 s."""

    name: SourceName
    kind: CameraKind
    address: str = field(repr=False)
    """Some cameras want their password behind the question mark."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    use_https: bool = False
    verify_tls: bool = False
    """IP cameras have certificates that nobody signed."""
    channel: int = 0
    interval_s: float | None = None


@dataclass(frozen=True)
class CloudSink:
    """`api_url` is complete with its stage: `https://host/api`."""

    api_url: str


@dataclass(frozen=True)
class S3Sink:
    """Any S3-compatible bucket; `endpoint_url` is None for AWS."""

    bucket: str
    region: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    prefix: str = ""
    endpoint_url: str | None = None


@dataclass(frozen=True)
class FilesystemSink:
    folder: Path


@dataclass(frozen=True)
class HttpSink:
    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


Sink = CloudSink | S3Sink | FilesystemSink | HttpSink


@dataclass(frozen=True)
class LanSettings:
    """What sketches on the LAN may do. Without a password `/upload_image` is off; `/upload` takes photos from
    `upload_from` only; MACs are admitted by the command line, for a while."""

    host: str = "0.0.0.0"  # noqa: S104 - the LAN is who it is for
    port: int = 5000
    upload_image_user: str = "esp32"
    upload_image_password: str | None = field(default=None, repr=False)
    upload_from: tuple[IPv4Network | IPv6Network, ...] = ()
    max_photo_bytes: int = 8 * 2**20


@dataclass(frozen=True)
class PageSettings:
    """`/health` and `/metrics` answer anyone; the page wants the password, or a browser on the machine itself."""

    host: str = "0.0.0.0"  # noqa: S104
    port: int = 8080
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class DiskSettings:
    """Photos take at most `budget_bytes`, and leave at least `keep_free_bytes` of the disk to others."""

    budget_bytes: int = 16 * 2**30
    keep_free_bytes: int = 512 * 2**20


RelayKind = Literal["rtsp", "hls", "segments"]


@dataclass(frozen=True)
class RelaySettings:
    """A stream that is passed on. `target` is an RTSP URL (rtsp) or a folder; segments may go to the cloud as clips."""

    name: SourceName
    kind: RelayKind
    stream_url: str = field(repr=False)
    target: str = field(repr=False)
    segment_s: float = 60.0
    keep_segments: int = 1440
    clips_to_cloud: bool = False


@dataclass(frozen=True)
class StationSettings:
    state: Path
    sinks: tuple[Sink, ...]
    cameras: tuple[CameraSettings, ...] = ()
    lan: LanSettings | None = None
    page: PageSettings = PageSettings()
    disk: DiskSettings = DiskSettings()
    relays: tuple[RelaySettings, ...] = ()
    advertise: bool = True
    """By mDNS."""


_NO_SINK = (
    "STORAGE_BACKEND: no cloud and no other sink is set, so photos would go nowhere. Set FRAMEFERRY_API_URL to your "
    "cloud's URL, which ends with /api, or STORAGE_BACKEND to s3, filesystem or http"
)
_IS_MISSING = "is missing, and STORAGE_BACKEND names"
_WITHIN_THE_BUDGET = "wants a folder outside of FRAMEFERRY_STATE, to which the disk budget applies"
_TABLES = ("camera", "lan", "page", "disk", "relay")
_PRINTED_PASSWORD = "camera_upload_key"  # noqa: S105 - of an example that everybody can read
_USE_ANOTHER = (
    "this password is printed in a public example. Make one with `openssl rand -hex 12`, set it here, and in the "
    "sketch as RPI_PASSWORD"
)


class SettingsError(StationError):
    """Each of `problems` names a variable or a key and says what it wants. No value is in it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load(environ: Mapping[str, str], folder: Path) -> StationSettings:
    """From the environment, and `.env` and `station.toml` in this folder, to which other paths are relative. Raises
    SettingsError with all that is wrong.
    """
    if not folder.is_dir():
        raise SettingsError([f"{folder}: there is no such folder"])
    reader = SettingsReader(environ, folder)
    tables = {name: table for name, table in reader.toml.items() if name in _TABLES}
    top = reader.table("", reader.toml, TOP, others=_TABLES)
    sinks = _sinks(reader, folder)
    settings = StationSettings(
        state=folder / (reader.variable("FRAMEFERRY_STATE") or "state"),
        sinks=sinks,
        cameras=_cameras(reader, tables.get("camera", [])),
        lan=_lan(reader, tables["lan"]) if "lan" in tables else None,
        page=_page(reader, tables.get("page", {})),
        disk=_disk(reader, tables.get("disk", {})),
        relays=_relays(reader, tables.get("relay", []), folder, sinks),
        advertise=top.get("advertise", True),
    )
    if settings.lan and settings.lan.port == settings.page.port:
        reader.problems.append(f"{TOML} [lan] port: wants to be another than the page's")
    _check_folders(reader, settings)
    reader.finish()
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


def _sinks(reader: SettingsReader, folder: Path) -> tuple[Sink, ...]:
    if not reader.is_set("STORAGE_BACKEND") and not reader.is_set("FRAMEFERRY_API_URL"):
        reader.problems.append(_NO_SINK)
        return ()
    made: dict[str, Callable[[], Sink | None]] = {
        "cloud": lambda: _cloud(reader),
        "s3": lambda: _s3(reader),
        "filesystem": lambda: _filesystem(reader, folder),
        "http": lambda: _http(reader),
    }
    backends = reader.variable("STORAGE_BACKEND") if reader.is_set("STORAGE_BACKEND") else ("cloud",)
    sinks = [made[name]() for name in backends or ()]
    return tuple(sink for sink in sinks if sink is not None)


def _cloud(reader: SettingsReader) -> CloudSink | None:
    api_url = reader.variable("FRAMEFERRY_API_URL", missing="the cloud wants its URL, which ends with /api")
    return CloudSink(api_url.rstrip("/")) if api_url else None


def _s3(reader: SettingsReader) -> S3Sink | None:
    required = ("S3_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    bucket, key_id, secret = (reader.variable(name, missing=f"{_IS_MISSING} s3") for name in required)
    region, prefix = reader.variable("AWS_REGION") or "us-east-1", reader.variable("S3_PREFIX") or ""
    endpoint_url = reader.variable("S3_ENDPOINT_URL")
    if not (bucket and key_id and secret):
        return None
    # A folder is meant, with or without its slash.
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    return S3Sink(bucket, region, key_id, secret, prefix, endpoint_url)


def _filesystem(reader: SettingsReader, folder: Path) -> FilesystemSink | None:
    path = reader.variable("LOCAL_STORAGE_PATH", missing=f"{_IS_MISSING} filesystem")
    return FilesystemSink(folder / path) if path else None


def _http(reader: SettingsReader) -> HttpSink | None:
    url = reader.variable("HTTP_UPLOAD_URL", missing=f"{_IS_MISSING} http")
    token = reader.variable("HTTP_AUTH_TOKEN")
    return HttpSink(url, token) if url else None


def _cameras(reader: SettingsReader, given: object) -> tuple[CameraSettings, ...]:
    interval_s = reader.variable("CAPTURE_INTERVAL")
    found = []
    if reader.is_set("CAMERA_IP"):
        found.append(
            CameraSettings(
                name=SourceName(DEFAULT_CAMERA),
                kind="reolink",
                address=reader.variable("CAMERA_IP") or "",
                username=reader.variable("CAMERA_USERNAME") or "admin",
                password=reader.variable("CAMERA_PASSWORD"),
                use_https=reader.variable("CAMERA_USE_HTTPS") or False,
            )
        )
    for label, values in _tables(reader, "camera", given, CAMERA):
        if "kind" in values and "address" in values:
            values["address"] = reader.check(label, "address", CAMERA_ADDRESSES[values["kind"]], values["address"])
        if {"name", "kind", "address"} <= values.keys():
            found.append(CameraSettings(**values))
    _check_names(reader, "camera", [camera.name for camera in found])
    return tuple(replace(camera, interval_s=camera.interval_s or interval_s) for camera in found)


def _relays(
    reader: SettingsReader, given: object, folder: Path, sinks: Sequence[Sink]
) -> tuple[RelaySettings, ...]:
    found = []
    for label, values in _tables(reader, "relay", given, RELAY):
        kind = values.get("kind")
        if kind and "target" in values:
            target = reader.check(label, "target", RELAY_TARGETS[kind], values["target"])
            values["target"] = str(folder / target) if target and kind != "rtsp" else target
        if values.get("clips_to_cloud") and not (
            kind == "segments" and any(isinstance(sink, CloudSink) for sink in sinks)
        ):
            reader.problems.append(f"{TOML} {label} clips_to_cloud: wants segments, and the cloud among the sinks")
        if {"name", "kind", "stream_url", "target"} <= values.keys():
            found.append(RelaySettings(**values))
    _check_names(reader, "relay", [relay.name for relay in found])
    return tuple(found)


def _lan(reader: SettingsReader, given: object) -> LanSettings:
    values = reader.table("[lan]", given, LAN)
    if values.get("upload_image_password") == _PRINTED_PASSWORD:
        reader.problems.append(f"{TOML} [lan] upload_image_password: {_USE_ANOTHER}")
    return LanSettings(**_renamed(values, max_photo="max_photo_bytes"))


def _page(reader: SettingsReader, given: object) -> PageSettings:
    values = reader.table("[page]", given, PAGE)
    port = reader.variable("HEALTH_CHECK_PORT")
    return PageSettings(**values | ({"port": port} if port else {}))


def _disk(reader: SettingsReader, given: object) -> DiskSettings:
    values = reader.table("[disk]", given, DISK)
    return DiskSettings(**_renamed(values, budget="budget_bytes", keep_free="keep_free_bytes"))


def _tables(
    reader: SettingsReader, name: str, given: object, known: Mapping[str, Known]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with the label that problems have."""
    if not isinstance(given, list):
        reader.problems.append(f"{TOML} {name}: wants to be written as [[{name}]]")
        return
    for number, one in enumerate(given, 1):
        label = f"[[{name}]] {number}"
        yield label, reader.table(label, one, known)


def _check_names(reader: SettingsReader, kind: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            reader.problems.append(f"{TOML} [[{kind}]] name: {name} is the name of {count} of them")


def _check_folders(reader: SettingsReader, settings: StationSettings) -> None:
    """What the state folder holds counts for the disk budget, and all of it is the station's own."""
    state = os.path.realpath(settings.state)
    places = [("LOCAL_STORAGE_PATH", sink.folder) for sink in settings.sinks if isinstance(sink, FilesystemSink)]
    places += [
        (f"{TOML} [[relay]] target of {relay.name}", Path(relay.target))
        for relay in settings.relays
        if relay.kind != "rtsp"
    ]
    for name, folder in places:
        if Path(os.path.realpath(folder)).is_relative_to(state):
            reader.problems.append(f"{name}: {_WITHIN_THE_BUDGET}")


def _renamed(values: Mapping[str, Any], **names: str) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in values.items()}


@dataclass(frozen=True)
class ServiceSettings:
    """What a service manager tells its service (sd_notify(3), sd_watchdog_enabled(3), systemd.exec(5)). `journal` is
    device and inode of the journal's stream, `8:12345`."""

    notify_socket: str | None = None
    watchdog_s: float | None = None
    journal: str | None = None


def service(environ: Mapping[str, str]) -> ServiceSettings:
    watchdog_us = environ.get("WATCHDOG_USEC", "")
    return ServiceSettings(
        notify_socket=environ.get("NOTIFY_SOCKET") or None,
        watchdog_s=int(watchdog_us) / 1e6 if watchdog_us.isascii() and watchdog_us.isdigit() else None,
        journal=environ.get("JOURNAL_STREAM") or None,
    )


def of_this_process() -> Mapping[str, str]:
    """The environment that the program was started with."""
    return os.environ
