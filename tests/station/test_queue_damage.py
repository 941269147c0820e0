"""What a card does to packs beside losing power: bits that flip, files that tear, files that are none of ours."""

from __future__ import annotations

import pytest
from frameferry_station.captures import Seq, SeqRange
from frameferry_station.queue import PackQueue

from tests.station.packs_on_card import ASIDE, FOLDER, Told, all_captures, in_packs, opened
from tests.station.samples import META, jpeg
from tests.station.simulated_disk import Node, SimulatedDisk

OTHER_DEVICE = "6f0c7a52-6f1e-4a0f-9d51-2f6f3a1c9b11"
FIRST = FOLDER / "0000000000000000-5f0c7a52.zip"


def put(queue: PackQueue, *numbers: int) -> list[Seq]:
    return [queue.put(jpeg(number), META) for number in numbers]


def one(seq: int) -> SeqRange:
    return SeqRange(Seq(seq), Seq(seq))


def spoil(node: Node, at: int) -> None:
    node.content = node.content[:at] + bytes([node.content[at] ^ 1]) + node.content[at + 1 :]


@pytest.mark.parametrize("part", ["local header", "record", "directory", "end"])
@pytest.mark.parametrize("is_newest", [True, False])
def test_a_flipped_bit_outside_the_photos_costs_none_or_the_one_it_hit(part: str, is_newest: bool) -> None:
    disk, told = SimulatedDisk(), Told()
    put(opened(disk), *range(3 if is_newest else 4))
    node = disk.names[FIRST]
    second = node.content.index(b"PK\x03\x04", 1)
    places = {"local header": second + 8, "record": second + 70, "directory": node.content.index(b"PK\x01\x02") + 12}
    spoil(node, places.get(part, len(node.content) - 12))

    queue = opened(disk, told)
    in_packs(queue)  # what is found damaged now is another pack the next time

    lost = [1] if part in ("local header", "record") else []
    assert in_packs(queue) == {seq: jpeg(seq) for seq in range(3 if is_newest else 4) if seq not in lost}
    assert [seqs for _, seqs in told.damages] == [one(seq) for seq in lost]


def test_a_flipped_bit_in_a_photo_goes_up_as_it_is() -> None:
    """The cloud finds it by its sha256, shows it as rejected and keeps the bytes: more than the card could do."""
    disk = SimulatedDisk()
    put(opened(disk), 0, 1, 2)
    spoil(disk.names[FIRST], disk.names[FIRST].content.index(jpeg(1)) + 50)
    queue = opened(disk)

    pack = queue.prepared(queue.packs()[0])

    assert b"".join(queue.chunks(pack)) == disk.names[FIRST].content


def test_a_damaged_photo_is_left_out_when_its_pack_is_written_anew() -> None:
    disk, told = SimulatedDisk(), Told()
    queue = opened(disk, told)
    put(queue, 0, 1, 2)
    spoil(disk.names[FIRST], disk.names[FIRST].content.index(jpeg(1)) + 50)

    queue.take_out(queue.packs()[0], {Seq(1): 5, Seq(2): 6})

    assert list(in_packs(queue).values()) == [jpeg(2)]
    assert told.damages == [("damaged on the card", one(1))]


def test_where_no_photo_is_whole_nothing_is_left_and_no_seq_is_given_twice() -> None:
    disk, told = SimulatedDisk(), Told()
    queue = opened(disk, told)
    put(queue, 0, 1, 2)
    spoil(disk.names[FIRST], disk.names[FIRST].content.index(jpeg(1)) + 50)

    queue.take_out(queue.packs()[0], {Seq(1): 7})

    assert queue.packs() == []
    assert disk.sizes(FOLDER) == {}
    assert put(opened(disk), 3) == [3]


def test_a_torn_pack_keeps_what_is_whole_and_tells_the_rest() -> None:
    disk, told = SimulatedDisk(), Told()
    queue = opened(disk, told)
    put(queue, 0, 1, 2)
    queue.distrust(queue.packs()[0])
    node = disk.names[FIRST]
    hole = node.content.index(jpeg(1))
    node.content = node.content[:hole] + bytes(600) + node.content[hole + 600 : -100]

    assert in_packs(queue) == {}
    assert in_packs(queue) == {0: jpeg(0), 2: jpeg(2)}
    assert told.damages == [("damaged on the card", one(1))]
    assert in_packs(opened(disk)) == {0: jpeg(0), 2: jpeg(2)}


def test_a_sector_that_cannot_be_read_costs_its_photo_and_no_other() -> None:
    disk, told = SimulatedDisk(), Told()
    queue = opened(disk, told)
    put(queue, 0, 1, 2)
    queue.distrust(queue.packs()[0])
    node = disk.names[FIRST]
    node.unreadable_at = node.content.index(jpeg(1)) + 300

    assert in_packs(queue) == {}
    assert in_packs(queue) == {0: jpeg(0), 2: jpeg(2)}
    assert told.damages == [("damaged on the card", one(1))]


def test_an_open_pack_of_another_device_is_no_leftover_of_a_power_cut() -> None:
    disk = SimulatedDisk()
    put(opened(disk), 0, 1, 2)
    card = SimulatedDisk()
    other = opened(card, device_id=OTHER_DEVICE)
    other.raise_next_seq(70)
    put(other, 7)
    [foreign] = [path for path in card.names if path.parent == FOLDER]
    disk.names[foreign] = card.names[foreign]

    queue = opened(disk)

    assert in_packs(queue) == {seq: jpeg(seq) for seq in range(3)}
    assert jpeg(7) in disk.names[ASIDE / foreign.name].content


def test_a_pack_in_which_nothing_is_whole_is_set_aside_and_the_others_go_on() -> None:
    disk, told = SimulatedDisk(), Told()
    put(opened(disk), *range(6))
    disk.names[FIRST].content = bytes(len(disk.names[FIRST].content))

    queue = opened(disk, told)

    assert in_packs(queue) == {seq: jpeg(seq) for seq in (3, 4, 5)}
    assert told.damages == [(f"{FIRST.name} set aside, nothing whole is in it", None)]
    assert FIRST.name in disk.sizes(ASIDE)


def test_a_pack_that_is_destroyed_while_it_waits_is_told_with_its_seqs() -> None:
    disk, told = SimulatedDisk(), Told()
    put(opened(disk), *range(6))
    queue = opened(disk, told)
    disk.names[FIRST].content = bytes(len(disk.names[FIRST].content))

    assert in_packs(queue) == {seq: jpeg(seq) for seq in (3, 4, 5)}

    assert [seqs for _, seqs in told.damages] == [SeqRange(Seq(0), Seq(2))]
    assert FIRST.name in disk.sizes(ASIDE)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", bytes(5000)], ids=["empty", "short", "zeros"])
@pytest.mark.parametrize("name", ["holiday.jpg", "0000000000000000-6f0c7a52.zip", "0000000000000002-5f0c7a52.zip"])
def test_a_file_that_is_no_pack_is_set_aside_and_told(name: str, content: bytes) -> None:
    disk, told = SimulatedDisk(), Told()
    opened(disk).raise_next_seq(200)
    put(opened(disk), 0, 1, 2)
    disk.names[FOLDER / name] = Node(content, content)

    queue = opened(disk, told)

    assert list(in_packs(queue).values()) == [jpeg(0), jpeg(1), jpeg(2)]
    assert disk.names[ASIDE / name].content == content
    assert [reason.startswith(name) for reason, _ in told.damages] == [True]


def test_a_pack_of_another_device_is_set_aside_even_under_a_name_of_this_one() -> None:
    disk = SimulatedDisk()
    put(opened(disk, device_id=OTHER_DEVICE), 0, 1, 2)
    disk.replace(next(path for path in disk.names if path.parent == FOLDER), FIRST)

    queue = opened(disk)

    assert queue.packs() == []
    assert FIRST.name in disk.sizes(ASIDE)
    assert put(queue, 3)[0] >= 100, "a pack of this device that cannot be read may have had those seqs"


def test_what_a_power_cut_left_of_a_first_append_goes_without_a_word() -> None:
    disk, told = SimulatedDisk(), Told()
    put(opened(disk), 0, 1, 2)
    disk.names[FOLDER / "0000000000000003-5f0c7a52.zip"] = Node(bytes(4096), bytes(4096))

    queue = opened(disk, told)

    assert told.damages == []
    assert put(queue, 3) == [3]
    assert all_captures(queue) == {seq: jpeg(seq) for seq in range(4)}


def test_an_old_pack_on_the_same_sectors_is_not_found_again() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    put(queue, 0, 1, 2)
    queue.remove(queue.packs()[0])
    put(queue, 3)
    assert jpeg(1) in disk.names[FOLDER / "0000000000000003-5f0c7a52.zip"].content

    assert all_captures(opened(disk.after_kill())) == {3: jpeg(3)}


def test_the_directory_of_an_old_pack_where_the_new_one_ends_is_not_taken_for_its_own() -> None:
    """A power cut has trimmed the file that was being sealed, and not written its directory."""
    disk, told = SimulatedDisk(), Told()
    queue = opened(disk, told)
    put(queue, 0, 1, 2)
    [old] = [node.content for path, node in disk.names.items() if path.parent == FOLDER]
    queue.remove(queue.packs()[0])
    put(queue, 3, 4, 5)
    [node] = [node for path, node in disk.names.items() if path.parent == FOLDER]
    directory = old.index(b"PK\x01\x02")
    node.content = node.content[:directory] + old[directory:]

    assert in_packs(opened(disk, told)) == {seq: jpeg(seq) for seq in (3, 4, 5)}
    assert told.damages == []


@pytest.mark.parametrize("fails", ["at once", "later"])
def test_a_start_on_a_card_that_takes_no_write_still_has_all_captures(fails: str) -> None:
    disk = SimulatedDisk()
    put(opened(disk), *range(5))
    disk.names[FOLDER / "holiday.jpg"] = Node(b"x", b"x")
    disk.failing = 0 if fails == "at once" else 1

    queue = opened(disk)

    assert len(queue) == 5
    disk.failing = None
    in_packs(queue)
    assert in_packs(queue) == {seq: jpeg(seq) for seq in range(5)}
