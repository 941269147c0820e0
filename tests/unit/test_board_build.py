"""The board's build and its page say what the sources say."""

from __future__ import annotations

import configparser
import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
PAGE = ROOT / "docs" / "firmware.md"

FLASH_BYTES = 8 << 20
FIRST_FREE_BYTE = 0x9000  # boot loader and partition table lie before
APP_ALIGNMENT = 0x10000
PAGE_BYTES = 0x1000


def partitions() -> list[tuple[str, str, int, int]]:
    """Name, type, offset and size of each, in the order of the file."""
    lines = [
        line for line in (FIRMWARE / "ports/esp32/partitions.csv").read_text("utf-8").splitlines() if line[:1] != "#"
    ]
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    return [(name, kind, int(offset, 0), int(size, 0)) for name, kind, _, offset, size in rows]


def test_partitions_follow_each_other_within_the_flash() -> None:
    end = FIRST_FREE_BYTE
    for name, kind, offset, size in partitions():
        assert offset >= end, name
        assert offset % (APP_ALIGNMENT if kind == "app" else PAGE_BYTES) == 0, name
        assert size % PAGE_BYTES == 0, name
        end = offset + size
    assert end <= FLASH_BYTES


def test_both_places_for_the_firmware_are_of_one_size() -> None:
    sizes = {size for _, kind, _, size in partitions() if kind == "app"}

    assert len(sizes) == 1
    assert f"{sizes.pop():,}" in PAGE.read_text("utf-8")


def test_the_device_keeps_its_values_in_a_partition_of_its_own() -> None:
    source = (FIRMWARE / "ports/esp32/nvs_values.cpp").read_text("utf-8")
    name = re.search(r'partition = "(\w+)"', source)

    assert name is not None
    assert name[1] in {partition for partition, *_ in partitions()} - {"nvs"}


def test_the_build_takes_every_source_of_core_and_board_and_none_of_the_host() -> None:
    build = configparser.ConfigParser(interpolation=None)
    build.read(FIRMWARE / "platformio.ini", "utf-8")
    patterns = re.findall(r"\+<([^>]+)>", build["env"]["build_src_filter"])
    taken = {path for pattern in patterns for path in FIRMWARE.glob(pattern)}

    assert taken == {
        *FIRMWARE.glob("core/**/*.cpp"),
        *FIRMWARE.glob("ports/posix/*.cpp"),
        *FIRMWARE.glob("ports/esp32/*.cpp"),
    }
    assert (FIRMWARE / build["env"]["board_build.partitions"]).is_file()


def lights_in_the_source() -> list[tuple[str, str]]:
    """Name and rhythm, as its comment says it, in the order in which they count."""
    return re.findall(r'\{"(\w+)", \{[^}]*\}, \d\},\s*// (.+)', (FIRMWARE / "core/src/led.cpp").read_text("utf-8"))


def lights_on_the_page() -> list[tuple[str, str]]:
    table = PAGE.read_text("utf-8").split("## What the LED says")[1].split("\n\n")[2]
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in table.splitlines()[2:]]
    return [(name.strip("`"), rhythm) for rhythm, name, _ in rows]


def test_the_page_tells_every_light_in_the_order_of_the_source() -> None:
    assert lights_in_the_source()
    assert lights_on_the_page() == lights_in_the_source()


@pytest.mark.parametrize("flag", ["FERRY_PLAIN_HTTP", "FERRY_LIGHT_SLEEP"])
def test_the_page_names_flags_that_the_port_knows(flag: str) -> None:
    assert f"-D {flag}=" in PAGE.read_text("utf-8")
    assert f"#ifndef {flag}\n" in (FIRMWARE / "ports/esp32/board.cpp").read_text("utf-8")
