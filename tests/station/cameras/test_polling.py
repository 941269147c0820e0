"""When a camera is asked, and what becomes of what it gives. No thread, no network, no sleep."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from frameferry_station.cameras.camera import Frame, TryLater
from frameferry_station.cameras.polling import IN_A_ROW, TELL_EVERY_S, Poller
from frameferry_station.device import CameraFailed
from frameferry_station.photos import Accepted, NoSpace, SourceName, SourcePaused

from tests.station.cameras.fake_photos import GARDEN, FakePhotos, NumberedCamera, jpeg
from tests.station.samples import FakeTime, longest


def no_jitter(low: float, high: float) -> float:
    return low


class Rig:
    """A poller in the test's hands. `asked_at` are the seconds at which the camera was asked."""

    def __init__(
        self,
        script: Callable[[int], Frame | Exception] | None = None,
        *,
        interval_s: float | None = 30.0,
        name: str = GARDEN,
        photos: FakePhotos | None = None,
        uniform: Callable[[float, float], float] = no_jitter,
    ) -> None:
        self.time = FakeTime()
        self.photos = photos or FakePhotos()
        self.asked_at: list[float] = []
        self.takes_s = 0.0
        self._script = script or (lambda number: Frame(jpeg(number)))
        self.camera = NumberedCamera(self._scripted)
        self.poller = Poller(
            SourceName(name), "snapshot", self.camera, self.photos,
            interval_s=interval_s, clock=self.time, uniform=uniform,
        )  # fmt: skip

    def work(self, seconds: float) -> None:
        end_s = self.time.elapsed_s + seconds
        while self.time.elapsed_s < end_s:
            wait_s = self.poller.step()
            self.time.advance(min(max(wait_s, 0.001), end_s - self.time.elapsed_s))

    def _scripted(self, number: int) -> Frame | Exception:
        self.asked_at.append(self.time.elapsed_s)
        self.time.advance(self.takes_s)
        return self._script(number)


def gaps(times: list[float]) -> list[float]:
    return [round(after - before, 3) for before, after in pairwise(times)]


def test_a_camera_is_asked_at_its_interval_and_its_pictures_are_accepted() -> None:
    rig = Rig()
    rig.work(300)

    assert set(gaps(rig.asked_at)) == {30.0}
    assert rig.photos.accepted == [(GARDEN, jpeg(number)) for number in range(10)]
    assert rig.poller.status.error is None
    assert rig.poller.status.last_at is not None


def test_without_an_interval_of_its_own_the_owners_counts_and_else_thirty_seconds() -> None:
    rig = Rig(interval_s=None)
    rig.work(120)
    assert set(gaps(rig.asked_at)) == {30.0}

    rig.photos.interval = 5.0
    rig.work(60)
    assert set(gaps(rig.asked_at[-8:])) == {5.0}


def test_a_shortened_interval_counts_at_once() -> None:
    rig = Rig(interval_s=None)
    rig.photos.interval = 3600.0
    rig.work(100)
    asked = len(rig.asked_at)

    rig.photos.interval = 10.0
    rig.work(11)

    assert len(rig.asked_at) == asked + 1


def test_ten_cameras_do_not_fire_at_once() -> None:
    first = []
    for number in range(10):
        rig = Rig(name=f"camera-{number}")
        rig.work(31)
        first.append(rig.asked_at[0])

    assert min(gaps(sorted(first))) > 0.1
    assert max(first) - min(first) > 15


def test_the_first_picture_of_an_hourly_camera_comes_soon() -> None:
    rig = Rig(interval_s=3600.0)
    rig.work(31)

    assert len(rig.asked_at) == 1


def test_jitter_moves_each_picture_and_not_the_rhythm() -> None:
    moves = iter([1.5, 0.0, 1.0, 0.2] * 10)
    rig = Rig(uniform=lambda low, high: min(high, next(moves)))
    rig.work(200)

    slots = [at - move for at, move in zip(rig.asked_at[1:], [1.5, 0.0, 1.0, 0.2, 1.5], strict=False)]
    assert set(gaps(slots)) == {30.0}


def test_a_slow_camera_keeps_its_rhythm_and_does_not_catch_up() -> None:
    rig = Rig()
    rig.takes_s = 70.0
    rig.work(900)

    assert set(gaps(rig.asked_at)) == {90.0}


def test_a_failure_is_tried_again_soon_and_then_ever_more_seldom_up_to_five_minutes() -> None:
    rig = Rig(lambda number: CameraFailed("no answer"), uniform=longest)
    rig.work(3600)

    assert gaps(rig.asked_at)[:9] == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0]
    assert rig.poller.status.error == "no answer"
    assert rig.poller.status.failures == len(rig.asked_at)


def test_after_a_failure_the_rhythm_is_what_it_was() -> None:
    rig = Rig(lambda number: CameraFailed("hiccup") if number == 1 else Frame(jpeg(number)), uniform=longest)
    rig.work(200)

    start_s = rig.asked_at[0]
    assert [round(at - start_s - 1.5, 3) for at in rig.asked_at] == [-1.5, 30.0, 32.0, 60.0, 90.0, 120.0, 150.0, 180.0]


def test_a_refused_login_rests_as_long_as_it_must_even_if_the_owner_wants_a_picture() -> None:
    rig = Rig(lambda number: TryLater("password", 600.0))
    rig.work(30)
    assert len(rig.asked_at) == 1

    rig.photos.wishes[GARDEN]()
    rig.work(560)
    assert len(rig.asked_at) == 1

    rig.work(60)
    assert len(rig.asked_at) == 2


def test_capture_now_takes_a_picture_out_of_turn_and_leaves_the_rhythm() -> None:
    rig = Rig()
    rig.work(65)
    before = list(rig.asked_at)

    rig.photos.wishes[GARDEN]()
    assert rig.poller.wake.is_set()
    rig.poller.step()

    assert rig.asked_at == [*before, 65.0]
    rig.work(30)
    assert rig.asked_at[-1] == before[-1] + 30.0


def test_capture_now_does_not_wait_for_a_backoff() -> None:
    rig = Rig(lambda number: CameraFailed("no answer"), uniform=longest)
    rig.work(600)
    asked = len(rig.asked_at)

    rig.poller.capture_now()
    rig.poller.step()

    assert len(rig.asked_at) == asked + 1


def test_a_paused_camera_is_not_asked_at_all_and_goes_on_in_its_rhythm() -> None:
    rig = Rig()
    rig.work(65)
    rig.photos.paused = SourcePaused(None)
    asked = list(rig.asked_at)

    rig.poller.capture_now()
    rig.work(3590)
    assert rig.asked_at == asked
    assert rig.poller.status.is_paused

    rig.photos.paused = None
    rig.work(31)
    assert len(rig.asked_at) == len(asked) + 1
    assert (rig.asked_at[-1] - asked[-1]) % 30.0 == pytest.approx(0.0)
    assert not rig.poller.status.is_paused


def test_a_pause_that_comes_while_the_picture_is_taken_is_no_failure() -> None:
    rig = Rig()
    rig.photos.refusal = SourcePaused(None)
    rig.work(31)

    assert rig.poller.status.is_paused
    assert rig.poller.status.error is None


def test_a_frozen_camera_is_told_once_and_told_when_it_is_over() -> None:
    rig = Rig(lambda number: Frame(jpeg(number if number < 3 or number > 40 else 3)))
    rig.work(30 * 30)
    assert rig.photos.told == [(GARDEN, "error", "no photo from garden: it gives the same picture again")]
    assert len(rig.photos.accepted) == 4
    assert set(gaps(rig.asked_at)) == {30.0}, "asking more often would not help"

    rig.work(30 * 20)
    assert rig.photos.told[1:] == [(GARDEN, "over", "photos from garden again")]
    assert rig.poller.status.error is None


def test_a_picture_that_the_lane_remembers_counts_as_frozen() -> None:
    rig = Rig()
    rig.photos.known = {jpeg(number) for number in range(2, 100)}
    rig.work(30 * 10)

    assert rig.poller.status.error == "it gives a picture that it gave before"
    assert len(rig.photos.told) == 1


def test_that_it_is_over_is_told_once_a_photo_is_kept() -> None:
    told_before: list[int] = []

    class Watching(FakePhotos):
        def accept(self, source: SourceName, jpeg: bytes) -> Accepted:
            told_before.append(len(self.told))
            return super().accept(source, jpeg)

    rig = Rig(
        lambda number: CameraFailed("no answer") if number < IN_A_ROW else Frame(jpeg(number)), photos=Watching()
    )
    rig.work(61)

    assert told_before[0] == 1
    assert rig.photos.told[1:] == [(GARDEN, "over", "photos from garden again")]


def test_one_hiccup_is_not_told_and_three_failures_in_a_row_are() -> None:
    rig = Rig(lambda number: CameraFailed("no answer") if number % 3 else Frame(jpeg(number)))
    rig.work(30 * 20)
    assert rig.photos.told == []

    rig = Rig(lambda number: CameraFailed("no answer"))
    rig.work(31)
    assert rig.poller.status.failures >= IN_A_ROW
    assert rig.photos.told == [(GARDEN, "error", "no photo from garden: no answer")]


def test_a_refused_login_is_told_at_once() -> None:
    rig = Rig(lambda number: TryLater("it refuses the password", 600.0))
    rig.work(31)

    assert rig.photos.told == [(GARDEN, "error", "no photo from garden: it refuses the password")]


def test_a_camera_that_comes_and_goes_is_told_of_every_ten_minutes_at_most() -> None:
    rig = Rig(lambda number: Frame(jpeg(number)) if number % 4 == 0 else CameraFailed("no answer"), uniform=longest)
    rig.work(7200)

    troubles = [message for _, _, message in rig.photos.told if message and message.startswith("no photo")]
    assert 2 <= len(troubles) <= 7200 / TELL_EVERY_S + 1


def test_a_full_disk_is_an_error_of_the_camera_until_it_is_over() -> None:
    rig = Rig()
    rig.photos.refusal = NoSpace("the disk is full")
    rig.work(151)
    assert rig.poller.status.error == "the disk is full"
    assert set(gaps(rig.asked_at)) == {30.0}
    assert rig.photos.told == [], "that is for the lane to tell"

    rig.photos.refusal = None
    rig.work(30)
    assert rig.poller.status.error is None


def test_an_error_that_nobody_foresaw_ends_no_camera_and_its_text_stays_inside() -> None:
    rig = Rig(lambda number: ValueError("http://admin:secret@camera") if number == 0 else Frame(jpeg(number)))
    rig.poller.capture_now()
    rig.poller.step()
    assert rig.poller.status.error is not None
    assert "ValueError" in rig.poller.status.error
    assert "secret" not in rig.poller.status.error

    rig.work(60)
    assert rig.poller.status.error is None
