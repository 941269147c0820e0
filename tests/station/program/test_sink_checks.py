"""What `doctor` says of the sinks beside the cloud, and that it leaves no photo there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from frameferry_station.documents import JsonFile
from frameferry_station.errors import NoAnswer
from frameferry_station.files import DiskFiles
from frameferry_station.http import Answer
from frameferry_station.program import sink_checks
from frameferry_station.program.findings import Finding
from frameferry_station.program.main import main
from frameferry_station.settings import FilesystemSink, HttpSink
from frameferry_station.sinks.filesystem import FolderDestination, SharedDiskFiles

from tests.contract.s3_front_rig import ACCESS_KEY, REGION, Rig
from tests.station.program.processes import free_port, settings
from tests.station.sinks import http_server
from tests.station.sinks.photos import Answering, photo
from tests.station.sinks.strict_s3 import s3_sink

TOKEN = "open-sesame"


def only(findings: list[Finding]) -> Finding:
    [finding] = findings
    return finding


def test_a_bucket_that_takes_photos_is_well_and_as_empty_as_before(front: Rig) -> None:
    found = only(sink_checks.s3(s3_sink(front)))

    assert (found.level, found.text) == ("ok", f"the bucket {front.bucket} takes photos")
    assert "Versions" not in front.sdk().list_object_versions(Bucket=front.bucket)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"secret_access_key": "wrong"}, "AWS_SECRET_ACCESS_KEY is wrong"),
        ({"access_key_id": "AKIANOBODY"}, "AWS_ACCESS_KEY_ID is not known"),
        ({"bucket": "nobody-s-bucket"}, "S3_BUCKET does not exist"),
        ({"region": "eu-north-1"}, "AWS_REGION is not the bucket's"),
    ],
)
def test_what_is_wrong_with_a_bucket_is_told_by_the_name_of_the_setting(
    front: Rig, change: dict[str, str], told: str
) -> None:
    found = only(sink_checks.s3(replace(s3_sink(front), **change)))

    assert found.level == "wrong"
    assert told in found.text


def test_a_clock_that_s3_does_not_believe_is_told(front: Rig) -> None:
    front.clock.ahead = timedelta(hours=2)

    found = only(sink_checks.s3(s3_sink(front)))

    assert found.level == "wrong"
    assert "the clock of this machine is wrong" in found.text


def test_a_key_that_may_not_put_is_told_and_so_is_an_endpoint_that_nobody_is_at(front: Rig) -> None:
    denied = Answer(403, {}, b"<Error><Code>AccessDenied</Code></Error>")
    found = only(sink_checks.s3(s3_sink(front), Answering(lambda _: denied)))
    assert "the key may not put objects there (s3:PutObject)" in found.text

    nowhere = replace(s3_sink(front), endpoint_url=f"http://127.0.0.1:{free_port()}")
    assert only(sink_checks.s3(nowhere)).text == "127.0.0.1 does not answer (ConnectError)"


def test_a_bucket_that_looks_at_no_digest_is_told_what_it_holds_now(front: Rig) -> None:
    found = only(sink_checks.s3(s3_sink(front), Answering(lambda _: Answer(200, {}, b""))))

    assert found.level == "note"
    assert "snapshots/.frameferry-probe" in (found.remedy or "")


@pytest.mark.parametrize(
    ("status", "level", "told"),
    [
        (200, "ok", "answers"),
        (405, "ok", "answers"),
        (401, "wrong", "HTTP_AUTH_TOKEN is wrong or missing"),
        (403, "note", "403 to a HEAD"),
        (404, "note", "404 to a HEAD"),
        (302, "wrong", "HTTP_UPLOAD_URL leads elsewhere"),
        (503, "wrong", "answers 503"),
    ],
)
def test_a_server_is_asked_by_a_head_with_the_token(status: int, level: str, told: str) -> None:
    sender = Answering(lambda _: Answer(status, {}, b""))

    found = only(sink_checks.http(HttpSink("https://example.net/up?key=hidden", TOKEN), sender))

    assert (found.level, told in found.text) == (level, True)
    assert [(sent.method, sent.headers) for sent in sender.sent] == [("HEAD", {"authorization": f"Bearer {TOKEN}"})]
    assert "hidden" not in f"{found}"


def test_a_server_that_takes_posts_only_gets_none_and_one_that_is_away_is_told() -> None:
    with http_server.running() as server:
        assert only(sink_checks.http(HttpSink(server.url))).level == "ok"
    assert server.received == []

    def away(_: object) -> Answer:
        raise NoAnswer("ConnectError")

    found = only(sink_checks.http(HttpSink("https://example.net/up"), Answering(away)))
    assert (found.level, found.text) == ("wrong", "example.net does not answer (ConnectError)")


def test_a_folder_that_takes_files_is_left_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()

    found = only(sink_checks.photo_folder(FilesystemSink(folder), tmp_path / "state"))

    assert found.level in ("ok", "note"), "a note where the system is on the same disk"
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_there_yet_is_no_trouble(tmp_path: Path) -> None:
    found = only(sink_checks.photo_folder(FilesystemSink(tmp_path / "photos"), tmp_path / "state"))

    assert (found.level, found.text) == ("note", f"{tmp_path}/photos is not there yet; the first photo makes it")


@pytest.mark.parametrize("is_folder_there", [False, True])
def test_a_disk_that_is_not_mounted_any_more_is_told(tmp_path: Path, is_folder_there: bool) -> None:
    folder, state = tmp_path / "photos", tmp_path / "state"
    target = JsonFile(state / "sinks/filesystem/target.json", DiskFiles())
    FolderDestination(folder, target, SharedDiskFiles()).deliver(photo())
    folder.rename(tmp_path / "disk")
    if is_folder_there:
        folder.mkdir()

    found = only(sink_checks.photo_folder(FilesystemSink(folder), state))

    assert found.level == "wrong"
    assert found.remedy == f"mount its disk; where it is a new one: touch {folder}/.frameferry"


def test_a_file_in_the_folder_s_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "photos").touch()

    assert only(sink_checks.photo_folder(FilesystemSink(tmp_path / "photos"), tmp_path)).level == "wrong"


def test_doctor_tries_each_sink_of_the_settings(
    front: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with http_server.running() as server:
        settings(
            tmp_path,
            {
                "STORAGE_BACKEND": "s3,http,filesystem",
                "LOCAL_STORAGE_PATH": "photos",
                "HTTP_UPLOAD_URL": server.url,
                "HTTP_AUTH_TOKEN": TOKEN,
                "S3_BUCKET": front.bucket,
                "S3_ENDPOINT_URL": front.front.url,
                "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": "wrong",
            },
        )
        main(["--folder", str(tmp_path), "doctor"], {})

    out = capsys.readouterr().out
    assert "FIX  s3: S3 answers SignatureDoesNotMatch (403): AWS_SECRET_ACCESS_KEY is wrong\n" in out
    assert "ok   http: 127.0.0.1 answers" in out
    assert "note photos as files: " in out
    assert "sesame" not in out
