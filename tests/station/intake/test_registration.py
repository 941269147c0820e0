from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path

import pytest
from frameferry_station.intake import command_line, registry
from frameferry_station.intake.orders import OrdersBook
from frameferry_station.intake.registry import FILE, MOST_DEVICES
from werkzeug.test import TestResponse

from tests.station.intake.lan import CAMERA, MAC, OTHER_MAC, SOURCE, STRANGER, Lan
from tests.station.rig import UnsyncedFiles
from tests.station.samples import jpeg


class FillingDisk(UnsyncedFiles):
    """Takes no new file once it is full."""

    is_full = False

    def write(self, path: Path, parts: Iterable[bytes]) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "the disk is full")
        super().write(path, parts)


def code(answer: TestResponse) -> str:
    return str(answer.get_json()["error"]["code"])


def test_a_new_mac_is_refused_outside_a_window_and_told_what_to_do(lan: Lan) -> None:
    answer = lan.register()

    assert (answer.status_code, code(answer)) == (403, "not_admitted")
    assert "frameferry-station admit" in answer.get_json()["error"]["message"]


def test_a_new_mac_is_admitted_in_a_window_and_not_after_it(lan: Lan) -> None:
    lan.admit(minutes=10)
    assert lan.register().status_code == 200

    lan.time.advance(10 * 60)

    assert lan.register(OTHER_MAC).status_code == 403


def test_a_window_can_be_closed_early(lan: Lan) -> None:
    lan.admit(minutes=10)
    lan.admit(minutes=0)

    assert lan.register().status_code == 403


def test_a_window_that_was_opened_by_a_clock_of_the_future_is_closed(lan: Lan) -> None:
    lan.time.advance(1e6)
    lan.admit()
    lan.time.advance(-1e6)

    assert lan.register().status_code == 403


def test_a_known_mac_registers_at_every_boot_without_a_window(lan: Lan) -> None:
    first = lan.admitted()
    lan.time.advance(3600)

    second = lan.register().get_json()["token"]

    assert second != first
    assert lan.is_good(second)


def test_the_old_token_is_good_until_the_new_one_is_used(lan: Lan) -> None:
    old = lan.admitted()
    new = lan.register().get_json()["token"]

    assert lan.is_good(old)
    assert lan.is_good(new)
    assert not lan.is_good(old)


def test_of_several_registrations_whose_answers_were_lost_the_last_token_counts(lan: Lan) -> None:
    old = lan.admitted()
    lost, last = (lan.register().get_json()["token"] for _ in range(2))

    assert lan.is_good(old)
    assert not lan.is_good(lost)
    assert lan.is_good(last)


def test_a_token_survives_a_restart_of_the_station(lan: Lan) -> None:
    old = lan.admitted()
    new = lan.register().get_json()["token"]

    again = Lan(lan.folder)

    assert again.is_good(old)
    assert again.is_good(new)
    assert not Lan(lan.folder).is_good(old)


def test_no_token_is_on_the_disk(lan: Lan) -> None:
    tokens = [lan.admitted(), lan.register().get_json()["token"]]

    kept = b"".join(path.read_bytes() for path in lan.folder.rglob("*") if path.is_file())

    assert MAC.replace(":", "").lower().encode() in kept
    assert not any(token.encode() in kept for token in tokens)


def test_a_damaged_registry_admits_nobody_until_the_owner_does(lan: Lan) -> None:
    token = lan.admitted()
    (lan.folder / FILE).write_bytes(b"crc32 00000000\n{}")

    again = Lan(lan.folder)

    assert not again.is_good(token)
    assert again.is_good(again.admitted())


def test_a_full_disk_takes_no_registration_and_says_so(tmp_path: Path) -> None:
    disk = FillingDisk()
    lan = Lan(tmp_path, files=disk)
    lan.admit()
    disk.is_full = True

    answer = lan.register()

    assert (answer.status_code, code(answer)) == (507, "disk_full")
    lan.time.advance(3600)
    disk.is_full = False
    assert lan.register().status_code == 403, "it was not let in by that"


def test_a_new_token_begins_on_a_full_disk_too(tmp_path: Path) -> None:
    disk = FillingDisk()
    lan = Lan(tmp_path, files=disk)
    old, new = lan.admitted(), lan.register().get_json()["token"]
    disk.is_full = True

    assert lan.is_good(new)
    assert not lan.is_good(old)


@pytest.mark.parametrize("written", ["a0b1c2d3e4f5", "a0-b1-c2-d3-e4-f5", "A0:b1:C2:d3:E4:f5"])
def test_a_mac_is_the_same_however_it_is_written(lan: Lan, written: str) -> None:
    token = lan.admitted(MAC)
    image = {"X-Device-ID": written}

    assert lan.ask("/api/images/upload", token=token, data=jpeg(1), headers=image).status_code == 200
    assert lan.register(written).status_code == 200
    assert [device.source for device in lan.intake.devices()] == [SOURCE]


@pytest.mark.parametrize("text", ["", "A0:B1:C2:D3:E4", "00:00:00:00:00:00", "01:00:5E:00:00:01", "../../etc/passwd"])
def test_what_is_no_mac_of_a_device_is_refused(lan: Lan, text: str) -> None:
    lan.admit()

    answer = lan.register(text)

    assert (answer.status_code, code(answer)) == (400, "invalid_body")


def test_a_photo_in_the_name_of_another_mac_is_refused(lan: Lan) -> None:
    token = lan.admitted(MAC)
    lan.admitted(OTHER_MAC)

    for foreign in (OTHER_MAC, "nonsense", ""):
        answer = lan.ask("/api/images/upload", token=token, data=jpeg(1), headers={"X-Device-ID": foreign})
        assert (answer.status_code, code(answer)) == (403, "wrong_device")
    heartbeat = lan.ask("/api/heartbeat", token=token, json={"device_id": OTHER_MAC})

    assert heartbeat.status_code == 403
    assert lan.photos.kept == []


def test_a_camera_that_reboots_again_and_again_is_slowed_down_alone(lan: Lan) -> None:
    lan.admitted(OTHER_MAC)
    lan.admitted(MAC)
    answers = [lan.register(MAC) for _ in range(8)]

    assert {answer.status_code for answer in answers[:5]} == {200}
    assert (answers[-1].status_code, code(answers[-1])) == (429, "rate_limited")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert lan.register(OTHER_MAC).status_code == 200
    lan.time.advance(60)
    assert lan.register(MAC).status_code == 200


def test_the_owner_is_told_of_a_registration_from_elsewhere_once_an_hour(lan: Lan) -> None:
    lan.admitted(MAC, of=CAMERA)
    lan.register(MAC, of=CAMERA)
    assert lan.photos.told == []

    lan.register(MAC, of=STRANGER)
    lan.register(MAC, of=CAMERA)

    assert [(source, kind) for source, kind, _ in lan.photos.told] == [(SOURCE, "error")]
    message = lan.photos.told[0][2] or ""
    assert STRANGER in message
    assert CAMERA in message
    assert "forget-device" in message


def test_the_owner_is_told_of_a_registration_from_elsewhere_after_a_restart_too(lan: Lan) -> None:
    lan.admitted(MAC, of=CAMERA)

    again = Lan(lan.folder)
    again.register(MAC, of=STRANGER)

    assert [kind for _, kind, _ in again.photos.told] == ["error"]


def test_a_forgotten_camera_is_out_at_once_and_comes_back_in_a_window(lan: Lan) -> None:
    token = lan.admitted()
    lan.admit(minutes=0)

    command_line.forget_device(lan.folder, lan.files, MAC)

    assert not lan.is_good(token)
    assert lan.register().status_code == 403
    assert lan.intake.devices() == []
    assert lan.is_good(lan.admitted())


def test_a_camera_that_was_forgotten_while_the_station_was_off_is_out(lan: Lan) -> None:
    token = lan.admitted()
    lan.admit(minutes=0)

    command_line.forget_device(lan.folder, lan.files, "lan-a0b1c2d3e4f5")

    again = Lan(lan.folder)
    assert not again.is_good(token)
    assert again.register().status_code == 403


def test_a_camera_does_not_outrun_its_being_forgotten_by_registering_again(lan: Lan) -> None:
    lan.admitted()
    before = registry.kept(lan.folder, lan.files)
    token = lan.register().get_json()["token"]
    lan.admit(minutes=0)

    # The command line had read the registry when the camera registered.
    OrdersBook(lan.folder, lan.files).forget(before[0].registration_id, frozenset())

    assert not lan.is_good(token)


def test_of_a_forgotten_camera_no_heartbeat_is_left(lan: Lan) -> None:
    lan.ask("/api/heartbeat", token=lan.admitted(), json={"rssi": -50})
    command_line.forget_device(lan.folder, lan.files, MAC)
    assert lan.intake.devices() == []

    lan.admitted()

    assert lan.intake.devices()[0].heartbeat is None


def test_there_is_an_end_to_the_cameras_that_a_window_lets_in(lan: Lan) -> None:
    lan.admit()
    for number in range(MOST_DEVICES):
        assert lan.register(f"A0:00:00:00:00:{number:02X}", of=f"192.168.1.{number}").status_code == 200

    answer = lan.register("A0:00:00:00:01:00")

    assert (answer.status_code, code(answer)) == (403, "too_many_devices")
    assert lan.register("A0:00:00:00:00:00").status_code == 200


def test_one_address_cannot_fill_a_window(lan: Lan) -> None:
    lan.admit()
    answers = [lan.register(f"A0:00:00:00:00:{number:02X}", of=STRANGER) for number in range(20)]

    assert [answer.status_code for answer in answers] == [200] * 8 + [429] * 12
    assert lan.register(MAC, of=CAMERA).status_code == 200


def test_what_a_camera_says_of_itself_is_shown_without_control_characters(lan: Lan) -> None:
    lan.admit()
    lan.ask("/api/devices/register", json={"device_id": MAC, "device_type": "cam\r\n\x1b[2J", "firmware_version": "é1"})

    device = lan.intake.devices()[0]

    assert (device.device_type, device.firmware_version) == ("cam[2J", "1")

