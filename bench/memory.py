"""What the largest job of each function takes, from its zip: peak memory, and CPU from the start of its process.

The jobs are the largest that the limits let through: an image post of 4 MiB; a page of 200 photos with their URLs; a
photo deleted from a pack of 64 MiB; a JPEG of 36 million pixels in CMYK, progressive, near 32 MiB, of which a decoder
holds every coefficient; a pack of two of these, and one of 100 photos of 5 million pixels; a run of the reconciler that
has three of the 36 million to process. Beside them the usual: one photo of 1600x1200.

`.chalice/config.json` is chosen by these figures (docs/adr/0024). Memory is the peak of the process's resident set
(VmHWM), which is what Lambda reports as used, but for its own few MB. CPU is what Lambda gives out by memory size:
1,769 MB are one vCPU (Lambda Developer Guide, "Configure Lambda function memory").
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import chain
from math import isqrt
from typing import Any
from urllib.parse import unquote_plus

from PIL import Image, ImageFile

from bench.deployed import Deployed, deployed
from bench.measure import Row
from chalicelib.domain.capture_time import guessed
from chalicelib.domain.ids import OwnerId
from chalicelib.domain.item import new_item
from chalicelib.imaging import MAX_PIXELS
from chalicelib.services.uploads import MAX_DIRECT_BYTES, MAX_SINGLE_BYTES
from chalicelib.wire import object_keys
from chalicelib.wire.fields import MAX_PACK_BYTES
from chalicelib.wire.pack_entries import MAX_CAPTURES
from chalicelib.wire.queries import MAX_LIMIT
from infra.deploying.target import API_FUNCTION, PROCESSING_FUNCTION, RECONCILER_FUNCTION, project_config
from infra.local.owner import Owner, UserPool
from infra.local.proxy_event import HttpRequest, proxy_event
from infra.local.schedule import scheduled_event
from infra.rehearse.cold_start import cpu_of_ended_s
from infra.rehearse.device import Device
from infra.rehearse.expectations import expect
from infra.rehearse.from_zip import function_process
from tests.pack_files import Shot, sealed
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
        return [_row(job) for job in chain(_processing(there), _api(there), _reconciler(there))]


def _row(job: Job) -> Row:
    memory_mb = project_config()["lambda_functions"][job.function]["lambda_memory_size"]
    most_mb = SHARE_OF_MEMORY * memory_mb
    took_s = job.cpu_s * max(1, ONE_VCPU_MB / memory_mb)
    cpu = f"{job.cpu_s:.2f} s of CPU; with that of {memory_mb} MB {took_s:.2g} s"
    what = f"memory of {job.function}, {job.name}"
    return Row(what, job.peak_mb, "MB", f"<= {most_mb:.0f}", job.peak_mb <= most_mb, peer=cpu)


def _processing(there: Deployed) -> Iterator[Job]:
    device, usual, largest = _device(there, "bench"), _usual_photo(), _largest_photo()
    job = partial(_run, there, PROCESSING_FUNCTION)

    one, many, large = device.next_seqs(), device.next_seqs(MAX_LIMIT), device.next_seqs()
    yield job("one photo of 2 MP", [device.puts(seq, usual) for seq in one])
    yield job(f"{MAX_LIMIT} photos of 2 MP, one after the other", [device.puts(seq, usual) for seq in many])
    yield job(f"a photo of 36 MP, {_mib(largest)}", [device.puts(seq, largest) for seq in large])

    packed, two = device.next_seqs(MAX_CAPTURES), device.next_seqs(2)
    pack = _pack(device, dict.fromkeys(packed, _photo_of_5_mp()))
    yield job(f"a pack of {MAX_CAPTURES} photos of 5 MP, {_mib(pack)}", [device.puts_pack(packed, pack)])
    pack = _pack(device, dict.fromkeys(two, largest))
    yield job(f"a pack of two photos of 36 MP, {_mib(pack)}", [device.puts_pack(two, pack)])
    device.expect_processed(*one, *many, *large, *packed, *two)


def _api(there: Deployed) -> Iterator[Job]:
    owner = UserPool(there.session.client("cognito-idp"), there.deploy.outputs).new_owner("bench")
    jwks = f"{there.aws.url}/{there.deploy.outputs.user_pool_id}/.well-known/jwks.json"
    device, usual = _device(there, owner.sub), _usual_photo()
    job = partial(_run, there, API_FUNCTION, also={"FRAMEFERRY_OIDC_JWKS_URL": jwks})

    asked = [device.wants_upload_url(seq) for seq in device.next_seqs(MAX_LIMIT)]
    yield job(f"{MAX_LIMIT} upload URLs, one after the other", asked)
    posted = device.sends("/devices/images", usual.ljust(MAX_DIRECT_BYTES, b"\0"), "image/jpeg")
    yield job("a photo of 4 MiB in a body", [posted])

    for _ in range(MAX_LIMIT // MAX_CAPTURES):
        packed = device.next_seqs(MAX_CAPTURES)
        pack = _pack(device, dict.fromkeys(packed, _photo_of_5_mp()))
        _run(there, PROCESSING_FUNCTION, "packs to look at", [device.puts_pack(packed, pack)])
    yield job(f"a page of {MAX_LIMIT} photos", [_asks(owner, "GET", "/items", query=f"limit={MAX_LIMIT}")])
    where = {"device_id": device.device_id, "seq": str(packed[0])}
    deleted = _asks(owner, "DELETE", "/items/{device_id}/{seq}", where)
    yield job(f"a photo deleted from a pack of {_mib(pack)}", [deleted])


def _reconciler(there: Deployed) -> Iterator[Job]:
    device, largest = _device(there, "bench"), _largest_photo()
    left = device.next_seqs(LARGEST_IN_ONE_RUN)
    for seq in left:
        _leave_unprocessed(device, device.puts(seq, largest))
    tick = scheduled_event(datetime.now(UTC))
    yield _run(there, RECONCILER_FUNCTION, f"{LARGEST_IN_ONE_RUN} photos of 36 MP", [tick])
    device.expect_processed(*left)


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


def _device(there: Deployed, owner_id: str) -> Device:
    return Device(there.session, there.target, there.deploy.environment, owner_id)


def _asks(owner: Owner, method: str, route: str, where: Mapping[str, str] = {}, query: str = "") -> Any:
    headers = [("Host", "api.example"), ("Authorization", f"Bearer {owner.token}")]
    request = HttpRequest(method, route.format(**where), query, headers, b"", "192.0.2.1", 443)
    return proxy_event(request, route=route, captured=dict(where), binary_types=["image/jpeg"], request_id="bench")


def _leave_unprocessed(device: Device, event: Any) -> None:
    """As if the event had been lost an hour ago."""
    key = unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    named = object_keys.parse_single(key)
    assert named is not None
    at = datetime.now(UTC) - timedelta(hours=1)
    device.stack.items.put(new_item(named.device_id, named.seq, OwnerId("bench"), key, guessed((), at), at))


def _mib(body: bytes) -> str:
    return f"{len(body) / 2**20:.0f} MiB"


def _pack(device: Device, jpegs: Mapping[int, bytes]) -> bytes:
    pack = sealed((Shot(seq, jpeg) for seq, jpeg in jpegs.items()), device_id=device.device_id)
    assert 0.9 * MAX_PACK_BYTES < len(pack) <= MAX_PACK_BYTES
    return pack


@cache
def _usual_photo() -> bytes:
    return encoded(camera_scene(), quality=80, subsampling="4:2:2")


@cache
def _photo_of_5_mp() -> bytes:
    """So good that as many as a pack may hold fill it."""
    return encoded(camera_scene(2592, 1944), quality=88, subsampling="4:2:2")


@cache
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
