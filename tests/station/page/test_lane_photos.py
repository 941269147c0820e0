"""Photos that wait in lanes, as the page finds them."""

from __future__ import annotations

import pytest
from frameferry_station.page.local_photos import LanePhotos
from frameferry_station.photos import STATION

from tests.station.fake_cloud import FakeCloud
from tests.station.lanes.photographs import photograph
from tests.station.lanes.stations import GARDEN, GATE, Station

DAY_S = 86_400


@pytest.fixture
def station(cloud: FakeCloud) -> Station:
    """Its cloud cannot be reached unless a test works for it; a full pack has three photos."""
    station = Station(cloud=cloud, sinks=())
    station.pair(GARDEN)
    return station


def test_photos_that_wait_are_found_by_day_newest_first(station: Station) -> None:
    station.accept(1, 2, 3)
    station.time.advance(DAY_S)
    station.accept(4, 5, 6)
    photos = LanePhotos(station.lanes, station.disk)

    assert photos.days() == ["2026-05-05", "2026-05-04"]
    assert all(photos.has(photo.photo_id) for photo in photos.of_day("2026-05-04", 0, 10))
    found = photos.of_day("2026-05-04", 0, 10)
    assert [(photo.source, photos.jpeg(photo.photo_id)) for photo in found] == [
        ("garden", photograph(number)) for number in (3, 2, 1)
    ]
    assert [photo.photo_id for photo in photos.of_day("2026-05-04", 1, 1)] == [found[1].photo_id]


def test_what_the_cloud_has_is_not_here_any_more(station: Station) -> None:
    station.accept(1, 2, 3)
    photos = LanePhotos(station.lanes, station.disk)
    [photo, *_] = photos.of_day("2026-05-04", 0, 10)

    station.work(GARDEN)

    assert photos.days() == []
    assert photos.of_day("2026-05-04", 0, 10) == []
    assert photos.jpeg(photo.photo_id) is None
    assert not photos.has(photo.photo_id)


def test_a_photo_without_a_time_is_undated(cloud: FakeCloud) -> None:
    station = Station(cloud=cloud, sinks=(), clock_is_synced=lambda: False)
    station.pair(STATION)
    station.accept(1, 2, 3, source=GATE)
    photos = LanePhotos(station.lanes, station.disk)

    assert photos.days() == ["undated"]
    assert [(photo.source, photo.at) for photo in photos.of_day("undated", 0, 2)] == [("station", None)] * 2


@pytest.mark.parametrize(
    "photo_id",
    [
        *("", "garden", "garden/x", "garden/x/1", "gate/x/1", "garden/{pack}/99", "../x/1", "garden/{pack}/-"),
        "garden/{pack}/\N{FULLWIDTH DIGIT ZERO}",
    ],
)
def test_an_id_that_names_no_photo_gives_none(station: Station, photo_id: str) -> None:
    station.accept(1, 2, 3)
    [pack] = station.lane().queue.packs()

    assert LanePhotos(station.lanes, station.disk).jpeg(photo_id.format(pack=pack.name)) is None
