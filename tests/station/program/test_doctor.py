"""`frameferry-station doctor`: each trouble is seen, named, and comes with what to do; nothing secret is printed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from frameferry_station.program import doctor, machine_checks, network_checks
from frameferry_station.program.findings import Check, Finding, note, ok, wrong
from frameferry_station.program.main import main
from frameferry_station.settings import (
    CloudSink,
    DiskSettings,
    LanSettings,
    PageSettings,
    StationSettings,
    load,
)

from tests.station.fake_cloud import CODE, FakeCloud
from tests.station.fake_network import running as network_of
from tests.station.program.processes import call, eventually, free_port, running, settings, snapshot_camera

FILES = {"STORAGE_BACKEND": "filesystem", "LOCAL_STORAGE_PATH": "photos"}
CAMERA = (
    '[[camera]]\nname = "garden"\nkind = "snapshot"\naddress = "{url}"\nusername = "me"\npassword = "open sesame"\n'
)


@contextmanager
def api(status: int = 200, skew: timedelta = timedelta()) -> Iterator[CloudSink]:
    """A cloud of which only `/api/health` is there."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status if self.path == "/api/health" else 404)
            self.send_header("Date", format_datetime(datetime.now(UTC) + skew, usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield CloudSink(f"http://127.0.0.1:{server.server_port}/api")
        server.shutdown()


def levels(findings: list[Finding]) -> list[str]:
    return [finding.level for finding in findings]


def only(findings: list[Finding]) -> Finding:
    [finding] = findings
    return finding


def test_what_is_wrong_is_told_with_what_to_do_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings(tmp_path, FILES, CAMERA.format(url=f"http://127.0.0.1:{free_port()}/snap.jpg"))
    (tmp_path / "station.toml").chmod(0o600)

    assert main(["--folder", str(tmp_path), "doctor"], {}) == 1

    out = capsys.readouterr().out
    assert "FIX  camera garden: nobody answers at its address\n       docs/station-cameras.md" in out
    assert f"FIX  settings: {tmp_path}/.env can be opened by others (mode 644)\n       chmod 600 {tmp_path}/.env" in out
    assert "sesame" not in out


def test_settings_that_are_wrong_are_all_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings(tmp_path, {"STORAGE_BACKEND": "s3"})

    assert main(["--folder", str(tmp_path), "doctor"], {}) == 1

    out = capsys.readouterr().out
    assert out.count("FIX  settings: ") == 3
    assert "S3_BUCKET" in out


def test_a_camera_is_asked_for_one_photo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with snapshot_camera() as url:
        settings(tmp_path, FILES, CAMERA.format(url=url))
        (tmp_path / "station.toml").chmod(0o600)
        main(["--folder", str(tmp_path), "doctor"], {})

    assert "ok   camera garden: gave a photo of 3 kB\n" in capsys.readouterr().out


def test_a_station_that_runs_is_no_trouble(tmp_path: Path) -> None:
    settings(tmp_path, FILES)
    with running(tmp_path):
        _, out, _ = call(tmp_path, "doctor")

    assert "note ports: the station runs, and has them\n" in out
    assert "FIX  ports" not in out


def test_a_station_that_runs_but_does_not_answer_is_told_and_not_waited_for(tmp_path: Path) -> None:
    settings(tmp_path, FILES)
    station = load({}, tmp_path)
    station.state.mkdir()
    with socket.socket(socket.AF_UNIX) as hanging, chdir(station.state):
        hanging.bind("control")
        hanging.listen()
        checks = {check.subject: check for check in doctor.checks_of(tmp_path, station, running_s=0.1)}

    assert only(checks["station"].look()) == wrong(
        "it runs, but does not answer", "sudo systemctl restart frameferry-station"
    )
    assert levels(checks["ports"].look()) == ["note"]


def test_nothing_wrong_is_0_and_anything_wrong_is_1() -> None:
    said: list[str] = []
    well = Check("one", lambda: [ok("is well"), note("wears", "think of it")])

    assert doctor.report([well], said.append) == 0
    assert said == ["ok   one: is well", "note one: wears", "       think of it"]
    assert doctor.report([well, Check("two", lambda: [wrong("is ill", "heal it")])], said.append) == 1
    assert said[-2:] == ["FIX  two: is ill", "       heal it"]


def test_a_check_that_hangs_is_not_waited_for_and_holds_up_no_other() -> None:
    said: list[str] = []
    over = threading.Event()

    def hang() -> list[Finding]:
        over.wait(30)
        return []

    began_s = time.monotonic()
    checks = [Check("one", hang), Check("two", hang), Check("three", lambda: [ok("well")])]
    code = doctor.report(checks, said.append, 0.2)
    over.set()

    assert code == 1
    assert time.monotonic() - began_s < 5
    assert said[0] == "FIX  one: gave no answer within 0.2 s"
    assert said[-1] == "ok   three: well"


def test_a_check_that_fails_itself_says_nothing_that_it_knew() -> None:
    said: list[str] = []

    def fail() -> list[Finding]:
        raise RuntimeError("rtsp://me:sesame@camera/")

    assert doctor.report([Check("one", fail)], said.append) == 1
    assert said[0] == "FIX  one: could not be looked at (RuntimeError)"


def test_the_cloud_that_answers_is_well() -> None:
    with api() as sink:
        assert levels(network_checks.cloud(sink)) == ["ok", "ok"]


@pytest.mark.parametrize(("skew", "told"), [(-300, "ahead of"), (300, "behind")])
def test_a_clock_that_is_off_is_seen_by_that_of_the_cloud(skew: int, told: str) -> None:
    with api(skew=timedelta(seconds=skew)) as sink:
        [_, found] = network_checks.cloud(sink)

    assert found.level == "wrong"
    assert told in found.text
    assert found.remedy == "sudo timedatectl set-ntp true"


def test_a_wrong_url_of_the_cloud_is_told() -> None:
    with api(status=404) as sink:
        assert only(network_checks.cloud(sink)).text == "127.0.0.1 answers 404"
    assert "is not known" in only(network_checks.cloud(CloudSink("https://no-such-name.invalid/api"))).text
    nobody = only(network_checks.cloud(CloudSink(f"http://127.0.0.1:{free_port()}/api")))
    assert nobody.text == "127.0.0.1 does not answer (ConnectError)"


def test_pairing_is_seen_without_a_station_that_runs(
    cloud: FakeCloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with network_of(cloud), snapshot_camera() as url:
        settings(tmp_path, {"FRAMEFERRY_API_URL": cloud.api_url}, CAMERA.format(url=url))
        (tmp_path / "station.toml").chmod(0o600)
        main(["--folder", str(tmp_path), "doctor"], {})
        assert "FIX  pairing: nothing is paired\n" in capsys.readouterr().out
        assert main(["--folder", str(tmp_path), "pair", "garden", CODE], {}) == 0
        main(["--folder", str(tmp_path), "doctor"], {})

    out = capsys.readouterr().out
    assert "ok   pairing: paired: garden\n" in out
    assert "devtok" not in out


def test_a_device_that_the_cloud_refuses_is_told_by_the_station_that_runs(cloud: FakeCloud, tmp_path: Path) -> None:
    with network_of(cloud), snapshot_camera() as url:
        settings(tmp_path, {"FRAMEFERRY_API_URL": cloud.api_url}, CAMERA.format(url=url))
        (tmp_path / "station.toml").chmod(0o600)
        assert main(["--folder", str(tmp_path), "pair", "station", CODE], {}) == 0
        cloud.tokens = ["devtok_of_somebody_else"]
        with running(tmp_path):
            eventually(lambda: "pair station again" in call(tmp_path, "sources")[1])
            out = call(tmp_path, "doctor")[1]

    assert "FIX  pairing: station: the cloud refuses its credential" in out
    assert "       sudo frameferry-station pair station CODE\n" in out


def test_a_clock_that_nobody_sets_is_told() -> None:
    assert levels(machine_checks.clock(lambda: True)) == ["ok"]
    assert "timedatectl" in (only(machine_checks.clock(lambda: False)).remedy or "")


@pytest.mark.parametrize(
    ("mount", "told"),
    [
        ("/dev/mmcblk0p2", "ok disk, note SD card"),
        ("/dev/sda1", "ok disk"),
    ],
)
def test_an_sd_card_is_named(tmp_path: Path, mount: str, told: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "21 1 8:1 / / rw - ext4 /dev/root rw\n" + f"22 21 179:2 / {tmp_path} rw,noatime shared:1 - ext4 {mount} rw\n"
    )
    found = machine_checks.disk(tmp_path / "state", DiskSettings(budget_bytes=1, keep_free_bytes=0), mounts)

    assert any("SD card" in finding.text for finding in found) == ("SD card" in told)
    assert levels(found)[0] == "ok"


def test_a_state_in_memory_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(f"22 21 0:5 / {tmp_path} rw - tmpfs tmpfs rw\n")

    found = machine_checks.disk(tmp_path / "state", DiskSettings(1, 0), tmp_path / "mountinfo")

    assert levels(found) == ["ok", "wrong"]


def test_a_disk_without_room_is_wrong(tmp_path: Path) -> None:
    assert "wrong" in levels(machine_checks.disk(tmp_path, DiskSettings(1, keep_free_bytes=2**60)))


def test_a_port_that_another_program_has_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        station = StationSettings(
            Path("state"),
            (),
            page=PageSettings(host="127.0.0.1", port=free_port()),
            lan=LanSettings(host="127.0.0.1", port=port),
        )
        page, lan = machine_checks.ports(station, is_running=False)

    assert page.level == "ok"
    assert lan.text == f"{port} is taken by another program"
