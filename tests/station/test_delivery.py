"""A single photo's way by the single-purpose routes, for who has no queue of packs: the smoke test of a deploy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pytest
from frameferry_station.captures import CLIP_CONTENT_TYPE, Capture, CaptureMeta, Seq
from frameferry_station.client import DeviceClient
from frameferry_station.delivery import Delivery, Proved, Unproved
from frameferry_station.errors import Conflict, ForeignAnswer, ReceiptInvalid, Trouble, UrlRefused
from frameferry_station.http import Answer, Content, Sender
from frameferry_station.receipts import ReceiptVerifier

from tests.station.fake_cloud import FORGER, KEYS, PORTAL, FakeCloud, Fault, Reply, api_error, s3_error
from tests.station.fake_network import DirectSender
from tests.station.samples import DEVICE_ID, META, jpeg


@dataclass(frozen=True)
class InMemory:
    content: bytes

    def chunks(self) -> Iterator[bytes]:
        yield self.content


class OneToken:
    def tokens(self) -> tuple[str, ...]:
        return ("devtok_current",)

    def accepted(self, token: str) -> None:
        """There is only one."""


@dataclass
class Listening:
    sender: Sender
    types: list[str] = field(default_factory=list)
    """Of what is put."""

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        if method == "PUT":
            self.types.append(headers["content-type"])
        return self.sender.send(method, url, headers, content)


def capture(meta: CaptureMeta = META) -> Capture:
    photo = jpeg(0)
    return Capture(Seq(3), meta, len(photo), hashlib.sha256(photo).hexdigest(), InMemory(photo))


@pytest.fixture
def told() -> list[int]:
    return []


@pytest.fixture
def delivery(cloud: FakeCloud, told: list[int]) -> Delivery:
    sender = DirectSender(cloud)
    client = DeviceClient(cloud.api_url, sender, OneToken())
    return Delivery(client, sender, ReceiptVerifier(DEVICE_ID, KEYS.public_keys()), told.append)


def test_a_photo_goes_up_in_three_requests_and_is_proved(
    cloud: FakeCloud, delivery: Delivery, told: list[int]
) -> None:
    assert delivery.deliver(capture()) == Proved("queued")

    assert cloud.requests == ["upload-url", "put", "ingest"]
    assert (cloud.holds(jpeg(0)), told) == ([3], [3])


def test_a_photo_that_the_cloud_holds_is_not_sent_again(cloud: FakeCloud, delivery: Delivery) -> None:
    cloud.hold(3, jpeg(0))

    assert delivery.deliver(capture()) == Proved("duplicate")

    assert cloud.requests == ["upload-url"]


@pytest.mark.parametrize("meta", [CaptureMeta(None), META])
def test_the_same_photo_has_the_same_name_each_time(meta: CaptureMeta) -> None:
    assert capture(meta).filename == ("2026-05-04T12-00-00Z_000003.jpg" if meta.captured_at else "undated_000003.jpg")


def test_a_clip_says_what_it_is_by_its_name_and_its_type(cloud: FakeCloud, told: list[int]) -> None:
    sender = Listening(DirectSender(cloud))
    verifier = ReceiptVerifier(DEVICE_ID, KEYS.public_keys())
    delivery = Delivery(DeviceClient(cloud.api_url, sender, OneToken()), sender, verifier, told.append)

    assert delivery.deliver(replace(capture(), content_type=CLIP_CONTENT_TYPE)) == Proved("queued")

    assert cloud.items[Seq(3)].object_key.endswith("000003.mp4")
    assert sender.types == ["video/mp4"]


def test_other_bytes_under_its_seq_are_a_conflict(cloud: FakeCloud, delivery: Delivery) -> None:
    cloud.hold(3, b"other")

    with pytest.raises(Conflict) as caught:
        delivery.deliver(capture())

    assert caught.value.next_seq == 4


@pytest.mark.parametrize("refusals", [1, 2])
def test_a_refused_url_is_asked_for_once_more(cloud: FakeCloud, delivery: Delivery, refusals: int) -> None:
    cloud.script("put", *[s3_error(403, "AccessDenied")] * refusals)

    if refusals == 1:
        assert delivery.deliver(capture()) == Proved("queued")
    else:
        with pytest.raises(UrlRefused):
            delivery.deliver(capture())
    assert cloud.requests.count("upload-url") == 2


def test_a_clock_that_was_wrong_costs_the_time_not_the_photo(cloud: FakeCloud, delivery: Delivery) -> None:
    cloud.script("ingest", api_error(400, "captured_at_out_of_range"))

    assert delivery.deliver(capture()) == Proved("queued")

    assert [request.ntp_synced for request in cloud.ingested] == [False]


def test_without_a_receipt_nothing_is_proved(cloud: FakeCloud, delivery: Delivery) -> None:
    cloud.script("ingest", Reply(200, b'{"status": "queued", "item_id": "i"}'))

    assert isinstance(delivery.deliver(capture()), Unproved)


def test_a_forged_receipt_proves_nothing(cloud: FakeCloud, delivery: Delivery) -> None:
    cloud.signer = FORGER

    with pytest.raises(ReceiptInvalid):
        delivery.deliver(capture())


@pytest.mark.parametrize("route", ["upload-url", "put", "ingest"])
@pytest.mark.parametrize("fault", [PORTAL, Reply(502, b"<html>"), Reply(403, b"<html>blocked</html>")])
def test_what_a_box_on_the_way_says_is_trouble_or_no_proof(
    cloud: FakeCloud, delivery: Delivery, route: str, fault: Fault
) -> None:
    cloud.script(route, fault)

    if route == "put" and fault is PORTAL:
        assert isinstance(delivery.deliver(capture()), Unproved)
    else:
        with pytest.raises(Trouble):
            delivery.deliver(capture())


def test_a_url_that_was_signed_for_another_length_is_not_used(cloud: FakeCloud, delivery: Delivery) -> None:
    place = {"upload_url": f"{cloud.base_url}/s3/x", "object_key": "k", "expires_at": "2026-05-04T12:00:00Z"}
    cloud.script("upload-url", Reply(200, json.dumps({**place, "headers": {"Content-Length": "7"}}).encode()))

    with pytest.raises(ForeignAnswer, match="another length"):
        delivery.deliver(capture())

    assert "put" not in cloud.requests


def test_an_upload_url_never_leaves_tls() -> None:
    class Downgrading:
        def send(self, *_: object) -> Answer:
            place = {"upload_url": "http://s3/x", "headers": {}, "object_key": "k"}
            return Answer(200, {}, json.dumps({**place, "expires_at": "2026-05-04T12:00:00Z"}).encode())

    with pytest.raises(ForeignAnswer):
        DeviceClient("https://api.invalid/api", Downgrading(), OneToken()).upload_url(capture())
