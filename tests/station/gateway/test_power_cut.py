"""A power cut at any operation of the disk while a camera drains: what has a receipt is there, and each photo once."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.station.gateway.cameras import Camera, Shot, pack_of
from tests.station.gateway.gateways import GatewayRig
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import Station
from tests.station.simulated_disk import PowerCut, SimulatedDisk

PACKS = [[Shot(number, photograph(number)) for number in range(first, first + 3)] for first in (0, 3, 6)]
MANY = 400


def on(disk: SimulatedDisk, folder: Path, station: Station) -> GatewayRig:
    return GatewayRig(folder, station, Random(1), files=disk)


def drain(camera: Camera, proved: list[int]) -> None:
    """Adds to `proved` the numbers of the packs that there is a receipt for."""
    for number, shots in enumerate(PACKS):
        pack, _ = pack_of(camera.device_id, shots)
        if not camera.holds(pack):
            camera.send(*shots)
            assert camera.holds(pack)
        proved.append(number)


def cut_at(operation: int, folder: Path, *, is_kill: bool) -> bool:
    """False where all was done before."""
    disk = SimulatedDisk()
    rig = on(disk, folder, Station(disk=disk))
    camera = Camera.paired(rig)
    proved: list[int] = []
    disk.cut_at = disk.operations + operation
    try:
        drain(camera, proved)
    except PowerCut:
        disk = disk.after_kill() if is_kill else disk.after_power_cut(Random(operation))
        camera.rig = on(disk, folder, rig.station.restarted(disk))
        assert {shot.jpeg for number in proved for shot in PACKS[number]} <= set(camera.rig.photos())
        drain(camera, proved)
        assert sorted(camera.rig.photos()) == sorted(shot.jpeg for shots in PACKS for shot in shots)
        return True
    return False


@pytest.mark.parametrize("is_kill", [False, True])
def test_what_has_a_receipt_outlives_a_cut_and_what_comes_again_is_kept_once(tmp_path: Path, is_kill: bool) -> None:
    operation = 0
    while cut_at(operation, tmp_path, is_kill=is_kill):
        operation += 1
        assert operation < MANY

    assert operation > 20
