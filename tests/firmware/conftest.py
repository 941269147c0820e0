"""The local cloud behind a link, and cameras that reach it only through the link."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.cloud import LocalCloud
from infra.local.link.hotspot import HotspotLink
from infra.local.link.profile import LinkProfile
from tests.e2e.bucket import Bucket
from tests.e2e.people import JsonObject, OwnerCaller
from tests.firmware.camera import FirmwareCamera

NewCamera = Callable[..., FirmwareCamera]


@pytest.fixture(scope="module")
def link(request: pytest.FixtureRequest) -> Iterator[HotspotLink]:
    """Of the module's PROFILE."""
    profile: LinkProfile = request.module.PROFILE
    with HotspotLink(profile, host="localhost") as link:  # a name: mbedTLS 2.28 knows no addresses in certificates
        yield link


@pytest.fixture(scope="module")
def cloud(link: HotspotLink) -> Iterator[LocalCloud]:
    with LocalCloud(devices_s3_url=link.s3_url, schedule_interval_s=100_000) as cloud:
        link.forward_to(api_url=cloud.api_url, s3_url=cloud.s3_url)
        yield cloud


@pytest.fixture
def owner(cloud: LocalCloud) -> Iterator[OwnerCaller]:
    with OwnerCaller(cloud.api_url, cloud.new_owner(f"owner-{uuid.uuid4()}").token) as owner:
        yield owner


@pytest.fixture
def new_camera(link: HotspotLink, owner: OwnerCaller, tmp_path: Path) -> Iterator[NewCamera]:
    """Each has a code of its own, unless it gets another's."""
    made: list[FirmwareCamera] = []

    def new(
        name: str = "camera", *, code: str | None = None, api_url: str | None = None, trusted: Path | None = None
    ) -> FirmwareCamera:
        code = code or owner.pair()["pairing_code"]
        camera = FirmwareCamera(tmp_path / name, api_url or link.api_url, code, trusted=trusted or link.ca_file)
        made.append(camera)
        return camera

    yield new
    for camera in made:
        camera.end()


@pytest.fixture
def camera(new_camera: NewCamera) -> FirmwareCamera:
    return new_camera()


@pytest.fixture
def bytes_of(cloud: LocalCloud) -> Callable[[list[JsonObject]], dict[int, bytes]]:
    """What the bucket holds for each item, by seq."""
    bucket = Bucket(cloud.client("s3"), cloud.outputs.captures_bucket)

    def found(items: list[JsonObject]) -> dict[int, bytes]:
        bodies = {key: bucket.body(key) for key in {item["photo"]["object_key"] for item in items}}
        held: dict[int, bytes] = {}
        for item in items:
            place = item["photo"]
            body = bodies[place["object_key"]]
            held[item["seq"]] = body[place["offset"] : place["offset"] + place["length"]]
        return held

    return found
