"""What a million photos cost, from the real calls of the local cloud while photos come in three ways.

The local cloud's meter weighs every call of the functions by AWS's rules (infra/local/metering.py) and the price table
is that of chalicelib/domain/prices.py. Each function runs in a process of its own, as in Lambda: its time is its CPU,
stretched by what its memory buys, and what it waits for the local cloud's DynamoDB and S3, whose servers share one
interpreter. AWS's DynamoDB is about as fast; its S3 takes longer, and the rows "with S3 slower by 10 ms" tell what that
adds. Storage is apart, and so is what costs the same each month or once in a device's life (alarms, dashboard, the
reconciler's runs, activation). API calls are those that the device makes.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx

from bench.devices import LOG, MeterOfProcesses, activate, metered_cloud, pair
from bench.measure import REPORT, Row
from bench.pack_processing import START, a_pack
from chalicelib.domain.prices import Units
from chalicelib.services.usage import PER_OBJECT, PER_PHOTO, PER_REQUEST
from infra.deploying.target import API_FUNCTION, PROCESSING_FUNCTION, project_config
from infra.local.cloud import LocalCloud
from tests.pictures import camera_scene, encoded

PACKS, CAPTURES = 40, 20
"""As many as a day of 2,880 photos asks for in a sync, up to its limit of 50."""
SINGLES = 100
NAIVE = 30
QUALITIES = (38, 40, 42)
SETTLE_S = 120.0
_TRIES = 5
_MILLION = 1_000_000
_HALF_MINUTE = timedelta(seconds=30)


@dataclass(frozen=True)
class Flow:
    photos: int
    objects: int
    requests: int
    units: Units
    processing: Units
    """Those of `units` that are the processing function's."""

    @property
    def usd_a_million(self) -> float:
        return self.units.usd() / self.photos * _MILLION


@dataclass(frozen=True)
class _Device:
    """Activated before the counting begins: that is done once in its life."""

    device_id: str
    token: str


@dataclass(frozen=True)
class Object:
    """What a device offers: its fields in a sync, and its bytes."""

    offer: dict[str, Any]
    content_type: str
    body: bytes


def rows() -> list[Row]:
    pool = [encoded(camera_scene(), quality=quality, subsampling="4:2:2") for quality in QUALITIES]
    with metered_cloud() as (cloud, meter):
        packed = _measured(cloud, meter, lambda device: _synced(cloud, device, list(_packs(device.device_id, pool))))
        singles = _measured(cloud, meter, lambda device: _synced(cloud, device, list(_singles(pool))))
        naive = _measured(cloud, meter, lambda device: _naive(cloud, device, pool))
    peer = f"naive flow: {naive.usd_a_million:.3g}"
    return [
        _row(f"a million photos in packs of {CAPTURES}", packed, 1.5, peer),
        _row("a million photos as singles in batches", singles, 13.0, peer),
        *(
            Row(f"of these in packs: {name}", usd / packed.photos * _MILLION, "USD", REPORT, True)
            for name, usd in packed.units.usd_by_unit().items()
            if usd
        ),
        _slower("a million photos in packs", packed),
        _slower("a million singles", singles),
        _estimate("GET /usage of packs against the bill", packed),
        _estimate("GET /usage of singles against the bill", singles),
    ]


def _row(name: str, flow: Flow, most_usd: float, peer: str) -> Row:
    value = flow.usd_a_million
    return Row(name, value, "USD", f"<= {most_usd}", value <= most_usd, peer, _floor(flow))


def _floor(flow: Flow) -> str:
    """What no flow with so many photos an object gets around: both PUTs of an object, and one write a photo."""
    least = Units(s3_puts=2 * flow.objects / flow.photos, write_units=1)
    return f"{least.usd() * _MILLION:.4g}: an object's PUT and its thumbnails', a write unit a photo"


def _slower(name: str, flow: Flow) -> Row:
    """Processing asks S3 for one thing after the other, and waits for each."""
    requests = (flow.processing.s3_puts + flow.processing.s3_gets) / flow.photos * _MILLION
    memory_gb = project_config()["lambda_functions"][PROCESSING_FUNCTION]["lambda_memory_size"] / 1024
    more = Units(lambda_gb_s=requests * 0.010 * memory_gb)
    return Row(f"{name}, with S3 slower by 10 ms: more by", more.usd(), "USD", REPORT, True)


def _estimate(name: str, flow: Flow) -> Row:
    told = PER_REQUEST * flow.requests + PER_OBJECT * flow.objects + PER_PHOTO * flow.photos
    ratio = told.usd() / flow.units.usd()
    return Row(name, ratio, "x", "0.7 to 1.4", 0.7 <= ratio <= 1.4)


def _measured(cloud: LocalCloud, meter: MeterOfProcesses, send: Callable[[_Device], tuple[int, int]]) -> Flow:
    paired = pair(cloud)
    device = _Device(paired.device_id, activate(cloud, paired))
    cloud.settle(SETTLE_S)
    logged = LOG.stat().st_size
    meter.reset()
    photos, objects = send(device)
    cloud.settle(SETTLE_S)
    by_function = meter.units()
    requests = round(by_function[API_FUNCTION].lambda_requests)
    units = sum(by_function.values(), Units(api_requests=requests, logged_bytes=LOG.stat().st_size - logged))
    return Flow(photos, objects, requests, units, by_function[PROCESSING_FUNCTION])


def _synced(cloud: LocalCloud, device: _Device, objects: Sequence[Object]) -> tuple[int, int]:
    """Each batch with one sync for its URLs and one for its receipts."""
    photos = 0
    with httpx.Client(headers={"X-Device-Token": device.token}, trust_env=False, timeout=60) as client:
        for start in range(0, len(objects), 50):
            batch = objects[start : start + 50]
            _put(client, batch, _sync(client, cloud, [each.offer for each in batch]))
            cloud.settle(SETTLE_S)
            told = _sync(client, cloud, [each.offer | {"sent": True} for each in batch])
            assert all("receipt" in each for each in told["objects"]), told["objects"]
            photos += sum(each.offer.get("last_seq", 0) - each.offer.get("first_seq", 0) + 1 for each in batch)
    return photos, len(objects)


def _sync(client: httpx.Client, cloud: LocalCloud, offers: list[dict[str, Any]]) -> dict[str, Any]:
    said = {"health": {"queue_depth": len(offers)}, "objects": offers}
    said["clock"] = {"boot_id": "0" * 16, "uptime_ms": 1000, "next_seq": 10**6}
    for _ in range(_TRIES):
        answer = client.post(f"{cloud.api_url}/devices/sync", json=said)
        if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
            break
        time.sleep(1)  # this machine is busy: what is asked again is billed, too
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


def _put(client: httpx.Client, batch: Sequence[Object], told: dict[str, Any]) -> None:
    uploads = told["uploads"]
    for each, answer in zip(batch, told["objects"], strict=True):
        path = f"{uploads['path_prefix']}{answer['tail']}?{uploads['query']}{answer['signature']}"
        headers = {
            "Content-Type": each.content_type,
            "x-amz-checksum-sha256": b64encode(bytes.fromhex(each.offer["sha256"])).decode(),
            "If-None-Match": "*",
        }
        client.put(uploads["origin"] + path, headers=headers, content=each.body).raise_for_status()


def _packs(device_id: str, pool: Sequence[bytes]) -> Iterator[Object]:
    for number in range(PACKS):
        first = number * CAPTURES
        body = a_pack([pool[number % len(pool)]] * CAPTURES, device_id, first)
        offer = {"first_seq": first, "last_seq": first + CAPTURES - 1, "size_bytes": len(body)}
        yield Object(offer | {"sha256": sha256(body).hexdigest()}, "application/zip", body)


def _singles(pool: Sequence[bytes]) -> Iterator[Object]:
    for seq in range(SINGLES):
        jpeg = pool[seq % len(pool)]
        offer = {"seq": seq, "size_bytes": len(jpeg), "sha256": sha256(jpeg).hexdigest(), "ntp_synced": True}
        at = START + seq * _HALF_MINUTE
        yield Object(offer | {"captured_at": at.isoformat()}, "image/jpeg", jpeg)


def _naive(cloud: LocalCloud, device: _Device, pool: Sequence[bytes]) -> tuple[int, int]:
    with httpx.Client(headers={"X-Device-Token": device.token}, trust_env=False, timeout=60) as client:
        for seq in range(NAIVE):
            jpeg, at = pool[seq % len(pool)], (START + seq * _HALF_MINUTE).isoformat()
            asked = {"filename": f"{seq:06d}.jpg", "content_type": "image/jpeg", "seq": seq, "captured_at": at}
            told = client.post(f"{cloud.api_url}/devices/upload-url", json=asked).raise_for_status().json()
            put = httpx.put(told["upload_url"], headers={"Content-Type": "image/jpeg"}, content=jpeg, trust_env=False)
            put.raise_for_status()
            said = {"object_key": told["object_key"], "captured_at": at, "seq": seq, "ntp_synced": True}
            client.post(f"{cloud.api_url}/devices/ingest", json=said).raise_for_status()
    return NAIVE, NAIVE
