from __future__ import annotations

import pytest
from frameferry_station.errors import StationError
from frameferry_station.intake import command_line

from tests.station.intake.lan import CAMERA, MAC, OTHER_MAC, Lan


def devices(lan: Lan) -> str:
    return command_line.devices(lan.folder, lan.files, lan.time)


def test_an_empty_station_says_what_to_do_first(lan: Lan) -> None:
    assert "frameferry-station admit" in devices(lan)


def test_devices_lists_cameras_allowed_addresses_and_the_window(lan: Lan) -> None:
    lan.admitted(MAC)
    command_line.allow(lan.folder, lan.files, "192.168.1.9")

    assert devices(lan).splitlines() == [
        f"{MAC}  lan-a0b1c2d3e4f5  {CAMERA}  registered 2026-05-04T12:00:00.000Z   1.2",
        "192.168.1.9  lan-192-168-1-9  without a credential",
        "New cameras are admitted until 12:10 UTC.",
    ]


def test_a_forgotten_camera_is_not_listed_even_before_the_station_has_seen_it(lan: Lan) -> None:
    lan.admitted(MAC)
    lan.admitted(OTHER_MAC)

    assert command_line.forget_device(lan.folder, lan.files, MAC.lower()).startswith(MAC)

    assert MAC not in devices(lan)
    assert OTHER_MAC in devices(lan)


def test_orders_add_up_and_do_not_grow_for_ever(lan: Lan) -> None:
    command_line.allow(lan.folder, lan.files, CAMERA)
    for _ in range(20):
        lan.time.advance(600)
        lan.admitted(MAC)
        command_line.forget_device(lan.folder, lan.files, MAC)
        lan.intake.devices()

    orders = (lan.folder / "lan-orders" / "orders.json").read_text()

    assert len(orders) < 250
    assert CAMERA in orders


def test_who_never_registered_cannot_be_forgotten(lan: Lan) -> None:
    with pytest.raises(StationError, match="has registered"):
        command_line.forget_device(lan.folder, lan.files, MAC)


@pytest.mark.parametrize("text", ["", "garden", "192.168.1.7", "A0:B1"])
def test_what_is_no_mac_is_told_so(lan: Lan, text: str) -> None:
    with pytest.raises(ValueError, match="A0:B1:C2:D3:E4:F5"):
        command_line.forget_device(lan.folder, lan.files, text)


@pytest.mark.parametrize("minutes", [-1, 61])
def test_a_window_has_an_end(lan: Lan, minutes: int) -> None:
    with pytest.raises(ValueError, match="60 minutes"):
        lan.admit(minutes)


def test_orders_that_cannot_be_read_admit_nobody_and_are_logged_once(
    lan: Lan, caplog: pytest.LogCaptureFixture
) -> None:
    token = lan.admitted()
    (lan.folder / "lan-orders" / "orders.json").write_bytes(b"crc32 00000000\n{}")

    assert lan.register(OTHER_MAC).status_code == 403
    assert lan.is_good(token)
    assert caplog.text.count("orders of the command line cannot be read") == 1
