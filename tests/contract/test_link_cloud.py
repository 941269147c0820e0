"""The whole local cloud behind a link: presigned URLs lead through it, and only through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from infra.local.cloud import LocalCloud
from infra.local.link.faults import Drop
from infra.local.link.hotspot import HotspotLink
from infra.local.link.profile import HOTSPOT
from tests.tiny_jpegs import tiny_jpeg

PROFILE = replace(HOTSPOT, up_bit_s=50e6, down_bit_s=50e6, rtt_s=0.004, full_handshake_cpu_s=0.01)


@pytest.fixture(scope="module")
def link() -> Iterator[HotspotLink]:
    with HotspotLink(PROFILE) as link:
        yield link


@pytest.fixture(scope="module")
def cloud(link: HotspotLink) -> Iterator[LocalCloud]:
    with LocalCloud(devices_s3_url=link.s3_url, schedule_interval_s=100_000) as cloud:
        link.forward_to(api_url=cloud.api_url, s3_url=cloud.s3_url)
        yield cloud


@pytest.fixture
def device(cloud: LocalCloud, link: HotspotLink) -> Iterator[Device]:
    owner = {"Authorization": f"Bearer {cloud.owner.token}"}
    with httpx.Client(verify=link.client_context(), trust_env=False) as client:
        paired = httpx.post(f"{cloud.api_url}/devices/pair", headers=owner, json={"name": "x"}, trust_env=False).json()
        code = {"pairing_code": paired["pairing_code"]}
        token = client.post(f"{link.api_url}/devices/activate", json=code).json()["device_token"]
        client.headers["X-Device-Token"] = token
        yield Device(client, link.api_url)


class Device:
    """Talks to what it is told to talk to, through the link."""

    def __init__(self, client: httpx.Client, api_url: str) -> None:
        self._client = client
        self._api_url = api_url

    def upload_target(self, seq: int) -> Any:
        asked = {"filename": f"{seq}.jpg", "content_type": "image/jpeg", "seq": seq, "size_bytes": len(tiny_jpeg(seq))}
        return self._client.post(f"{self._api_url}/devices/upload-url", json=asked).raise_for_status().json()

    def put(self, url: str, seq: int, headers: dict[str, str]) -> int:
        return self._client.put(url, content=tiny_jpeg(seq), headers=headers).status_code

    def ingest(self, seq: int, object_key: str) -> Any:
        told = {"object_key": object_key, "captured_at": "2026-05-04T12:00:00Z", "seq": seq, "ntp_synced": True}
        return self._client.post(f"{self._api_url}/devices/ingest", json=told).raise_for_status().json()


def test_a_photo_goes_through_the_link_on_two_kept_alive_connections(
    cloud: LocalCloud, link: HotspotLink, device: Device
) -> None:
    link.reset_stats()
    for seq in (1, 2, 3):
        target = device.upload_target(seq)
        assert target["upload_url"].startswith(link.s3_url + "/")
        assert device.put(target["upload_url"], seq, target["headers"]) == 200
        assert device.ingest(seq, target["object_key"])["status"] == "queued"
    cloud.settle()

    counted = link.stats()
    assert (counted.api.requests, counted.s3.requests) == (6, 3)
    assert (counted.total.handshakes_full, counted.most_open) == (1, 2)  # the API's was there before
    assert not cloud.dead_letters


def test_a_presigned_url_is_good_for_the_links_address_only(cloud: LocalCloud, device: Device) -> None:
    target = device.upload_target(11)
    elsewhere = cloud.s3_url + "/" + target["upload_url"].split("/", 3)[3]

    assert httpx.put(elsewhere, content=tiny_jpeg(11), headers=target["headers"], trust_env=False).status_code == 403


def test_an_upload_that_is_cut_stores_nothing_and_can_be_sent_again(link: HotspotLink, device: Device) -> None:
    target = device.upload_target(21)
    link.plan.add("s3", Drop("up", 1000))

    with pytest.raises(httpx.HTTPError):
        device.put(target["upload_url"], 21, target["headers"])

    assert device.put(target["upload_url"], 21, target["headers"]) == 200
    assert device.put(target["upload_url"], 21, target["headers"]) == 412
