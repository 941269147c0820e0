"""What the largest job of each function takes, from its zip: peak memory, and CPU from the start of its process.

The jobs are the worst that the limits let through: an image post of 4 MiB; a page of 200 photos with their URLs; a
JPEG of 36 million pixels in CMYK, progressive, near 32 MiB, of which a decoder holds every coefficient; a run of the
reconciler that has three of these to process. Beside them the usual: one photo of 1600x1200.

`.chalice/config.json` is chosen by these figures (docs/adr/0024). Memory is the peak of the process's resident set
(VmHWM), which is what Lambda reports as used, but for its own few MB. CPU is what Lambda gives out by memory size:
1,769 MB are one vCPU (Lambda Developer Guide, "Configure Lambda function memory").
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from math import isqrt
from typing import Any
from urllib.parse import unquote_plus

from PIL import Image, ImageFile

from bench.deployed import Deployed, deployed
from bench.measure import REPORT, Row
from chalicelib.domain.capture_time import guessed
from chalicelib.domain.ids import OwnerId
from chalicelib.domain.item import new_item
from chalicelib.imaging import MAX_PIXELS
from chalicelib.services.uploads import MAX_DIRECT_BYTES, MAX_SINGLE_BYTES
from chalicelib.wire import object_keys
from chalicelib.wire.queries import MAX_LIMIT
from infra.deploying.target import API_FUNCTION, PROCESSING_FUNCTION, RECONCILER_FUNCTION, project_config
from infra.local.owner import UserPool
from infra.local.proxy_event import HttpRequest, proxy_event
from infra.local.schedule import scheduled_event
from infra.rehearse.cold_start import cpu_of_ended_s
from infra.rehearse.device import Device
from infra.rehearse.expectations import expect
from infra.rehearse.from_zip import function_process
from tests.pictures import camera_scene, encoded

SHARE_OF_MEMORY = 0.75
"""What a job may take of its function's memory, so that a library's next version still fits."""
ONE_VCPU_MB = 1769
LARGEST_IN_ONE_RUN = 3
_TILE = 500


@dataclass(frozen=True)
class Job:
    function: str
    name: str
    peak_mb: float
    cpu_s: float


def rows() -> list[Row]:
    with deployed() as there:
        return list(chain.from_iterable(_rows(job) for job in _jobs(there)))


def _rows(job: Job) -> Iterator[Row]:
    memory_mb = project_config()["lambda_functions"][job.function]["lambda_memory_size"]
    most_mb = SHARE_OF_MEMORY * memory_mb
    what = f"{job.function}, {job.name}"
    yield Row(f"{what}: memory", job.peak_mb, "MB", f"<= {most_mb:.0f}", job.peak_mb <= most_mb, f"of {memory_mb} MB")
    took_s = job.cpu_s * max(1, ONE_VCPU_MB / memory_mb)
    yield Row(f"{what}: CPU", job.cpu_s, "s", REPORT, True, f"{took_s:.2g} s with the CPU of {memory_mb} MB")


def _jobs(there: Deployed) -> Iterator[Job]:
    owner = UserPool(there.session.client("cognito-idp"), there.deploy.outputs).new_owner("bench")
    device, poster = (Device(there.session, there.target, there.deploy.environment, owner.sub) for _ in range(2))
    usual = encoded(camera_scene(), quality=80, subsampling="4:2:2")

    photos = [device.puts(usual) for _ in range(MAX_LIMIT)]
    one = _run(there, PROCESSING_FUNCTION, "one photo of 2 MP", [device.puts(usual)])
    many = _run(there, PROCESSING_FUNCTION, f"{MAX_LIMIT} photos of 2 MP, one after the other", photos)
    yield from (one, many)

    largest = _largest_photo()
    put = device.puts(largest)
    yield _run(there, PROCESSING_FUNCTION, f"a photo of 36 MP, {len(largest) / 2**20:.0f} MiB", [put])

    asked_for = [device.wants_upload_url() for _ in range(MAX_LIMIT)]
    yield _run(there, API_FUNCTION, f"{MAX_LIMIT} upload URLs, one after the other", asked_for)
    posted = poster.sends("/devices/images", usual.ljust(MAX_DIRECT_BYTES, b"\0"), "image/jpeg")
    yield _run(there, API_FUNCTION, "a photo of 4 MiB in a body", [posted])
    asked = _page_of_items(owner.token)
    jwks = f"{there.aws.url}/{there.deploy.outputs.user_pool_id}/.well-known/jwks.json"
    yield _run(there, API_FUNCTION, f"a page of {MAX_LIMIT} photos", [asked], {"FRAMEFERRY_OIDC_JWKS_URL": jwks})

    left = [_leave_unprocessed(device, OwnerId(owner.sub), largest) for _ in range(LARGEST_IN_ONE_RUN)]
    tick = scheduled_event(datetime.now(UTC))
    yield _run(there, RECONCILER_FUNCTION, f"{LARGEST_IN_ONE_RUN} photos of 36 MP", [tick])
    for event in [*photos, put, *left]:
        device.expect_processed(event)


def _run(
    there: Deployed, function: str, name: str, events: Iterable[Any], also: Mapping[str, str] | None = None
) -> Job:
    """The events in one fresh process. Raises FunctionFailed or RehearsalFailed where one goes wrong."""
    process = function_process(there.session, there.target, function, there.folder, also=also or {})
    before_s = cpu_of_ended_s()
    with process:
        for event in events:
            answer = process.invoke(event)
            expect(f"status of {name}", answer["statusCode"] if function == API_FUNCTION else 200, 200)
    return Job(function, name, process.peak_memory_mb, cpu_of_ended_s() - before_s)


def _page_of_items(token: str) -> Any:
    headers = [("Host", "api.example"), ("Authorization", f"Bearer {token}")]
    request = HttpRequest("GET", "/items", f"limit={MAX_LIMIT}", headers, b"", "192.0.2.1", 443)
    return proxy_event(request, route="/items", captured={}, binary_types=["image/jpeg"], request_id="bench")


def _leave_unprocessed(device: Device, owner_id: OwnerId, jpeg: bytes) -> Any:
    """A photo whose event was lost an hour ago."""
    event = device.puts(jpeg)
    key = unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    named = object_keys.parse_single(key)
    assert named is not None
    at = datetime.now(UTC) - timedelta(hours=1)
    device.stack.items.put(new_item(named.device_id, named.seq, owner_id, key, guessed((), at), at))
    return event


def _largest_photo() -> bytes:
    """As many pixels, components and bytes as are taken, in the form that a decoder has to hold whole."""
    tile = Image.frombytes("CMYK", (_TILE, _TILE), random.Random(1).randbytes(4 * _TILE**2))
    side = isqrt(MAX_PIXELS)
    picture = Image.new("CMYK", (side, side))
    for place in range((side // _TILE) ** 2):
        picture.paste(tile, (place * _TILE % side, place * _TILE // side * _TILE))
    ImageFile.MAXBLOCK = 2 * MAX_SINGLE_BYTES  # Pillow writes a progressive JPEG in one piece
    jpeg = encoded(picture, quality=18, progressive=True, subsampling=0)
    assert 0.9 * MAX_SINGLE_BYTES < len(jpeg) <= MAX_SINGLE_BYTES
    return jpeg
