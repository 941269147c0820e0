"""A Reolink camera over real sockets; its clock, and the station's, are the test's."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from frameferry_station.cameras.camera import Camera, TryLater
from frameferry_station.cameras.connection import CameraSender
from frameferry_station.cameras.reolink import AGAIN_S
from frameferry_station.cameras.reolink_api import MAX_SESSIONS_S, ApiError, host_url
from frameferry_station.cameras.running import CameraMaker, World, connection
from frameferry_station.device import CameraFailed
from frameferry_station.logins import Login
from frameferry_station.settings import CameraSettings

from tests.station.cameras.fake_photos import GARDEN, jpeg
from tests.station.cameras.fake_reolink import FakeReolink, running, until
from tests.station.samples import FakeTime, longest


class Rig:
    """A camera, and the station's side of it; `restarted` is the program after a crash."""

    def __init__(self, folder: Path, fake: FakeReolink, address: str) -> None:
        self.time = FakeTime()
        self.fake = fake
        fake.now_s = self.time.monotonic_s
        self.settings = CameraSettings(GARDEN, "reolink", address, "admin", "secret")
        self.senders: list[CameraSender] = []
        self.world = World(folder, clock=self.time, uniform=longest, sender=self._connected)
        self.maker = CameraMaker(self.world)

    def camera(self, channel: int = 0, *, password: str = "secret") -> Camera:
        return self.maker.made(replace(self.settings, channel=channel, password=password))

    def restarted(self) -> Camera:
        self.maker = CameraMaker(self.world)
        return self.camera()

    def close(self) -> None:
        for sender in self.senders:
            sender.abort()
            sender.close()

    def _connected(self, within_s: float, login: Login | None, verify_tls: bool) -> CameraSender:
        self.senders.append(connection(within_s, login, verify_tls))
        return self.senders[-1]

    def kept(self) -> list[Path]:
        return list(self.world.folder.glob("cameras/reolink-*.json"))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    fake = FakeReolink()
    with ExitStack() as stack:
        rig = Rig(tmp_path, fake, stack.enter_context(running(fake)))
        yield rig
        fake.end.set()
        rig.close()


def failure(camera: Camera) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        camera.take()
    return caught.value


def test_one_login_serves_many_pictures_and_is_given_back_at_the_end(rig: Rig) -> None:
    camera = rig.camera()
    assert [camera.take().content for _ in range(5)] == [jpeg(number) for number in range(1, 6)]
    assert rig.fake.calls == ["Login", *["Snap"] * 5]

    camera.close()

    assert rig.fake.calls[-1] == "Logout"
    assert rig.fake.sessions == {}
    assert rig.kept() == []


def test_a_camera_that_hangs_up_on_a_logout_gives_its_pictures_all_the_same(rig: Rig) -> None:
    rig.camera().take()
    rig.fake.hangs_up_on_logout = True

    assert rig.restarted().take().content == jpeg(2)


def test_the_session_is_given_back_and_taken_anew_before_its_lease_ends(rig: Rig) -> None:
    camera = rig.camera()
    for _ in range(120):
        camera.take()
        rig.time.advance(60)

    assert rig.fake.count("Login") == 3
    assert rig.fake.count("Logout") == 2
    assert len(rig.fake.sessions) == 1


def test_a_camera_that_has_started_again_gets_one_login_and_gives_its_picture(rig: Rig) -> None:
    camera = rig.camera()
    camera.take()
    rig.fake.reboot()

    assert camera.take().content == jpeg(2)
    assert rig.fake.calls == ["Login", "Snap", "Snap", "Login", "Snap"]


@pytest.mark.parametrize("kind", ["image/jpeg", "text/html", "application/json"])
def test_an_error_with_status_200_is_no_picture_whatever_type_it_names(rig: Rig, kind: str) -> None:
    rig.fake.snap_type = kind
    rig.fake.forgets = True

    assert "does not know the token" in f"{failure(rig.camera())}"


def test_without_a_free_session_no_login_is_tried_before_a_while_has_passed(rig: Rig) -> None:
    rig.fake.sessions = {"other": 1e9, "another": 1e9}
    camera = rig.camera()

    first = failure(camera)
    assert isinstance(first, TryLater)
    assert first.retry_after_s == MAX_SESSIONS_S
    for _ in range(10):
        again = failure(camera)
        assert isinstance(again, TryLater)
        assert f"{again}" == f"{first}"
    assert rig.fake.calls == ["Login"]

    rig.fake.sessions.clear()
    rig.time.advance(MAX_SESSIONS_S)
    assert camera.take().content == jpeg(1)


def test_a_camera_that_forgets_every_login_at_once_gets_few_and_loses_no_session(rig: Rig) -> None:
    rig.fake.forgets = True
    camera = rig.camera()
    for _ in range(60):
        failure(camera)
        rig.time.advance(AGAIN_S / 10)

    assert rig.fake.count("Login") <= 6
    assert len(rig.fake.sessions) <= 1

    rig.fake.forgets = False
    rig.time.advance(600)
    assert camera.take().content == jpeg(1)


def test_a_camera_that_knows_its_token_only_after_a_moment_gets_one_login(rig: Rig) -> None:
    rig.fake.settles_s = 3.0
    camera = rig.camera()
    failure(camera)
    rig.time.advance(2)
    failure(camera)
    rig.time.advance(2)

    assert camera.take().content == jpeg(1)
    assert rig.fake.count("Login") == 1


def test_a_refused_login_is_repeated_so_seldom_that_no_account_is_locked(rig: Rig) -> None:
    camera = rig.camera(password="wrong")
    for _ in range(360):
        refused = failure(camera)
        assert "wrong" not in f"{refused!r}"
        rig.time.advance(10)

    assert "refuses" in f"{refused}"
    assert rig.fake.wrong_logins == 6


def test_a_locked_account_is_left_alone(rig: Rig) -> None:
    rig.fake.is_locked = True
    locked = failure(rig.camera())

    assert isinstance(locked, TryLater)
    assert locked.retry_after_s >= 600


def test_after_a_crash_the_old_session_is_logged_out_before_a_new_login(rig: Rig) -> None:
    rig.fake.max_sessions = 1
    rig.camera().take()
    (kept,) = rig.kept()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert b"secret" not in kept.read_bytes()

    assert rig.restarted().take().content == jpeg(2)

    assert rig.fake.calls == ["Login", "Snap", "Logout", "Login", "Snap"]


def test_a_damaged_note_of_the_session_does_not_matter(rig: Rig) -> None:
    rig.camera().take()
    (kept,) = rig.kept()
    kept.write_bytes(b"\x00" * 40)

    assert rig.restarted().take().content == jpeg(2)


def test_channels_of_one_recorder_share_a_session_and_the_last_one_logs_out(rig: Rig) -> None:
    rig.fake.max_sessions = 1
    channels = [rig.camera(number) for number in range(8)]
    for channel in channels:
        assert channel.take().content
    assert rig.fake.count("Login") == 1

    for channel in channels[:-1]:
        channel.close()
    assert rig.fake.count("Logout") == 0
    channels[-1].close()
    assert rig.fake.count("Logout") == 1


@pytest.mark.parametrize(("fault", "why"), [("cut", "broke off"), ("busy", "HTTP 503")])
def test_a_picture_that_goes_wrong_on_the_way_is_a_failure_and_costs_no_login(rig: Rig, fault: str, why: str) -> None:
    camera = rig.camera()
    camera.take()
    rig.fake.fault = fault

    assert why in f"{failure(camera)}"

    camera.take()
    assert rig.fake.count("Login") == 1


def test_a_web_page_in_place_of_a_picture_is_left_to_the_gate(rig: Rig) -> None:
    camera = rig.camera()
    rig.fake.fault = "html"

    assert camera.take().content.startswith(b"<html>")


@pytest.mark.parametrize("fault", ["silent", "slow"])
def test_a_camera_that_hangs_is_left_by_abort_at_once_and_still_logged_out(
    rig: Rig, fault: str, aside: Callable[[Callable[[], object]], Callable[[], float]]
) -> None:
    camera = rig.camera()
    camera.take()
    rig.fake.fault = fault
    ended_after_s = aside(lambda: failure(camera))
    assert until(lambda: rig.fake.fault is None)

    camera.abort()
    assert ended_after_s() < 5.0

    camera.close()
    assert rig.fake.calls[-1] == "Logout"


def test_a_camera_that_wants_https_says_so(rig: Rig) -> None:
    rig.fake.redirects_to = "https://127.0.0.1"

    assert "HTTPS" in f"{failure(rig.camera())}"


def test_a_camera_with_a_certificate_of_its_own_is_reached_by_https_and_left_when_it_hangs(
    tmp_path: Path, aside: Callable[[Callable[[], object]], Callable[[], float]]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("camera.invalid").configure_cert(context)
    fake = FakeReolink()
    with running(fake, context) as address:
        rig = Rig(tmp_path, fake, address)
        rig.settings = replace(rig.settings, use_https=True)
        camera = rig.camera()
        assert camera.take().content == jpeg(1)
        fake.fault = "silent"
        ended_after_s = aside(lambda: failure(camera))
        assert until(lambda: fake.fault is None)
        camera.abort()
        assert ended_after_s() < 5.0
        camera.close()
        assert fake.sessions == {}

        rig.settings = replace(rig.settings, verify_tls=True)
        assert "nobody answers" in f"{failure(rig.restarted())}"
        rig.close()


def test_nobody_at_the_address_is_said_in_words(tmp_path: Path) -> None:
    rig = Rig(tmp_path, FakeReolink(), "127.0.0.1:1")

    assert f"{failure(rig.camera())}" == "nobody answers at its address"
    rig.close()


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("192.168.1.20", "http://192.168.1.20"),
        ("camera.lan:8080", "http://camera.lan:8080"),
        ("https://camera.lan/", "https://camera.lan"),
        ("[fd00::1]", "http://[fd00::1]"),
    ],
)
def test_an_address_is_a_host_or_a_url(address: str, url: str) -> None:
    assert host_url(address, use_https=False) == url


def test_what_is_no_address_is_refused() -> None:
    for address in ("", "http://", "two words"):
        with pytest.raises(ValueError, match="host"):
            host_url(address, use_https=False)


@pytest.mark.parametrize(
    ("code", "detail", "rests"),
    [
        (-5, "max session", True),
        (-500, "", True),
        (-507, "", True),
        (-502, "password err", True),
        (-105, "frequent logins", True),
        (0, "max session", True),
        (-48, "fetching a picture failed", False),
        (-8, "timeout", False),
    ],
)
def test_errors_of_the_table_say_whether_to_rest(code: int, detail: str, rests: bool) -> None:
    assert isinstance(ApiError(code, detail).failure(), TryLater) is rests
