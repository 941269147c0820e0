"""Settings: the names of the snapshot uploader and the tables of station.toml, and what is told about wrong ones."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from frameferry_station import settings
from frameferry_station.setting_names import ENVIRONMENT
from frameferry_station.settings import (
    CameraSettings,
    CloudSink,
    DiskSettings,
    FilesystemSink,
    HttpSink,
    LanSettings,
    PageSettings,
    RelaySettings,
    S3Sink,
    SettingsError,
    StationSettings,
)

CLOUD = {"FRAMEFERRY_API_URL": "https://cloud.example/api"}
SECRETS = {
    "CAMERA_PASSWORD": "secret-one",
    "AWS_ACCESS_KEY_ID": "SECRETTWO",
    "AWS_SECRET_ACCESS_KEY": "secret-three",
    "HTTP_AUTH_TOKEN": "secret-four",
}
SEED_004 = {
    "CAMERA_IP": "192.168.1.141",
    "CAMERA_USERNAME": "admin",
    "CAMERA_USE_HTTPS": "false",
    "CAPTURE_INTERVAL": "10",
    "STORAGE_BACKEND": "s3",
    "AWS_REGION": "us-east-1",
    "S3_BUCKET": "camera-snapshots",
    "S3_PREFIX": "snapshots/",
    "LOCAL_STORAGE_PATH": "/mnt/storage/snapshots",
    "HTTP_UPLOAD_URL": "https://your-server.example/api/snapshots",
    "HEALTH_CHECK_PORT": "8080",
    **SECRETS,
}

A_WHOLE_TOML = """
advertise = false
[[camera]]
name = "garden"
kind = "rtsp"
address = "rtsp://192.168.1.9/stream1"
username = "viewer"
password_env = "GARDEN_PASSWORD"
interval_s = 2.5
[[camera]]
name = "desk"
kind = "usb"
address = "/dev/video0"
[lan]
port = 5001
upload_image_password = "correct horse"
upload_from = ["192.168.1.7", "192.168.2.0/24"]
max_photo = "4 MiB"
[page]
password = "battery staple"
[disk]
budget = "2 GiB"
keep_free = 1048576
[[relay]]
name = "garden-live"
kind = "hls"
stream_url = "rtsp://viewer:pw@192.168.1.9/stream1"
target = "hls"
[[relay]]
name = "garden-clips"
kind = "segments"
stream_url = "rtsp://192.168.1.9/stream2"
target = "/srv/clips"
segment_s = 30
keep_segments = 10
clips_to_cloud = true
"""


def loaded(folder: Path, toml: str = "", *, mode: int = 0o600, dotenv: str = "", **variables: str) -> StationSettings:
    (folder / ".env").write_text(dotenv)
    (folder / "station.toml").write_text(toml)
    (folder / "station.toml").chmod(mode)
    return settings.load({**CLOUD, **variables}, folder)


def problems(folder: Path, toml: str = "", *, mode: int = 0o600, dotenv: str = "", **variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, toml, mode=mode, dotenv=dotenv, **variables)
    return list(caught.value.problems)


def test_the_variables_of_seed_004_give_its_camera_and_its_bucket(tmp_path: Path) -> None:
    found = settings.load(SEED_004, tmp_path)

    assert found.cameras == (
        CameraSettings(
            name=found.cameras[0].name,
            kind="reolink",
            address="192.168.1.141",
            username="admin",
            password="secret-one",
            interval_s=10.0,
        ),
    )
    assert found.cameras[0].name == "camera"
    assert found.sinks == (S3Sink("camera-snapshots", "us-east-1", "SECRETTWO", "secret-three", "snapshots/"),)
    assert (found.state, found.page.port, found.lan) == (tmp_path / "state", 8080, None)


def test_the_dotenv_file_of_seed_004_is_read_with_its_comments_and_the_environment_wins(tmp_path: Path) -> None:
    lines = [f"{name}={text}  # a comment" for name, text in SEED_004.items()]
    (tmp_path / ".env").write_text("# Camera settings\n\n" + "\n".join(lines) + "\n")

    assert settings.load({}, tmp_path) == settings.load(SEED_004, tmp_path)
    assert settings.load({"CAPTURE_INTERVAL": "20"}, tmp_path).cameras[0].interval_s == 20
    assert settings.load({"CAMERA_IP": ""}, tmp_path).cameras == ()


def test_several_sinks_are_named_with_commas_between_them(tmp_path: Path) -> None:
    found = settings.load({**SEED_004, **CLOUD, "STORAGE_BACKEND": "cloud, s3,HTTP,filesystem,s3"}, tmp_path)

    assert found.sinks == (
        CloudSink("https://cloud.example/api"),
        S3Sink("camera-snapshots", "us-east-1", "SECRETTWO", "secret-three", "snapshots/"),
        HttpSink("https://your-server.example/api/snapshots", "secret-four"),
        FilesystemSink(Path("/mnt/storage/snapshots")),
    )


def test_the_cloud_is_the_sink_where_none_is_named(tmp_path: Path) -> None:
    assert loaded(tmp_path, FRAMEFERRY_API_URL="http://127.0.0.1:8000/api/").sinks == (
        CloudSink("http://127.0.0.1:8000/api"),
    )


def test_no_cloud_and_no_other_sink_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load({}, tmp_path)

    (line,) = caught.value.problems
    assert "photos would go nowhere" in line
    assert "FRAMEFERRY_API_URL" in line


def test_each_sink_that_is_named_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load({"STORAGE_BACKEND": "cloud,s3,filesystem,http"}, tmp_path)

    names = [line.partition(":")[0] for line in caught.value.problems]
    assert names == [
        "FRAMEFERRY_API_URL",
        "S3_BUCKET",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "LOCAL_STORAGE_PATH",
        "HTTP_UPLOAD_URL",
    ]


def test_a_whole_station_toml_is_read(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        A_WHOLE_TOML,
        GARDEN_PASSWORD="secret-five",
        CAPTURE_INTERVAL="15",
    )

    assert [(camera.name, camera.kind, camera.password, camera.interval_s) for camera in found.cameras] == [
        ("garden", "rtsp", "secret-five", 2.5),
        ("desk", "usb", None, 15.0),
    ]
    assert found.lan == LanSettings(
        port=5001,
        upload_image_password="correct horse",
        upload_from=(ip_network("192.168.1.7/32"), ip_network("192.168.2.0/24")),
        max_photo_bytes=4 * 2**20,
    )
    assert found.page == PageSettings(password="battery staple")
    assert found.disk == DiskSettings(2 * 2**30, 2**20)
    assert [(relay.name, relay.kind, relay.target) for relay in found.relays] == [
        ("garden-live", "hls", str(tmp_path / "hls")),
        ("garden-clips", "segments", "/srv/clips"),
    ]
    assert isinstance(found.relays[1], RelaySettings)
    assert (found.relays[1].segment_s, found.relays[1].keep_segments, found.relays[1].clips_to_cloud) == (30, 10, True)
    assert found.advertise is False


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "[lan]\nport = 70000\n[[camera]]\nname = 'Garden'\n[disk]\nbudget = 'much'\n",
        CAPTURE_INTERVAL="often",
        HEALTH_CHECK_PORT="x",
        CAMERA_IP="a b",
    )

    assert found == [
        "CAPTURE_INTERVAL: wants seconds from 1 to 86400",
        "CAMERA_IP: wants a host's name or IP address, and perhaps :port",
        'station.toml [[camera]] 1 name: wants 1 to 40 of a-z, 0-9 and dashes, but not "station" nor "lan-..."',
        "station.toml [[camera]] 1 kind: is missing, and wants reolink, snapshot, rtsp or usb",
        "station.toml [[camera]] 1 address: is missing, and wants text in one line",
        "station.toml [lan] port: wants a whole number from 1 to 65535",
        "HEALTH_CHECK_PORT: wants a whole number from 1 to 65535",
        'station.toml [disk] budget: wants a size such as "16 GiB", at least 64 MiB',
    ]


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("advertize = true", "station.toml advertize: is unknown; the nearest one is advertise"),
        ("[lann]\nport = 1", "station.toml lann: is unknown; the nearest one is lan"),
        ("[page]\npasword = 'x'", "station.toml [page] pasword: is unknown; the nearest one is password"),
        ("page = 3", "station.toml [page] wants to be a table"),
        ("[camera]\nname = 'garden'", "station.toml camera: wants to be written as [[camera]]"),
        ("camera = [1]", "station.toml [[camera]] 1 wants to be a table"),
        ("[lan", "station.toml: Expected ']' at the end of a table declaration (at end of document)"),
        ("a = " + "[" * 5000, "station.toml: is no TOML that can be read"),
        ("[lan]\nport = 8080", "station.toml [lan] port: wants to be another than the page's"),
        ("[page]\nport = true", "station.toml [page] port: wants a whole number from 1 to 65535"),
    ],
)
def test_a_mistake_in_station_toml_names_its_key(tmp_path: Path, toml: str, expected: str) -> None:
    assert problems(tmp_path, toml) == [expected]


def test_a_mistyped_variable_in_the_dotenv_file_is_refused_and_one_of_the_environment_is_not(tmp_path: Path) -> None:
    assert problems(tmp_path, dotenv="CAMERA_PASSWROD=x\n") == [
        ".env CAMERA_PASSWROD: station.toml does not name it, and it is unknown; the nearest one is CAMERA_PASSWORD"
    ]
    assert loaded(tmp_path, dotenv="CAMERA_PASSWROD=\n").cameras == (), "an empty one is not set"
    assert problems(tmp_path, dotenv="CAPTURE_INTERVAL=10\n= what\n") == [".env line 2: wants NAME=value"]
    assert loaded(tmp_path, CAMERA_PASSWROD="x").cameras == ()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.load({}, tmp_path / "nowhere")

    assert refused.value.problems == (f"{tmp_path / 'nowhere'}: there is no such folder",)


def test_a_variable_that_station_toml_names_may_stand_in_the_dotenv_file(tmp_path: Path) -> None:
    toml = "[page]\npassword_env = 'PAGE_PASSWORD'"

    assert loaded(tmp_path, toml, mode=0o644, dotenv="PAGE_PASSWORD=twelve-chars\n").page.password == "twelve-chars"
    assert problems(tmp_path, toml) == [
        "station.toml [page] password_env: names the variable PAGE_PASSWORD, which is not set"
    ]


def test_a_secret_in_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    toml = "[page]\npassword = 'battery staple'"

    assert loaded(tmp_path, toml).page.password == "battery staple"
    for mode in (0o640, 0o604):
        (line,) = problems(tmp_path, toml, mode=mode)
        assert "chmod 600 station.toml" in line
        assert "password_env" in line


def test_a_stream_url_with_a_password_is_a_secret_and_one_without_is_none(tmp_path: Path) -> None:
    relay = "[[relay]]\nname = 'live'\nkind = 'hls'\ntarget = 'hls'\nstream_url = "

    assert loaded(tmp_path, relay + "'rtsp://camera/1'", mode=0o644).relays[0].stream_url == "rtsp://camera/1"
    assert "chmod 600" in problems(tmp_path, relay + "'rtsp://user:pw@camera/1'", mode=0o644)[0]


def test_the_password_that_is_printed_in_seed_000_is_refused_with_how_to_set_one(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, "[lan]\nupload_image_password = 'camera_upload_key'")

    assert line.startswith("station.toml [lan] upload_image_password: ")
    assert "openssl rand" in line


@pytest.mark.parametrize(
    ("camera", "is_right"),
    [
        ("kind = 'reolink'\naddress = 'camera.local:8443'", True),
        ("kind = 'reolink'\naddress = '[fe80::1]:80'", True),
        ("kind = 'reolink'\naddress = 'http://camera'", False),
        ("kind = 'snapshot'\naddress = 'http://camera/cgi?cmd=Snap&user=a&password=b'", True),
        ("kind = 'snapshot'\naddress = 'http://user:pw@camera/jpg'", False),
        ("kind = 'snapshot'\naddress = 'ftp://camera/jpg'", False),
        ("kind = 'rtsp'\naddress = 'rtsp://camera:554/h264'", True),
        ("kind = 'rtsp'\naddress = 'rtsp://camera:99999/h264'", False),
        ("kind = 'usb'\naddress = '/dev/video2'", True),
        ("kind = 'usb'\naddress = 'video2'", False),
    ],
)
def test_a_camera_s_address_is_of_its_kind(tmp_path: Path, camera: str, is_right: bool) -> None:
    toml = f"[[camera]]\nname = 'garden'\n{camera}"
    if is_right:
        assert len(loaded(tmp_path, toml).cameras) == 1
    else:
        assert [line.partition(":")[0] for line in problems(tmp_path, toml)] == ["station.toml [[camera]] 1 address"]


def test_two_cameras_of_one_name_are_refused(tmp_path: Path) -> None:
    toml = "[[camera]]\nname = 'camera'\nkind = 'usb'\naddress = '/dev/video0'"

    assert problems(tmp_path, toml, CAMERA_IP="10.0.0.1") == [
        "station.toml [[camera]] name: camera is the name of 2 of them"
    ]


def test_clips_want_segments_and_the_cloud(tmp_path: Path) -> None:
    toml = "[[relay]]\nname = 'a'\nkind = 'segments'\nstream_url = 'rtsp://a/1'\ntarget = 'a'\nclips_to_cloud = true"

    (line,) = problems(tmp_path, toml, STORAGE_BACKEND="filesystem", LOCAL_STORAGE_PATH="x")
    assert line.startswith("station.toml [[relay]] 1 clips_to_cloud: wants segments, and the cloud")
    assert len(problems(tmp_path, toml.replace("segments", "hls"))) == 1


@pytest.mark.parametrize("folder", ["state", "state/photos", "./photos/../state/x"])
def test_what_is_to_be_kept_is_not_kept_where_the_disk_budget_applies(tmp_path: Path, folder: str) -> None:
    toml = f"[[relay]]\nname = 'a'\nkind = 'segments'\nstream_url = 'rtsp://camera/1'\ntarget = '{folder}'"

    assert problems(tmp_path, toml, STORAGE_BACKEND="filesystem", LOCAL_STORAGE_PATH=folder) == [
        f"{where}: wants a folder outside of FRAMEFERRY_STATE, to which the disk budget applies"
        for where in ("LOCAL_STORAGE_PATH", "station.toml [[relay]] target of a")
    ]


def test_nothing_secret_is_in_a_repr(tmp_path: Path) -> None:
    (tmp_path / "station.toml").write_text(
        "[page]\npassword='secret-six'\n[lan]\nupload_image_password='secret-seven'\n"
        "[[relay]]\nname='r'\nkind='rtsp'\nstream_url='rtsp://u:secret-8@c/1'\ntarget='rtsp://u:secret-9@d/1'\n"
        "[[camera]]\nname='c'\nkind='snapshot'\naddress='http://c/?password=secret-10'\n"
    )
    (tmp_path / "station.toml").chmod(0o600)
    url = "https://h.example/?key=secret-11"
    found = settings.load({**SEED_004, "HTTP_UPLOAD_URL": url, "STORAGE_BACKEND": "s3,http,filesystem"}, tmp_path)

    assert "secret-" not in repr(found)
    assert "SECRETTWO" not in repr(found)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_no_problem_repeats_a_value(tmp_path: Path, name: str) -> None:
    values = {**SEED_004, "STORAGE_BACKEND": "cloud,s3,filesystem,http", name: "hunter2\n\x00\ud800"}

    with pytest.raises(SettingsError) as caught:
        settings.load({**CLOUD, **values}, tmp_path)
    assert any(line.startswith(f"{name}: wants ") for line in caught.value.problems)
    assert "hunter2" not in str(caught.value)


def test_unreadable_files_are_problems_and_no_tracebacks(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    (tmp_path / "station.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError) as caught:
        settings.load(CLOUD, tmp_path)
    assert caught.value.problems == (".env: cannot be read: Is a directory", "station.toml: wants to be UTF-8")

    (tmp_path / "station.toml").write_bytes(b"#" * 300_000)
    with pytest.raises(SettingsError, match=r"station.toml: is larger than 256 KiB"):
        settings.load(CLOUD, tmp_path)


def test_files_that_windows_wrote_are_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfCAPTURE_INTERVAL=10\r\nCAMERA_IP=10.0.0.1\r\n")
    (tmp_path / "station.toml").write_bytes(b"\xef\xbb\xbfadvertise = false\r\n")

    found = settings.load(CLOUD, tmp_path)

    assert (found.cameras[0].interval_s, found.cameras[0].address, found.advertise) == (10, "10.0.0.1", False)
