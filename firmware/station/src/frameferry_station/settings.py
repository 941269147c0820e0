"""The station's settings, as every other part of it sees them."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from frameferry_station.photos import SourceName

CameraKind = Literal["reolink", "snapshot", "rtsp", "usb"]


@dataclass(frozen=True)
class CameraSettings:
    """A camera that is asked. `address` is a host (reolink), a URL (snapshot, rtsp) or a device file (usb); credentials
    stand apart from it. Without `interval_s` the owner's setting in the cloud counts, else 30 s."""

    name: SourceName
    kind: CameraKind
    address: str
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
    url: str
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
