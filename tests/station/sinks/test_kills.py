"""The process dies, or the power goes, at any step: every photo is delivered, each under one name."""

from __future__ import annotations

import io
import zipfile
from collections import deque
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from frameferry_station.documents import JsonFile
from frameferry_station.errors import Refusal
from frameferry_station.sinks.filesystem import MARKER, FolderDestination

from tests.station.samples import jpeg
from tests.station.simulated_disk import PowerCut
from tests.station.sinks.rig import GARDEN, GATE, SinkRig, Store, as_named, lost

EXPECTED = as_named(range(6)) | as_named(range(3), GATE)
MOUNT = Path("mnt/photos")


def ready() -> SinkRig:
    """Packs in two lanes that nobody has handed over yet."""
    rig = SinkRig()
    rig.filled(range(6))
    rig.filled(range(3), GATE)
    rig.disk.operations = 0
    return rig


def play(rig: SinkRig) -> None:
    """The station's life, from whatever is there. The gate's packs leave their lane, which no cloud waits for."""
    worker = rig.worker()
    for lane in (GARDEN, GATE):
        rig.hand_over(worker, rig.queue(lane).packs(), lane)
    rig.empty_lane(GATE)
    rig.run(worker)
    assert worker.counts().waiting == 0


def operations_of_a_whole_life() -> int:
    rig = ready()
    play(rig)
    return rig.disk.operations


def test_a_kill_at_any_operation_of_the_disk_delivers_every_photo_once() -> None:
    for cut_at in range(operations_of_a_whole_life()):
        rig = ready()
        rig.disk.cut_at = cut_at
        with pytest.raises(PowerCut):
            play(rig)

        play(rig.killed())

        assert rig.store.taken == EXPECTED, cut_at
        assert rig.store.tries.total() <= len(EXPECTED) + 1, "only the one under way comes again"


def test_a_kill_before_or_after_any_answer_of_the_server_delivers_every_photo_once() -> None:
    for number in range(len(EXPECTED)):
        for faults in ("before", "after"):
            rig = ready()
            plan: deque[BaseException | None] = deque([*[None] * number, PowerCut()])
            setattr(rig.store, faults, plan)
            with pytest.raises(PowerCut):
                play(rig)

            play(rig.killed())

            assert rig.store.taken == EXPECTED
            assert rig.store.tries.total() == len(EXPECTED) + 1


def test_a_power_cut_at_any_operation_delivers_every_photo_under_one_name() -> None:
    for cut_at in range(operations_of_a_whole_life()):
        rig = ready()
        rig.disk.cut_at = cut_at
        with pytest.raises(PowerCut):
            play(rig)

        play(rig.after_power_cut(Random(cut_at)))

        assert rig.store.taken == EXPECTED, cut_at


def test_a_pack_that_left_its_lane_after_a_kill_outlasts_a_power_cut() -> None:
    for cut_at in range(12):
        rig = SinkRig()
        packs = rig.filled(range(3))
        rig.disk.cut_at = rig.disk.operations + cut_at
        with suppress(PowerCut):
            rig.hand_over(rig.worker(), packs)
        rig = rig.killed()
        rig.hand_over(rig.worker(), packs)
        rig.empty_lane(GARDEN)

        for seed in range(10):
            again = replace(rig, store=Store()).after_power_cut(Random(seed))
            again.run(again.worker())

            assert again.store.taken == as_named(range(3)), (cut_at, seed)


def test_a_photo_that_was_refused_is_aside_or_waits_after_a_power_cut_at_any_operation() -> None:
    def refused_life(rig: SinkRig) -> None:
        worker = rig.worker()
        rig.hand_over(worker, rig.lane_packs[GARDEN][:1])
        rig.run(worker, seconds=500)
        rig.hand_over(worker, rig.lane_packs[GARDEN][1:])
        rig.run(worker, seconds=700)

    def refusing() -> SinkRig:
        rig = ready()
        rig.store.refusal = lambda photo: Refusal("EntityTooLarge", 413) if photo.seq == 1 else None
        return rig

    whole = refusing()
    refused_life(whole)
    assert len(whole.told) == 1, "or nothing is shown"
    for cut_at in range(whole.disk.operations + 1):
        rig = refusing()
        rig.disk.cut_at = cut_at
        with suppress(PowerCut):  # the last one comes when all is done
            refused_life(rig)

        for seed in range(30):
            again = replace(rig, store=replace(rig.store, taken=dict(rig.store.taken))).after_power_cut(Random(seed))
            worker = again.worker()
            again.hand_over(worker, again.lane_packs[GARDEN])
            again.store.refusal = lambda photo: None
            again.run(worker)

            aside = [node for path, node in again.disk.names.items() if path.parent.name == "set-aside"]
            kept = set(as_named([1])) if any(holds_photo_1(node.content) for node in aside) else set()
            assert kept | set(again.store.taken) == set(as_named(range(6))), (cut_at, seed)


def holds_photo_1(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as pack:
            return pack.read("0000000000000001.jpg") == jpeg(1)
    except (zipfile.BadZipFile, KeyError):
        return False


def with_folder(rig: SinkRig) -> SinkRig:
    state = JsonFile(Path("sinks/fake/target.json"), rig.disk)
    rig.destination = FolderDestination(MOUNT, state, rig.disk)
    return rig


def test_the_first_photos_of_a_folder_are_there_after_a_power_cut_at_any_operation() -> None:
    def two_photos() -> SinkRig:
        rig = with_folder(SinkRig())
        rig.filled(range(2))
        rig.disk.operations = 0
        return rig

    whole = two_photos()
    play(whole)
    for cut_at in range(whole.disk.operations + 1):
        rig = two_photos()
        rig.disk.cut_at = cut_at
        with suppress(PowerCut):
            play(rig)
        for seed in range(30):
            again = with_folder(rig.after_power_cut(Random(seed)))
            play(again)
            assert as_named(range(2)).items() <= under_the_mount(again).items(), (cut_at, seed)


def under_the_mount(rig: SinkRig) -> dict[str, bytes]:
    nodes = {path: node for path, node in rig.disk.names.items() if MOUNT in path.parents}
    return {str(path.relative_to(MOUNT)): node.content for path, node in nodes.items()}


def test_a_folder_gets_every_photo_once_whenever_the_power_goes() -> None:
    whole = with_folder(ready())
    play(whole)
    for cut_at in range(whole.disk.operations):
        rig = with_folder(ready())
        rig.disk.cut_at = cut_at
        with pytest.raises(PowerCut):
            play(rig)

        after = [rig.killed(), *(rig.after_power_cut(Random(seed)) for seed in range(2))]
        for again in map(with_folder, after):
            if (MOUNT / MARKER) not in again.disk.names:
                assert not [path for path in again.disk.names if MOUNT in path.parents and path.suffix == ".jpg"]
            play(again)

            found = under_the_mount(again)
            del found[MARKER]
            assert found == EXPECTED, cut_at


def test_a_name_is_the_same_after_a_kill_though_the_clock_runs_differently() -> None:
    rig = SinkRig(is_synced=False)
    rig.filled(range(3), at=False)
    rig.disk.operations = 0
    rig.store.after.extend([None, lost()])
    worker = rig.worker()
    rig.hand_over(worker, rig.lane_packs[GARDEN])
    rig.time.advance(600)
    rig.is_synced = True
    for _ in range(2):
        worker.step()
    rig.time.advance(90)

    again = rig.killed()
    again.time.ahead_s = 7.5
    again.run(again.worker())

    assert rig.store.taken == as_named(range(3))
