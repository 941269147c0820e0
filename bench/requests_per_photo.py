"""What a photo costs in requests, connections and bytes, counted by the local cloud while a camera drains 50 photos.

The camera is the simulated one: the real device client as a program, from its first request to its last. The peer
is the naive flow over the same API: URL, PUT, ingest, each on a connection of its own, without sha256 or receipt.

Bytes of control are all bytes of the device's HTTP messages, heads included, both ways, less the photos themselves.
TCP and TLS are not in them: in AWS every connection costs some 5 KB and two or three round trips more.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from math import ceil
from pathlib import Path

import httpx
from frameferry_station.queue import PackLimits

from bench.devices import Paired, activate, counted_cloud, counted_connections, counted_stack, pair
from bench.measure import REPORT, Row
from infra.local.cloud import LocalCloud
from tests.pictures import camera_scene, encoded

PHOTOS = 50
JPEG_QUALITY = 40
INTERVAL_S = 0.001
"""Quicker than the network: the camera drains a backlog."""
SETTLE_S = 60.0


@dataclass(frozen=True)
class Traffic:
    """Of the device, and what the app asked of AWS meanwhile by service; all of one run."""

    requests: int
    connections: int
    control_bytes: int
    calls: Mapping[str, int]


def rows() -> list[Row]:
    jpeg = encoded(camera_scene(), quality=JPEG_QUALITY, subsampling="4:2:2")
    with counted_cloud() as cloud:
        camera = _counted(cloud, _camera, jpeg, PHOTOS)
        naive = _counted(cloud, _naive, jpeg, PHOTOS)
    what = f"{PHOTOS} photos of {len(jpeg) / 1000:.0f} KB"
    packs = ceil(PHOTOS / PackLimits.captures)
    requests = f"{(packs + 3) / PHOTOS:.2g}: {packs} PUTs, two syncs, the activation"
    calls = {"dynamodb": "1: its item", "s3": f"{2 * packs / PHOTOS:.2g}: a pack's GET and its thumbnails' PUT"}
    return [
        _row(f"{what}: requests a photo", camera.requests / PHOTOS, naive.requests / PHOTOS, "requests", requests),
        _row(f"{what}: TCP connections", camera.connections, naive.connections, "connections", "2: API and S3"),
        _row(f"{what}: control a photo", camera.control_bytes / PHOTOS, naive.control_bytes / PHOTOS, "bytes"),
        *(
            _row(
                f"{what}: the app's calls to {service} a photo",
                n / PHOTOS,
                naive.calls[service] / PHOTOS,
                "calls",
                calls.get(service, ""),
            )
            for service, n in sorted(camera.calls.items())
        ),
    ]


def _row(name: str, value: float, naive: float, unit: str, floor: str = "") -> Row:
    return Row(name, value, unit, REPORT, True, f"naive flow: {naive:.4g}", floor)


def _counted(cloud: LocalCloud, send: Callable[[LocalCloud, Paired, bytes, int], None], jpeg: bytes, n: int) -> Traffic:
    paired = pair(cloud)
    cloud.stats.reset()
    counted_stack().calls.clear()
    send(cloud, paired, jpeg, n)
    cloud.settle(SETTLE_S)
    kinds: dict[str, dict[str, int]] = cloud.stats.snapshot()["requests"]
    of_device = [kind for kind in kinds if kind.startswith("api:") or kind == "s3:PUT presigned"]
    calls = Counter({"s3": sum(kinds[kind]["count"] for kind in kinds if kind.endswith(" signed"))})
    for operation, count in counted_stack().calls.items():
        if not operation.startswith("s3 "):
            calls[operation.partition(" ")[0]] += count
    return Traffic(
        requests=sum(kinds[kind]["count"] for kind in of_device),
        connections=sum(counted_connections(cloud)[kind] for kind in of_device),
        control_bytes=sum(kinds[kind]["bytes_in"] + kinds[kind]["bytes_out"] for kind in of_device) - n * len(jpeg),
        calls=calls,
    )


def _camera(cloud: LocalCloud, paired: Paired, jpeg: bytes, n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        photos, state = Path(folder) / "photos", Path(folder) / "state"
        photos.mkdir()
        (photos / "photo.jpg").write_bytes(jpeg)
        options = {
            "--api": cloud.api_url,
            "--state": str(state),
            "--code": paired.pairing_code,
            "--photos": str(photos),
            "--count": str(n),
            "--interval": str(INTERVAL_S),
        }
        command = [sys.executable, "-m", "frameferry_station.simulated", *chain.from_iterable(options.items())]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _naive(cloud: LocalCloud, paired: Paired, jpeg: bytes, n: int) -> None:
    headers = {"X-Device-Token": activate(cloud, paired)}
    each_its_own = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(limits=each_its_own, trust_env=False) as client:
        for seq in range(n):
            at = f"2025-12-26T10:{seq // 60:02}:{seq % 60:02}Z"
            asked = {"filename": f"{at.replace(':', '-')}_{seq:06d}.jpg", "content_type": "image/jpeg", "seq": seq}
            url = client.post(f"{cloud.api_url}/devices/upload-url", headers=headers, json=asked)
            told = url.raise_for_status().json()
            put = client.put(told["upload_url"], headers={"Content-Type": "image/jpeg"}, content=jpeg)
            put.raise_for_status()
            said = {"object_key": told["object_key"], "captured_at": at, "seq": seq, "ntp_synced": True}
            client.post(f"{cloud.api_url}/devices/ingest", headers=headers, json=said).raise_for_status()
