"""The golden packs: the writer makes them, the readers find in them what was put in, and the page describes them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from frameferry_station.packs import PackDamaged, read_sealed, scan

from chalicelib.domain.ids import Seq
from chalicelib.wire.packs import BadPackReason, Damage, FaultReason, PackedCapture, PackFault, erase, read_pack
from tests import make_pack_vectors
from tests.pack_files import assert_any_tool_opens, key_for

FOLDER = make_pack_vectors.FOLDER
KNOWN = json.loads((FOLDER / "packs.json").read_text("utf-8"))
FILES: dict[str, dict[str, Any]] = KNOWN["files"]
DEVICE: str = KNOWN["device_id"]
_PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")


def body_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def those_with(fact: str) -> list[str]:
    return [name for name, facts in FILES.items() if fact in facts]


def milliseconds(captured_at: datetime | None) -> int:
    return round(captured_at.timestamp() * 1000) if captured_at else 0


def as_json(capture: PackedCapture) -> dict[str, Any]:
    return {
        "seq": capture.seq,
        "offset": capture.offset,
        "size_bytes": capture.size_bytes,
        "sha256": capture.sha256,
        "boot_id": capture.boot_id,
        "uptime_ms": capture.uptime_ms,
        "captured_at_ms": milliseconds(capture.captured_at),
        "clock_synced": capture.clock_synced,
        "is_erased": capture.is_erased,
        "fault": capture.fault,
    }


def fault_as_json(fault: PackFault) -> dict[str, Any]:
    return {"entry": fault.entry, "reason": fault.reason, "seq": fault.seq}


def test_the_writer_makes_every_file_byte_for_byte() -> None:
    made = {each.name: each.body for each in make_pack_vectors.vectors()}

    assert made == {name: body_of(name) for name in FILES}
    assert make_pack_vectors.document() == (FOLDER / "packs.json").read_text("utf-8")


@pytest.mark.parametrize("name", those_with("captures"))
def test_the_reader_finds_what_was_put_in(name: str) -> None:
    key = FILES[name]["key"]

    pack = read_pack(body_of(name), key_for(key["first_seq"], key["last_seq"]))

    assert [as_json(capture) for capture in pack.captures] == FILES[name]["captures"]
    assert [fault_as_json(fault) for fault in pack.faults] == FILES[name]["faults"]


@pytest.mark.parametrize("name", [*those_with("written"), *those_with("erased")])
def test_any_tool_opens_what_we_write(name: str, tmp_path: Path) -> None:
    names = [f"{capture['seq']:016d}.jpg" for capture in FILES[name]["captures"]]

    assert_any_tool_opens(body_of(name), names, tmp_path)


@pytest.mark.parametrize("name", those_with("erased"))
def test_erasing_gives_the_erased_pack(name: str) -> None:
    erased = FILES[name]["erased"]

    assert erase(body_of(erased["file"]), [Seq(seq) for seq in erased["seqs"]]) == body_of(name)


@pytest.mark.parametrize("name", those_with("scan"))
def test_a_device_finds_what_a_power_cut_left(name: str) -> None:
    body, known = body_of(name), FILES[name]["scan"]

    found = scan(lambda at, length: body[at : at + length], len(body), DEVICE, first_seq=known["first_seq"])

    assert [
        {
            "seq": entry.seq,
            "offset": entry.offset,
            "size_bytes": entry.size_bytes,
            "sha256": entry.sha256,
            "boot_id": entry.record.boot_id,
            "uptime_ms": entry.record.uptime_ms,
            "captured_at_ms": milliseconds(entry.record.captured_at),
            "clock_synced": entry.record.clock_synced,
            "is_erased": entry.is_erased,
            "header_offset": entry.header_offset,
            "crc32": entry.crc32,
        }
        for entry in found.entries
    ] == known["entries"]
    assert found.epoch == known["epoch"]


@pytest.mark.parametrize("name", those_with("captures"))
def test_a_device_reads_its_sealed_packs_and_no_broken_ones(name: str) -> None:
    body = body_of(name)
    headers_are_right = not FILES[name]["faults"]
    try:
        seqs = [entry.seq for entry in read_sealed(lambda at, n: body[at : at + n], len(body), DEVICE)]
    except PackDamaged:
        assert not headers_are_right
    else:
        assert headers_are_right
        assert seqs == [capture["seq"] for capture in FILES[name]["captures"]]


def page_table(title: str) -> dict[int, tuple[int, str]]:
    """Of the table of the page whose last column has this title: the places, each with its bytes and what is there."""
    rows = _PAGE.split(f"| at | bytes | {title} |\n|---|---|---|\n")[1].split("\n\n")[0]
    cells = re.findall(r"^\| (\d+) \| (\d+) \| (.*) \|$", rows, re.MULTILINE)
    return {int(at): (int(size_bytes), what) for at, size_bytes, what in cells}


@pytest.mark.parametrize(("title", "size_bytes"), [("entry", 154), ("record", 100), ("directory", 66), ("end", 22)])
def test_a_table_of_the_page_leaves_no_byte_out(title: str, size_bytes: int) -> None:
    end = 0
    for at, (field_bytes, _) in page_table(title).items():
        assert at == end
        end += field_bytes
    assert end == size_bytes


def test_the_constants_and_fields_of_the_page_are_those_of_the_files() -> None:
    body, (capture,) = body_of("one.zip"), FILES["one.zip"]["captures"]
    parts = {"entry": 0, "record": 54, "directory": 512, "end": 512 + 66}
    found = {
        (title, at): body[start + at : start + at + size_bytes]
        for title, start in parts.items()
        for at, (size_bytes, _) in page_table(title).items()
    }

    for (title, at), field in found.items():
        what = page_table(title)[at][1].split(": ")[-1]
        if re.fullmatch(r"\d+(, stored)?", what):
            assert int.from_bytes(field, "little") == int(what.split(",")[0]), (title, at)
        elif magic := re.match(r"`([0-9A-F]{2}( [0-9A-F]{2}){3})`", what):
            assert field == bytes.fromhex(magic[1]), (title, at)
    assert int.from_bytes(found["record", 4], "little") == KNOWN["epoch"]
    assert int.from_bytes(found["record", 8], "little") == capture["seq"]
    assert int.from_bytes(found["record", 16], "little") == capture["uptime_ms"]
    assert f"{int.from_bytes(found['record', 24], 'little'):016x}" == capture["boot_id"]
    assert int.from_bytes(found["record", 32], "little") == capture["captured_at_ms"]
    assert found["record", 48].hex() == capture["sha256"]
    assert found["record", 80].hex() == DEVICE.replace("-", "")
    when = datetime.fromtimestamp(capture["captured_at_ms"] // 1000, UTC)
    assert int.from_bytes(found["entry", 10], "little") == when.hour << 11 | when.minute << 5 | when.second // 2
    assert int.from_bytes(found["entry", 12], "little") == (when.year - 1980) << 9 | when.month << 5 | when.day


def test_the_page_names_every_reason_of_the_reader() -> None:
    chapter = _PAGE.split("### How a pack is read")[1].split("\n## ")[0]
    named = set(re.findall(r"`([a-z0-9_]+)`", chapter))

    assert named == {reason for kind in (BadPackReason, FaultReason, Damage) for reason in get_args(kind)}
