"""`/upload_image` with a password, `/upload` without."""

from __future__ import annotations

import base64
import logging
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from frameferry_station.intake import command_line
from frameferry_station.intake.service import PRINTED_PASSWORD

from tests.station.intake.lan import CAMERA, PASSWORD, SETTINGS, STRANGER, Lan
from tests.station.samples import jpeg


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def status(lan: Lan, user: str, password: str, of: str = CAMERA) -> int:
    return lan.ask("/upload_image", of=of, data=jpeg(1), headers=basic(user, password)).status_code


@pytest.mark.parametrize(
    "name",
    ["../../../etc/cron.d/x", "/etc/passwd", "..%2f..%2fx", "a\r\nSet-Cookie: x=1", "x" * 3000, "a\0b", "CON", "*"],
)
def test_a_file_name_chooses_nothing_and_is_said_to_nobody(lan: Lan, name: str) -> None:
    before = set(lan.folder.rglob("*"))

    answer = lan.ask(
        "/upload_image", query_string={"filename": name}, data=jpeg(1), headers=basic("esp32", PASSWORD)
    )

    assert answer.get_json() == {"message": "the photo is kept", "path": "lan-esp32/0"}
    assert "Set-Cookie" not in answer.headers
    assert set(lan.folder.rglob("*")) == before


def test_the_user_names_the_source(tmp_path: Path) -> None:
    lan = Lan(tmp_path, settings=replace(SETTINGS, upload_image_user="Garten Kamera!"))

    assert status(lan, "Garten Kamera!", PASSWORD) == 200
    assert [source for source, _ in lan.photos.kept] == ["lan-garten-kamera"]


@pytest.mark.parametrize("password", [None, "", PRINTED_PASSWORD])
def test_without_a_password_of_the_owners_the_route_is_off(
    tmp_path: Path, password: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    lan = Lan(tmp_path, settings=replace(SETTINGS, upload_image_password=password))

    answer = lan.ask("/upload_image", data=jpeg(1), headers=basic("esp32", password or ""))

    assert answer.status_code == 403
    assert "upload_image_password" in answer.get_json()["error"]
    assert ("upload_image_password" in caplog.text) == (password == PRINTED_PASSWORD)
    assert PRINTED_PASSWORD not in caplog.text
    assert lan.photos.kept == []


def test_wrong_user_wrong_password_and_none_are_answered_alike(lan: Lan) -> None:
    answers = [
        lan.ask("/upload_image", data=jpeg(1), headers=headers)
        for headers in (
            {},
            basic("esp32", "wrong"),
            basic("other", PASSWORD),
            basic("", ""),
            {"Authorization": "Basic !!!"},
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic /////w=="},
        )
    ]

    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    assert answers[0].get_json() == {"error": "the user or the password is wrong"}
    assert answers[0].headers["WWW-Authenticate"] == 'Basic realm="station"'


def test_wrong_passwords_are_limited_for_their_address_and_for_no_other(lan: Lan) -> None:
    tries = [status(lan, "esp32", f"wrong {number}", of=STRANGER) for number in range(100)]

    assert tries == [401] * 10 + [429] * 90
    assert status(lan, "esp32", PASSWORD, of=STRANGER) == 429
    assert status(lan, "esp32", PASSWORD, of=CAMERA) == 200
    lan.time.advance(10)
    assert status(lan, "esp32", PASSWORD, of=STRANGER) == 200


def test_right_passwords_are_not_limited(lan: Lan) -> None:
    assert {status(lan, "esp32", PASSWORD) for _ in range(50)} == {200}


def test_nothing_secret_is_logged(lan: Lan, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = lan.admitted()

    lan.ask("/upload_image?filename=secret.jpg", data=jpeg(1), headers=basic("esp32", PASSWORD))
    lan.ask("/upload_image", data=jpeg(1), headers=basic("esp32", "nearly right"))
    lan.ask("/api/images/upload", token=token, data=b"no photo")
    lan.ask("/api/images/upload", token=token + "x", data=jpeg(1))

    assert caplog.records
    for secret in (PASSWORD, "nearly right", token, "secret.jpg", base64.b64encode(b"esp32:").decode()[:6]):
        assert secret not in caplog.text


def test_an_address_that_is_not_allowed_is_told_what_to_do(lan: Lan) -> None:
    answer = lan.ask("/upload", of=STRANGER, data=jpeg(1))

    assert answer.status_code == 403
    assert answer.get_json()["error"]["code"] == "address_not_allowed"
    assert f"frameferry-station allow {STRANGER}" in answer.get_json()["error"]["message"]
    assert lan.photos.kept == []


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.168.1.7", "lan-192-168-1-7"),
        ("::ffff:192.168.1.7", "lan-192-168-1-7"),
        ("fd00::7", "lan-fd000000000000000000000000000007"),
        ("fe80::1%eth0", "lan-fe800000000000000000000000000001"),
    ],
)
def test_an_address_that_the_settings_allow_is_a_source(tmp_path: Path, address: str, source: str) -> None:
    networks = tuple(ip_network(text) for text in ("192.168.1.0/28", "fd00::/8", "fe80::/10"))
    lan = Lan(tmp_path, settings=replace(SETTINGS, upload_from=networks))

    assert lan.ask("/upload", of=address, data=jpeg(1)).status_code == 200
    assert [name for name, _ in lan.photos.kept] == [source]
    assert lan.ask("/upload", of=STRANGER, data=jpeg(1)).status_code == 403


def test_the_command_line_allows_and_disallows_an_address_while_the_station_runs(lan: Lan) -> None:
    command_line.allow(lan.folder, lan.files, CAMERA)
    assert lan.ask("/upload", of=CAMERA, data=jpeg(1)).status_code == 200
    assert lan.ask("/upload", of=STRANGER, data=jpeg(1)).status_code == 403

    command_line.disallow(lan.folder, lan.files, CAMERA)
    assert lan.ask("/upload", of=CAMERA, data=jpeg(2)).status_code == 403


def test_who_forwards_for_an_allowed_address_is_not_believed(lan: Lan) -> None:
    headers = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1", "X-Real-IP": "127.0.0.1"}

    assert lan.ask("/upload", of=STRANGER, data=jpeg(1), headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/upload", "/upload_image", "/api/nothing", "/../etc/passwd", "/static/x"])
def test_nothing_is_there_to_get(lan: Lan, path: str) -> None:
    answer = lan.ask(path, method="GET")

    assert answer.status_code in (404, 405)
    assert answer.get_json()["error"]
