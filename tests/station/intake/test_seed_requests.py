"""The requests of the three sketches, by curl, with the headers that an ESP32's HTTPClient sends."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from frameferry_station.photos import SourceName, SourcePaused

from tests.station.intake.lan import MAC, PASSWORD, SOURCE, Lan
from tests.station.samples import jpeg

HTTP_CLIENT = (
    *("-H", "User-Agent: ESP32HTTPClient"),
    *("-H", "Connection: keep-alive"),
    *("-H", "Accept-Encoding: identity;q=1,chunked;q=0.1,*;q=0"),
    *("-H", "Accept:"),
    *("-H", "Expect:"),
)
AS_JPEG = ("-H", "Content-Type: image/jpeg")
AS_JSON = ("-H", "Content-Type: application/json")


@dataclass
class Curl:
    url: str
    folder: Path

    def post(self, path: str, body: bytes, *options: str) -> tuple[int, Any]:
        """Status and JSON."""
        file = self.folder / "body"
        file.write_bytes(body)
        return self.run(path, "--data-binary", f"@{file}", *options)

    def run(self, path: str, *options: str) -> tuple[int, Any]:
        command = ["curl", "-sS", "--max-time", "10", "-w", "\n%{http_code}", *HTTP_CLIENT, *options, self.url + path]
        ran = subprocess.run(command, capture_output=True, check=True, timeout=20)
        content, _, status = ran.stdout.rpartition(b"\n")
        return int(status), json.loads(content)


@pytest.fixture
def curl(lan: Lan, tmp_path: Path) -> Iterator[Curl]:
    with lan.serving() as server:
        yield Curl(f"http://127.0.0.1:{server.port}", tmp_path)


def test_the_sketch_with_a_password_gets_its_photo_kept(lan: Lan, curl: Curl) -> None:
    path = "/upload_image?filename=20260504_120000.jpg"

    status, answer = curl.post(path, jpeg(1), "-u", f"esp32:{PASSWORD}", *AS_JPEG)

    assert (status, answer) == (200, {"message": "the photo is kept", "path": "lan-esp32/0"})
    assert lan.photos.kept == [(SourceName("lan-esp32"), jpeg(1))]


def test_the_sketch_that_names_no_content_type_gets_its_photo_kept(lan: Lan, curl: Curl) -> None:
    # curl's own type is that of a form.
    for number, options in enumerate(((), ("-H", "Content-Type:"))):
        status, _ = curl.post("/upload_image", jpeg(number), "-u", f"esp32:{PASSWORD}", *options)
        assert status == 200

    assert [kept for _, kept in lan.photos.kept] == [jpeg(0), jpeg(1)]


def test_the_sketch_as_it_was_printed_is_told_that_it_needs_a_password(lan: Lan, curl: Curl) -> None:
    status, answer = curl.post("/upload_image?filename=a.jpg", jpeg(1), "-u", "esp32:camera_upload_key", *AS_JPEG)

    assert status == 401
    assert set(answer) == {"error"}
    assert isinstance(answer["error"], str)
    assert lan.photos.kept == []


def test_the_sketch_that_registers_goes_its_whole_way(lan: Lan, curl: Curl) -> None:
    lan.admit()
    who = {"device_id": MAC, "device_type": "esp32cam", "firmware_version": "1.0.0", "ip_address": "192.168.1.50"}
    registration = json.dumps({**who, "capabilities": ["camera", "motion_detection"]}).encode()
    status, answer = curl.post("/api/devices/register", registration, *AS_JSON)
    assert (status, answer["status"]) == (200, "registered")
    bearer = ("-H", f"Authorization: Bearer {answer['token']}")

    alive = {"device_id": MAC, "uptime": 61, "free_heap": 180000, "rssi": -61, "camera_enabled": True}
    moved = {"device_id": MAC, "timestamp": 61, "motion_score": 37, "camera_enabled": True}

    assert curl.post("/api/heartbeat", json.dumps(alive).encode(), *AS_JSON, *bearer)[0] == 200
    assert curl.post("/api/events/motion", json.dumps(moved).encode(), *AS_JSON, *bearer) == (
        200,
        {"status": "received"},
    )
    photo = curl.post("/api/images/upload", jpeg(1), *AS_JPEG, *bearer, "-H", f"X-Device-ID: {MAC}")
    assert photo == (200, {"status": "received", "seq": 0})
    assert lan.photos.kept == [(SOURCE, jpeg(1))]
    assert lan.photos.told == [(SOURCE, "motion", "score 37")]

    lan.photos.want_photo(SOURCE)
    _, polled = curl.run("/api/commands", *bearer)
    command = polled["commands"][0]
    assert command["kind"] == "capture_now"
    assert curl.post(f"/api/commands/{command['id']}/ack", b"{}", *AS_JSON, *bearer) == (200, {"status": "ok"})
    assert curl.run("/api/commands", *bearer)[1]["commands"] == []


def test_the_answer_to_a_registration_fits_the_sketchs_256_bytes(lan: Lan, curl: Curl) -> None:
    lan.admit()

    _, answer = curl.post("/api/devices/register", json.dumps({"device_id": MAC}).encode(), *AS_JSON)

    # Its JSON document holds 16 bytes a field and a copy of each text with its end.
    assert sum(16 + len(name) + 1 + len(text) + 1 for name, text in answer.items()) < 256


def test_the_sketch_without_a_credential_gets_its_photo_kept(lan: Lan, curl: Curl) -> None:
    status, answer = curl.post("/upload", jpeg(1), *AS_JPEG)

    assert (status, answer) == (200, {"status": "received", "seq": 0})
    assert lan.photos.kept == [(SourceName("lan-127-0-0-1"), jpeg(1))]


def test_the_same_photo_again_is_a_success_and_kept_once(lan: Lan, curl: Curl) -> None:
    for _ in range(2):
        plain = curl.post("/upload_image?filename=a.jpg", jpeg(1), "-u", f"esp32:{PASSWORD}", *AS_JPEG)
        bare = curl.post("/upload", jpeg(1), *AS_JPEG)

    assert plain[0] == 200
    assert bare == (200, {"status": "duplicate", "seq": bare[1]["seq"]})
    assert [source for source, _ in lan.photos.kept] == ["lan-esp32", "lan-127-0-0-1"]


def test_a_paused_camera_is_refused_in_words(lan: Lan, curl: Curl) -> None:
    for source in ("lan-esp32", "lan-127-0-0-1"):
        lan.photos.paused[SourceName(source)] = SourcePaused(None)

    assert curl.post("/upload_image?filename=a.jpg", jpeg(1), "-u", f"esp32:{PASSWORD}", *AS_JPEG) == (
        423,
        {"error": "paused until it is resumed"},
    )
    assert curl.post("/upload", jpeg(1), *AS_JPEG) == (
        423,
        {"error": {"code": "paused", "message": "paused until it is resumed"}},
    )
    assert lan.photos.kept == []


def test_a_large_photo_for_which_curl_asks_first_is_kept(lan: Lan, curl: Curl) -> None:
    photo = jpeg(1, lan.settings.max_photo_bytes)

    assert curl.post("/upload", photo, *AS_JPEG, "-H", "Expect: 100-continue")[0] == 200
    assert lan.photos.kept[0][1] == photo


def test_a_photo_in_chunks_is_kept(lan: Lan, curl: Curl) -> None:
    assert curl.post("/upload", jpeg(1), *AS_JPEG, "-H", "Transfer-Encoding: chunked")[0] == 200
    assert lan.photos.kept[0][1] == jpeg(1)


