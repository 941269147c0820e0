"""What becomes of a pack that a camera puts to the station."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from pathlib import Path

import pytest
from frameferry_station.gateway.aside import MOST_OF_A_CAMERA as SET_ASIDE
from frameferry_station.gateway.kept import REMEMBERED_PACKS
from frameferry_station.gateway.places import LIFETIME_S
from frameferry_station.photos import SourceName
from frameferry_station.settings import DiskSettings

from tests.station.gateway.cameras import Camera, Shot, named, pack_of
from tests.station.gateway.gateways import SOURCE, GatewayRig
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import Station

OTHER_CODE = "8ZK3M-Q9V1B"


@pytest.fixture
def camera(rig: GatewayRig) -> Camera:
    return Camera.paired(rig)


def shots(*numbers: int) -> list[Shot]:
    return [Shot(number, photograph(number)) for number in numbers]


def photos(*numbers: int) -> list[bytes]:
    return [photograph(number) for number in numbers]


def test_photos_are_in_the_cameras_lane_before_there_is_a_receipt(camera: Camera) -> None:
    pack, content = pack_of(camera.device_id, shots(0, 1, 2))
    place = camera.place(pack)
    assert not camera.holds(pack)

    assert camera.put(content, place).status_code == 200

    assert camera.rig.photos() == photos(0, 1, 2)
    assert camera.holds(pack)


def test_a_pack_that_is_put_again_is_there_already(camera: Camera) -> None:
    pack, content = pack_of(camera.device_id, shots(0, 1))
    place = camera.place(pack)

    answers = [camera.put(content, place) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 412]
    assert b"<Code>PreconditionFailed</Code>" in answers[1].data
    assert camera.rig.photos() == photos(0, 1)


def test_the_same_number_and_bytes_in_another_pack_are_kept_once(camera: Camera) -> None:
    camera.send(*shots(4094, 4095, 4096))
    camera.rig = camera.rig.restarted()

    camera.send(*shots(4096, 4097))
    camera.send(*shots(4094, 4096, 4097, 4098))

    assert sorted(camera.rig.photos()) == sorted(photos(4094, 4095, 4096, 4097, 4098))


def test_a_photo_comes_again_after_a_thousand_others_and_is_kept_once(camera: Camera) -> None:
    numbers = range(1100)
    for first in range(0, 1100, 100):
        camera.send(*shots(*numbers[first : first + 100]))

    camera.send(*shots(3, 4))

    assert sorted(camera.rig.photos()) == sorted(photos(*numbers))


def test_other_bytes_under_a_known_number_are_another_photo(camera: Camera) -> None:
    camera.send(Shot(7, photograph(7)))

    pack = camera.send(Shot(7, photograph(70)))

    assert camera.holds(pack)
    assert camera.rig.photos() == photos(7, 70)


def test_receipts_of_many_packs_outlive_a_restart(camera: Camera) -> None:
    packs = [camera.send(*shots(number)) for number in range(REMEMBERED_PACKS + 2)]

    camera.rig = camera.rig.restarted()

    assert [camera.holds(pack) for pack in packs] == [False] * 2 + [True] * REMEMBERED_PACKS


def test_bytes_that_were_damaged_on_the_way_are_refused_and_come_again(camera: Camera) -> None:
    pack, content = pack_of(camera.device_id, shots(0))
    place = camera.place(pack)
    damaged = content[:-30] + bytes(30)
    checksum = base64.b64encode(bytes.fromhex(pack["sha256"])).decode()

    answer = camera.put(damaged, place, **{"x-amz-checksum-sha256": checksum})

    assert (answer.status_code, b"<Code>BadDigest</Code>" in answer.data) == (400, True)
    assert not camera.holds(pack)
    assert camera.put(content, place).status_code == 200
    assert camera.rig.photos() == photos(0)


def test_a_place_is_for_one_pack_of_one_camera_and_for_a_while(camera: Camera) -> None:
    other = Camera.paired(camera.rig, "gate", OTHER_CODE)
    pack, content = pack_of(camera.device_id, shots(0))
    more, more_content = pack_of(camera.device_id, shots(0, 1))
    place = camera.place(pack)
    ticket = place.partition("ticket=")[2]

    tried = [
        camera.put(more_content, place),
        camera.put(content, place.replace(ticket, "A" * len(ticket))),
        camera.put(content, place.partition("?")[0]),
        camera.put(content, place.replace(camera.device_id, other.device_id)),
        camera.put(content, camera.place(more).replace(more["sha256"][:12], pack["sha256"][:12])),
        *(
            camera.put(content, place, **{name: value})
            for name, value in [("If-None-Match", "x"), ("Content-Type", "image/jpeg"), ("x-amz-checksum-sha256", "")]
        ),
    ]
    camera.rig.station.time.advance(LIFETIME_S)
    tried.append(camera.put(content, place))

    assert [each.status_code for each in tried] == [403] * len(tried)
    assert all(b"<Code>AccessDenied</Code>" in each.data for each in tried)
    assert camera.rig.photos() == []


def test_places_of_a_camera_end_when_it_is_paired_again(camera: Camera) -> None:
    pack, content = pack_of(camera.device_id, shots(0))
    place = camera.place(pack)

    Camera.paired(camera.rig, code=OTHER_CODE)

    assert camera.put(content, place).status_code == 403


def test_a_paused_camera_is_told_so_and_gets_no_places(camera: Camera) -> None:
    pack, content = pack_of(camera.device_id, shots(0))
    place = camera.place(pack)
    camera.rig.station.lanes.local_pauses.pause(SOURCE, None)

    said = camera.sync(objects=[pack]).get_json()
    answer = camera.put(content, place)

    assert (said["settings"]["paused"], said["objects"]) == (True, [{}])
    assert (answer.status_code, b"SlowDown" in answer.data, "Retry-After" in answer.headers) == (503, True, True)
    assert camera.rig.photos() == []
    camera.rig.station.lanes.local_pauses.resume(SOURCE)
    assert camera.put(content, place).status_code == 200
    assert camera.rig.photos() == photos(0)


def test_what_is_no_photo_holds_nothing_up_and_is_kept_as_it_came(camera: Camera) -> None:
    pack, content = pack_of(camera.device_id, [*shots(0), Shot(1, b"no photo"), *shots(2)])

    answer = camera.put(content, camera.place(pack))

    assert answer.status_code == 200
    assert camera.holds(pack)
    assert camera.rig.photos() == photos(0, 2)
    [aside] = (camera.rig.folder / "gateway").rglob("set-aside/*.zip")
    assert aside.read_bytes() == content


def test_packs_that_hold_no_photo_do_not_fill_the_disk(camera: Camera) -> None:
    for number in range(SET_ASIDE + 3):
        camera.send(Shot(number, b"no photo"))

    assert len(list((camera.rig.folder / "gateway").rglob("set-aside/*.zip"))) == SET_ASIDE


def test_what_is_kept_aside_goes_before_any_photo_where_the_budget_wants_the_space(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    station = Station(pack_captures=100, budget=DiskSettings(10**6, 0))
    camera = Camera.paired(GatewayRig(tmp_path / "gateway", station))
    camera.send(*shots(0, 1))
    for number in range(2, 5):
        camera.send(Shot(number, b"no photo"))
    station.lanes.also_held_by(camera.rig.gateway.aside)
    first = camera.rig.gateway.aside.oldest()
    assert first is not None
    assert camera.rig.gateway.aside.give_up_oldest(replace(first, name="gone")) is None

    station.lanes.make_room(10**6)

    assert list((camera.rig.folder / "gateway").rglob("set-aside/*.zip")) == []
    assert "lan-barn: a pack with what is no photo was set aside, and went for want of space" in caplog.text
    assert camera.rig.photos() == photos(0, 1)


def test_what_is_kept_aside_goes_with_the_time_that_the_owner_forgets(camera: Camera) -> None:
    for number in (0, 1):
        camera.send(*shots(10 + number), Shot(20 + number, b"no photo"))
    aside = camera.rig.gateway.aside

    assert aside.forget({SourceName("garden")}, lambda record: True) == 0
    assert aside.forget({SOURCE}, lambda record: True) == 2

    assert aside.oldest() is None


def test_room_is_made_before_a_pack_is_kept_aside(camera: Camera) -> None:
    wanted: list[int] = []
    camera.rig.make_room = wanted.append
    camera.rig = camera.rig.restarted()
    pack, content = pack_of(camera.device_id, [Shot(0, b"no photo")])

    camera.put(content, camera.place(pack))

    assert wanted == [len(content)]


def test_a_pack_with_a_damaged_directory_gives_its_whole_photos(camera: Camera) -> None:
    _, content = pack_of(camera.device_id, shots(0, 1, 2))
    content = content[:-40] + bytes(40)
    pack = named(content, 0, 2)

    answer = camera.put(content, camera.place(pack))

    assert answer.status_code == 200
    assert camera.rig.photos() == photos(0, 1, 2)


@pytest.mark.parametrize("kind", ["no pack", "of another camera", "other numbers"])
def test_a_pack_that_holds_nothing_of_this_camera_is_refused_for_good(camera: Camera, kind: str) -> None:
    other = "5f0c7a52-6f1e-4a0f-9d51-2f6f3a1c9b11"
    content = {
        "no pack": b"x" * 5000,
        "of another camera": pack_of(other, shots(0, 1))[1],
        "other numbers": pack_of(camera.device_id, shots(100, 101))[1],
    }[kind]
    pack = named(content, 0, 1)

    answer = camera.put(content, camera.place(pack))

    assert (answer.status_code, b"<Code>InvalidRequest</Code>" in answer.data) == (400, True)
    assert camera.rig.photos() == []
    assert not camera.holds(pack)


def test_any_damage_to_a_pack_costs_no_more_than_it_touches(camera: Camera) -> None:
    chance = random.Random(3)
    _, good = pack_of(camera.device_id, shots(0, 1, 2))
    for _ in range(60):
        content = bytearray(good)
        at = chance.randrange(len(content))
        content[at : at + chance.choice([1, 4, 600])] = chance.randbytes(chance.choice([1, 4, 600]))
        content = content[: chance.choice([len(content), chance.randrange(1, len(content))])]

        answer = camera.put(bytes(content), camera.place(named(bytes(content), 0, 2)))

        assert answer.status_code in (200, 400), answer.data
    assert set(camera.rig.photos()) <= set(photos(0, 1, 2))
