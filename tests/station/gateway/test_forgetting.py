"""A camera that the owner shuts out."""

from __future__ import annotations

import pytest
from frameferry_station.errors import StationError
from frameferry_station.gateway import codes

from tests.station.fake_cloud import CODE
from tests.station.gateway.cameras import Camera, Shot, pack_of
from tests.station.gateway.gateways import GatewayRig
from tests.station.lanes.photographs import photograph
from tests.station.rig import UnsyncedFiles

OTHER_CODE = "8ZK3M-Q9V1B"


def forget(rig: GatewayRig, name: str = "barn") -> str:
    return codes.forget_camera(rig.folder, UnsyncedFiles(), name=name)


def code_of(camera: Camera) -> str:
    return str(camera.sync().get_json().get("error", {}).get("code", "ok"))


def test_token_places_and_code_of_a_forgotten_camera_end_at_once_and_its_photos_stay(rig: GatewayRig) -> None:
    camera = Camera.paired(rig)
    camera.send(Shot(0, photograph(0)))
    pack, content = pack_of(camera.device_id, [Shot(1, photograph(1))])
    place = camera.place(pack)

    said = forget(rig)

    assert said == "lan-barn is shut out. Its photos stay."
    assert code_of(camera) == "device_revoked"
    assert camera.put(content, place).status_code == 403
    assert camera.activate(CODE).status_code == 400
    camera.rig = rig.restarted()
    assert code_of(camera) == "device_revoked"
    assert camera.rig.photos() == [photograph(0)]


def test_a_new_code_lets_it_in_again(rig: GatewayRig) -> None:
    old = Camera.paired(rig)
    forget(rig)

    new = Camera.paired(rig, code=OTHER_CODE)

    assert (new.device_id, code_of(new), code_of(old)) == (old.device_id, "ok", "invalid_credential")


def test_others_stay(rig: GatewayRig) -> None:
    barn, gate = Camera.paired(rig), Camera.paired(rig, "gate", OTHER_CODE)
    forget(rig, "gate")
    rig.make_code("shed")

    assert (code_of(barn), code_of(gate)) == ("ok", "device_revoked")
    forget(rig)
    assert (code_of(barn), code_of(gate)) == ("device_revoked", "device_revoked")


def test_a_code_that_was_not_used_yet_ends_too(rig: GatewayRig) -> None:
    rig.make_code()

    forget(rig)

    assert Camera(rig).activate(CODE).status_code == 400


def test_a_name_that_nobody_has_is_said_so(rig: GatewayRig) -> None:
    Camera.paired(rig)

    with pytest.raises(StationError, match="no camera gate was paired; there are: lan-barn"):
        forget(rig, "gate")


def test_orders_that_cannot_be_read_let_nobody_in(rig: GatewayRig) -> None:
    camera = Camera.paired(rig)
    [file] = rig.folder.rglob("codes.json")
    file.write_bytes(b"broken")

    assert (code_of(camera), camera.activate(CODE).status_code) == ("unavailable", 503)
