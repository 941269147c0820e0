"""Who may be a camera of this station."""

from __future__ import annotations

import pytest
from frameferry_station.gateway import codes

from tests.station.fake_cloud import CODE
from tests.station.gateway.cameras import ADDRESS, NONCE, Camera, Shot
from tests.station.gateway.gateways import GatewayRig
from tests.station.lanes.photographs import photograph
from tests.station.rig import UnsyncedFiles

OTHER_CODE = "8ZK3M-Q9V1B"


def code_of(camera: Camera) -> str:
    return str(camera.sync().get_json().get("error", {}).get("code", "ok"))


def test_the_same_code_and_nonce_give_the_same_answer(rig: GatewayRig) -> None:
    camera = Camera.paired(rig)

    again = camera.activate().get_json()

    assert (again["device_token"], again["device_id"]) == (camera.token, camera.device_id)
    assert code_of(camera) == "ok"


def test_the_journal_says_why_a_camera_is_refused_once_an_hour_and_not_what_it_said(
    rig: GatewayRig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for _ in range(3):
        Camera(rig).activate(OTHER_CODE)

    assert [record.getMessage() for record in caplog.records if "refused" in record.getMessage()] == [
        f"{ADDRESS} was refused: pairing_code_invalid"
    ]
    assert OTHER_CODE not in caplog.text


@pytest.mark.parametrize("nonce", ["another nonce of the kind", None])
def test_a_code_works_for_one_nonce_only(rig: GatewayRig, nonce: str | None) -> None:
    camera = Camera.paired(rig)

    answer = camera.activate(nonce=nonce)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "pairing_code_invalid")
    assert code_of(camera) == "ok"


def test_a_code_without_a_nonce_works_once(rig: GatewayRig) -> None:
    rig.make_code()

    assert [Camera(rig).activate(nonce=None).status_code for _ in range(2)] == [200, 400]


def test_a_code_is_good_for_ten_minutes(rig: GatewayRig) -> None:
    rig.make_code()
    rig.station.time.advance(codes.LIFETIME.total_seconds() - 1)
    in_time = Camera(rig).activate().status_code
    rig.station.time.advance(1)

    assert (in_time, Camera(rig).activate().status_code) == (200, 400)


def test_a_code_is_read_as_it_was_meant(rig: GatewayRig) -> None:
    rig.make_code(code="00000-11111")

    assert Camera(rig).activate("ooo oO-ilLi1").status_code == 200


def test_tries_of_an_address_are_limited_and_those_of_others_are_not(rig: GatewayRig) -> None:
    rig.make_code()
    guesses = [Camera(rig).activate(f"{number:05}-00000", of="192.168.1.66") for number in range(11)]

    assert [each.status_code for each in guesses] == [400] * 10 + [429]
    assert int(guesses[-1].headers["Retry-After"]) > 0
    assert Camera(rig).activate(CODE, of="192.168.1.66").status_code == 429
    assert Camera(rig).activate(CODE).status_code == 200


def test_a_camera_that_is_paired_again_keeps_who_it_is_and_its_numbers_and_loses_its_old_token(
    rig: GatewayRig,
) -> None:
    old = Camera.paired(rig)
    old.send(Shot(41, photograph(1)))

    rig = rig.restarted()
    new = Camera.paired(rig, code=OTHER_CODE)

    assert new.device_id == old.device_id
    assert new.activate(OTHER_CODE).get_json()["next_seq"] == 42
    assert (code_of(new), code_of(Camera(rig, old.token))) == ("ok", "invalid_credential")


def test_two_cameras_have_two_identities(rig: GatewayRig) -> None:
    barn, gate = Camera.paired(rig), Camera.paired(rig, "gate", OTHER_CODE)

    assert barn.device_id != gate.device_id
    assert code_of(Camera(rig, barn.token.replace(barn.device_id, gate.device_id))) == "invalid_credential"


def test_only_wrong_tokens_are_limited(rig: GatewayRig) -> None:
    camera = Camera.paired(rig)

    said = [code_of(Camera(rig, f"devtok_{camera.device_id}_{number}")) for number in range(11)]

    assert said == ["invalid_credential"] * 10 + ["rate_limited"]
    assert code_of(camera) == "ok"


def test_station_restarts_with_its_key_and_its_cameras(rig: GatewayRig) -> None:
    camera = Camera.paired(rig)
    pack = camera.send(Shot(0, photograph(0)))

    camera.rig = rig.restarted()

    assert code_of(camera) == "ok"
    assert camera.holds(pack)


def test_no_token_and_no_code_is_kept(rig: GatewayRig) -> None:
    camera = Camera.paired(rig)

    stored = b"".join(path.read_bytes() for path in rig.folder.rglob("*") if path.is_file())

    assert camera.token.encode() not in stored
    assert NONCE.encode() not in stored
    assert CODE.replace("-", "").encode() not in stored


def test_each_code_is_another_and_names_the_source(rig: GatewayRig) -> None:
    made = [
        codes.lan_code(rig.folder, UnsyncedFiles(), rig.station.time, rig.chance.randbytes, name="barn")
        for _ in range(50)
    ]

    assert len({lines.splitlines()[0] for lines in made}) == 50
    assert "lan-barn" in made[0]
    last = made[-1].splitlines()[0]
    assert Camera(rig).activate(last).status_code == 200
    assert Camera(rig).activate(made[0].splitlines()[0]).status_code == 400


@pytest.mark.parametrize("name", ["", "Barn", "a" * 37, "../barn"])
def test_a_name_that_no_source_can_have_is_refused(rig: GatewayRig, name: str) -> None:
    with pytest.raises(ValueError, match="a source's name"):
        rig.make_code(name)
