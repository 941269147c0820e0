"""The page of a station that runs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from flask import Flask
from frameferry_station.clock import SystemClock
from frameferry_station.program.web_page import PageServer
from frameferry_station.settings import PageSettings

from tests.station.program.processes import (
    call,
    eventually,
    free_port,
    page_url,
    running,
    settings,
    snapshot_camera,
)

FILES = {"STORAGE_BACKEND": "filesystem", "LOCAL_STORAGE_PATH": "photos"}
CAMERA = '[[camera]]\nname = "garden"\nkind = "snapshot"\naddress = "{url}"\npassword = "open sesame"\ninterval_s = 1\n'


def hello() -> Flask:
    app = Flask("hello", static_folder=None)
    app.add_url_rule("/", view_func=lambda: "hello")
    return app


@pytest.fixture
def server() -> Iterator[PageServer]:
    server = PageServer(PageSettings(host="127.0.0.1", port=0), hello(), SystemClock())
    server.start()
    yield server
    server.stop()


def test_health_and_metrics_of_a_station_that_runs(tmp_path: Path) -> None:
    with snapshot_camera() as url:
        settings(tmp_path, FILES, CAMERA.format(url=url))
        (tmp_path / "station.toml").chmod(0o600)
        with running(tmp_path), httpx.Client(base_url=page_url(tmp_path), trust_env=False) as page:
            eventually(lambda: page.get("/health").json()["total_captures"] >= 2)
            health, metrics = page.get("/health"), page.get("/metrics")
            eventually(lambda: page.get("/state.json").json()["with_photo"] == ["garden"])
            latest, shown = page.get("/latest/garden"), page.get("/")

    assert health.json()["sources"][0]["source"] == "garden"
    assert health.json()["sinks"][0]["sink"] == "filesystem"
    assert 'frameferry_station_photos_accepted_total{source="garden"}' in metrics.text
    assert latest.headers["content-type"] == "image/jpeg"
    assert "Photos that are here" in shown.text
    assert "sesame" not in health.text + metrics.text


def test_a_camera_that_registered_is_on_the_page_with_its_heartbeat(tmp_path: Path) -> None:
    port = free_port()
    settings(tmp_path, FILES, f'[lan]\nhost = "127.0.0.1"\nport = {port}\n')
    with running(tmp_path), httpx.Client(trust_env=False) as camera:
        assert call(tmp_path, "admit")[0] == 0
        url, who = f"http://127.0.0.1:{port}/api", {"device_id": "A0:B1:C2:D3:E4:F5"}
        token = camera.post(f"{url}/devices/register", json=who).json()["token"]
        camera.headers["Authorization"] = f"Bearer {token}"
        assert camera.post(f"{url}/heartbeat", json={"rssi": -61, "free_heap": 180_000}).status_code == 200
        state = camera.get(f"{page_url(tmp_path)}/state.json").json()

    assert state["heartbeats"] == {
        "lan-a0b1c2d3e4f5": {"rssi_dbm": -61, "free_heap_bytes": 180_000, "uptime_s": None}
    }


def test_a_server_that_is_stopped_ends_soon_and_leaves_its_port(server: PageServer) -> None:
    assert server.port is not None
    url = f"http://127.0.0.1:{server.port}/"
    assert httpx.get(url, trust_env=False).text == "hello"

    with socket.create_connection(("127.0.0.1", server.port)):  # who says nothing
        server.stop()

    assert not [thread for thread in threading.enumerate() if thread.name == "page"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_a_taken_port_is_no_reason_not_to_run_and_is_taken_later(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = PageServer(PageSettings(host="127.0.0.1", port=port), hello(), SystemClock(), again_s=0.05)
        server.start()
        assert server.port is None
        assert f"no page at port {port} (Address already in use)" in caplog.text
    try:
        eventually(lambda: server.port == port)
        assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).text == "hello"
    finally:
        server.stop()


def test_an_unknown_host_is_no_reason_not_to_run() -> None:
    server = PageServer(PageSettings(host="192.0.2.1", port=0), hello(), SystemClock())
    server.start()
    server.stop()

    assert server.port is None
