"""LAN mode: plain HTTP on a private network, with the same queue, the same receipts and the same manners."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from infra.local.cloud import LocalCloud
from infra.local.link.profile import LAN
from tests.e2e.people import JsonObject, OwnerCaller
from tests.firmware.camera import FirmwareCamera
from tests.firmware.conftest import NewCamera
from tests.tiny_jpegs import tiny_jpeg

PROFILE = LAN
PHOTOS = [tiny_jpeg(number) for number in range(5)]
_SIGNATURE_OF_A_RECEIPT = re.compile(rb'("signature": ?")([A-Za-z0-9+/])(?=[A-Za-z0-9+/]{85}==")')


@contextmanager
def box_that_forges_receipts(api_url: str) -> Iterator[str]:
    """Its URL. It hands on what the API says, but for one bit of each receipt."""

    class Box(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path = self.path.removeprefix("/api")
            kept = {name: self.headers[name] for name in ("Content-Type", "X-Device-Token") if name in self.headers}
            answer = httpx.post(api_url + path, content=body, headers=kept, trust_env=False)
            forged = _SIGNATURE_OF_A_RECEIPT.sub(
                lambda found: found[1] + (b"A" if found[2] != b"A" else b"B"), answer.content
            )
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(forged)))
            self.end_headers()
            self.wfile.write(forged)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Box) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
        thread.join()


def test_camera_drains_over_plain_http_on_a_private_network(
    cloud: LocalCloud,
    owner: OwnerCaller,
    camera: FirmwareCamera,
    bytes_of: Callable[[list[JsonObject]], dict[int, bytes]],
) -> None:
    life = camera.start(PHOTOS)
    assert life.wait() == 0, life.told()
    cloud.settle()
    assert bytes_of(owner.items()) == dict(enumerate(PHOTOS))
    assert {step["state"] for step in life.steps("confirmed")} == {"held"}


def test_a_receipt_that_does_not_verify_deletes_nothing_on_the_lan_either(
    cloud: LocalCloud, owner: OwnerCaller, new_camera: NewCamera
) -> None:
    with box_that_forges_receipts(cloud.api_url) as api_url:
        camera = new_camera(api_url=api_url)
        life = camera.start(PHOTOS)
        life.waits_for("deferred")
        life.kill()
    assert {step["reason"] for step in life.steps("deferred")} == {"receipt refused"}
    assert not life.steps("confirmed")
    assert len(camera.packs()) == 1
    cloud.settle()
    assert len(owner.items()) == len(PHOTOS)


def test_plain_http_is_for_private_networks_only(new_camera: NewCamera) -> None:
    life = new_camera(api_url="http://203.0.113.7/api").start(PHOTOS)
    assert life.wait() == 1
    assert life.steps() == [{"event": "refused", "code": "no_api"}]


def test_camera_goes_on_as_who_it_was_with_the_same_code_and_without_one(
    cloud: LocalCloud, owner: OwnerCaller, camera: FirmwareCamera
) -> None:
    first = camera.start(PHOTOS[:1])
    assert first.wait() == 0
    again = camera.start(PHOTOS[1:2])
    assert again.wait() == 0
    later = camera.start(PHOTOS[2:3], has_code=False)
    assert later.wait() == 0

    (identity,) = first.steps("activated")
    assert again.steps("activated") == [identity]
    assert later.steps("resumed") == [{"event": "resumed", "device_id": identity["device_id"]}]
    cloud.settle()
    assert len(owner.items()) == 3
    assert len(owner.ask("GET", "/devices")["items"]) == 1


def test_a_code_that_the_cloud_does_not_take_ends_it(new_camera: NewCamera) -> None:
    life = new_camera(code="AAAAA-AAAAA").start(PHOTOS)
    assert life.wait() == 1
    assert [step["event"] for step in life.steps()] == ["refused"]


def test_camera_that_does_not_know_the_time_sends_its_photos_all_the_same(
    cloud: LocalCloud, owner: OwnerCaller, camera: FirmwareCamera
) -> None:
    life = camera.start(PHOTOS, "--no-clock")
    assert life.wait() == 0, life.told()
    cloud.settle()
    assert len(owner.items()) == len(PHOTOS)


def test_the_owner_gets_the_whole_log_and_no_secret_in_it(owner: OwnerCaller, camera: FirmwareCamera) -> None:
    life = camera.start(PHOTOS, "--at-once", count=100_000, interval_s=0.2)
    life.waits_for("confirmed", 5)
    (identity,) = life.steps("activated")
    path = f"/devices/{identity['device_id']}"
    asked = owner.ask("POST", f"{path}/commands", json={"kind": "upload_log"})
    written = life.log.read_text().splitlines()

    def told() -> JsonObject:
        commands: list[JsonObject] = owner.ask("GET", f"{path}/commands")["items"]
        return commands[0]

    until = time.monotonic() + 30
    while told()["status"] not in ("done", "failed"):
        assert time.monotonic() < until, life.told()
        time.sleep(0.1)

    assert (told()["command_id"], told()["status"]) == (asked["command_id"], "done")
    events = owner.ask("GET", f"{path}/events?limit=100")["items"]
    lines = [event["details"]["message"] for event in reversed(events) if event["kind"] == "log"]
    assert told()["detail"] == f"{len(lines)} lines"
    assert lines[: len(written)] == written
    assert lines[0] == "0 boot: power_on"
    assert identity["device_token"] not in str(lines)


@pytest.mark.parametrize("waits_for", ["activated", "captured"])
def test_camera_stops_when_it_is_told_to(camera: FirmwareCamera, waits_for: str) -> None:
    life = camera.start(PHOTOS, count=100_000, interval_s=0.1)
    life.waits_for(waits_for)
    assert life.stop() == 0


def test_two_processes_do_not_share_a_state_folder(camera: FirmwareCamera) -> None:
    first = camera.start(PHOTOS, count=100_000, interval_s=0.1)
    first.waits_for("captured")
    second = camera.start(PHOTOS)
    assert second.wait() == 1
    assert "another process" in second.told()
