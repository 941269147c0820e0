"""Who sees the page, and what it gives out: photos of this machine and nothing else."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from frameferry_station.clock import to_text
from frameferry_station.intake.limits import Allowances
from frameferry_station.page.admission import Doorkeeper
from frameferry_station.page.app import PHOTOS_ON_A_PAGE, Shown, create_app
from frameferry_station.page.health import HealthCheck
from frameferry_station.page.local_photos import FolderPhotos
from frameferry_station.page.machine_health import Machine
from frameferry_station.page.thumbnails import THUMBNAIL_PIXELS, Thumbnails, made
from PIL import Image
from werkzeug.test import TestResponse

from tests.station.page.fake_report import GARDEN, FakeReport, news
from tests.station.samples import START, FakeTime

PASSWORD = "open sesame, säsame"
LAN, HERE = "192.168.1.50", "127.0.0.1"
FIRST = "garden/2026/05/04/2026-05-04T12-00-00Z_000012.jpg"


def picture(width: int = 1600, height: int = 1200, **options: Any) -> bytes:
    content = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(content, "JPEG", **options)
    return content.getvalue()


class Page:
    def __init__(self, folder: Path, password: str | None) -> None:
        self.folder = folder / "photos"
        self.report = FakeReport()
        self.time = FakeTime()
        machine = Machine(self.time, 0.0, lambda: True, folder)
        self._app = create_app(
            Shown(
                self.report,
                HealthCheck(self.report, machine, dict),
                machine,
                FolderPhotos(self.folder),
                Doorkeeper(password, Allowances(self.time, burst=3, every_s=30)),
                stream_folders={"gate": folder / "hls"},
            )
        )

    def get(
        self,
        path: str,
        *,
        password: str | None = PASSWORD,
        peer: str = LAN,
        host: str = "station.local:8080",
        known: str | None = None,
    ) -> TestResponse:
        """`known` is the ETag of what the browser has."""
        headers = {"Host": host, **({"If-None-Match": known} if known else {})}
        if password is not None:
            headers["Authorization"] = "Basic " + b64encode(f"anybody:{password}".encode()).decode()
        answer = self._app.test_client().get(path, headers=headers, environ_overrides={"REMOTE_ADDR": peer})
        answer.get_data()  # a file that is given is closed then
        answer.close()
        return answer

    def asked(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text)

    def keep(self, name: str, content: bytes = b"\xff\xd8\xff\xd9") -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path, PASSWORD)


def test_the_page_wants_its_password_and_health_does_not(page: Page) -> None:
    assert page.get("/", password=None).status_code == 401
    assert page.get("/", password=None).headers["WWW-Authenticate"].startswith("Basic ")
    assert page.get("/", password="wrong").status_code == 401
    assert page.get("/").status_code == 200
    assert page.get("/health", password=None).status_code == 200
    assert page.get("/metrics", password=None).status_code == 200


@pytest.mark.parametrize(
    "path", ["/state.json", "/days.json", "/photos.json?day=2026-05-04", f"/photos/{FIRST}", f"/thumbnails/{FIRST}"]
)
def test_photos_and_state_want_the_password_too(page: Page, path: str) -> None:
    page.keep(FIRST, picture())

    assert page.get(path, password=None).status_code == 401
    assert page.get(path).status_code == 200
    assert page.get("/latest/garden", password=None).status_code == 401
    assert page.get("/streams/gate/stream.m3u8", password=None).status_code == 401


def test_wrong_passwords_are_limited_for_each_address(page: Page) -> None:
    assert [page.get("/", password="wrong").status_code for _ in range(4)] == [401, 401, 401, 429]
    assert page.get("/").status_code == 429
    assert page.get("/", peer="192.168.1.51").status_code == 200
    page.time.advance(31)
    assert [page.get("/").status_code for _ in range(5)] == [200] * 5


def test_without_a_password_only_a_browser_of_this_machine_sees_it(tmp_path: Path) -> None:
    page = Page(tmp_path, None)

    assert page.get("/", password=None).status_code == 403
    assert "[page] password" in page.get("/", password=None).text
    assert page.get("/", password=None, host="localhost:8080").status_code == 403
    assert page.get("/", password=None, peer=HERE, host="localhost:8080").status_code == 200
    assert page.get("/", password=None, peer="::1", host="[::1]:8080").status_code == 200
    assert page.get("/", password=None, peer="::ffff:127.0.0.1", host="127.0.0.1").status_code == 200


def test_a_name_of_the_internet_that_leads_here_is_refused(tmp_path: Path) -> None:
    page = Page(tmp_path, None)

    assert page.get("/", password=None, peer=HERE, host="rebound.example:8080").status_code == 403


def test_nothing_from_elsewhere_may_run_in_the_page(page: Page) -> None:
    answer = page.get("/")

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "//" not in policy
    assert "style=" not in answer.text
    for name in ("page.js", "page.css"):
        assert page.get(f"/assets/{name}").status_code == 200
        assert "https://" not in page.get(f"/assets/{name}").text
    assert page.get("/assets/../app.py").status_code == 404
    assert page.get("/favicon.ico").content_type == "image/svg+xml", "a browser that shows a photo alone asks for it"


def test_the_last_photo_of_a_source_is_shown_from_memory(page: Page) -> None:
    page.report.news = [news(GARDEN, START, latest_jpeg=b"the photo")]

    assert page.get("/latest/garden").data == b"the photo"
    assert page.get("/latest/gate").status_code == 404
    assert page.asked("/state.json")["with_photo"] == ["garden"]


def test_days_are_newest_first_and_undated_is_last(page: Page) -> None:
    page.keep(FIRST)
    page.keep("gate/2026/05/06/2026-05-06T00-00-00Z_000001.jpg")
    page.keep("gate/undated/000002.jpg")
    page.keep(".frameferry/no/such/day")

    assert page.asked("/days.json") == {"days": ["2026-05-06", "2026-05-04", "undated"]}


def test_photos_of_a_day_are_newest_first_and_paged(page: Page) -> None:
    for number in range(PHOTOS_ON_A_PAGE + 2):
        page.keep(f"garden/2026/05/04/2026-05-04T12-{number:02}-00Z_{number:06}.jpg")
    page.keep("gate/2026/05/04/2026-05-04T23-00-00Z_000001-0123456789ab.jpg")

    first = page.asked("/photos.json?day=2026-05-04")
    rest = page.asked(f"/photos.json?day=2026-05-04&offset={first['next']}")

    assert first["photos"][0] == {
        "id": "gate/2026/05/04/2026-05-04T23-00-00Z_000001-0123456789ab.jpg",
        "source": "gate",
        "at": "2026-05-04T23:00:00.000Z",
    }
    assert len(first["photos"]) == PHOTOS_ON_A_PAGE
    assert [photo["id"][-10:] for photo in rest["photos"]] == ["000002.jpg", "000001.jpg", "000000.jpg"]
    assert rest["next"] is None


def test_a_photo_without_a_time_says_so(page: Page) -> None:
    page.keep("garden/undated/000002.jpg")

    [photo] = page.asked("/photos.json?day=undated")["photos"]
    assert photo == {"id": "garden/undated/000002.jpg", "source": "garden", "at": None}


@pytest.mark.parametrize("query", ["", "?day=..", "?day=2026-05-04/..", "?day=2026-05-04&offset=99", "?day=%00"])
def test_a_day_that_is_none_has_no_photos(page: Page, query: str) -> None:
    page.keep(FIRST)

    assert page.asked(f"/photos.json{query}") == {"photos": [], "next": None}


def test_an_offset_that_is_none_is_refused(page: Page) -> None:
    assert page.get("/photos.json?day=2026-05-04&offset=-1").status_code == 400


@pytest.mark.parametrize(
    "name",
    [
        "../secret.jpg",
        "garden/../../secret.jpg",
        "..%2fsecret.jpg",
        "/etc/passwd",
        "garden/2026/05/04/..%2f..%2f..%2f..%2fsecret.jpg",
        "garden/2026/05/04/notes.txt",
        "garden/2026/05/04/.2026-05-04T12-00-00Z_000012.jpg.new",
        "garden/2026/05/04/2026-05-04T12-00-00Z_000099.jpg",
    ],
)
def test_a_name_never_leads_out_of_the_folder(page: Page, name: str) -> None:
    page.keep(FIRST)
    (page.folder.parent / "secret.jpg").write_bytes(picture())

    assert page.get(f"/photos/{name}").status_code in (308, 404)
    assert page.get(f"/thumbnails/{name}").status_code in (308, 404)


def test_a_link_to_another_file_is_not_followed(page: Page) -> None:
    (page.folder.parent / "secret.jpg").write_bytes(picture())
    page.keep(FIRST)
    (page.folder / FIRST).unlink()
    (page.folder / FIRST).symlink_to(page.folder.parent / "secret.jpg")

    assert page.get(f"/photos/{FIRST}").status_code == 404


def test_a_thumbnail_is_small_upright_and_without_metadata(page: Page) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    exif[0x010F] = "a maker"
    page.keep(FIRST, picture(exif=exif.tobytes()))

    with Image.open(io.BytesIO(page.get(f"/thumbnails/{FIRST}").data)) as small:
        assert small.size == (THUMBNAIL_PIXELS * 3 // 4, THUMBNAIL_PIXELS)
        assert not small.getexif()


def test_what_is_no_photo_has_no_thumbnail() -> None:
    assert made(b"") is None
    assert made(b"{}") is None
    assert made(picture()[:200]) is None


def test_thumbnails_are_made_once_and_forgotten_by_size() -> None:
    reads: list[str] = []
    jpeg = picture(400, 300)
    small = made(jpeg)
    assert small
    thumbnails = Thumbnails(max_bytes=2 * len(small))

    def read(key: str) -> bytes:
        reads.append(key)
        return jpeg

    for key in ("one", "two", "one", "three", "one", "two"):
        assert thumbnails.of(key, partial(read, key), lambda: True) == small

    assert reads == ["one", "two", "three", "two"]


@pytest.mark.parametrize("place", ["photos", "thumbnails"])
def test_a_photo_that_was_deleted_is_gone_from_browsers_and_from_memory(page: Page, place: str) -> None:
    page.keep(FIRST, picture(400, 300))
    first = page.get(f"/{place}/{FIRST}")
    assert "no-cache" in first.headers["Cache-Control"]
    assert "max-age" not in first.headers["Cache-Control"]
    again = page.get(f"/{place}/{FIRST}", known=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")

    (page.folder / FIRST).unlink()

    assert page.get(f"/{place}/{FIRST}", known=first.headers["ETag"]).status_code == 404
    assert page.get(f"/{place}/{FIRST}").status_code == 404


def test_a_relays_stream_is_given_and_nothing_else_of_its_folder(page: Page, tmp_path: Path) -> None:
    (tmp_path / "hls").mkdir()
    (tmp_path / "hls/stream.m3u8").write_text("#EXTM3U\n")
    (tmp_path / "hls/stream-7.ts").write_bytes(b"\x47")
    (tmp_path / "hls/notes").write_text("private")

    assert page.asked("/state.json")["streams"] == {"gate": "/streams/gate/stream.m3u8"}
    playlist = page.get("/streams/gate/stream.m3u8")
    assert (playlist.text, playlist.mimetype) == ("#EXTM3U\n", "application/vnd.apple.mpegurl")
    assert page.get("/streams/gate/stream-7.ts").data == b"\x47"
    assert page.get("/streams/gate/notes").status_code == 404
    assert page.get("/streams/other/stream.m3u8").status_code == 404
    assert page.get("/streams/gate/stream-8.ts").status_code == 404


def test_who_asks_for_something_else_is_told_plainly(page: Page) -> None:
    assert (page.get("/nothing").status_code, page.get("/nothing").text) == (404, "Not Found\n")


def test_the_state_has_what_health_has(page: Page) -> None:
    page.report.news = [news(GARDEN, START)]

    assert page.asked("/state.json")["health"]["last_capture"] == to_text(START)
