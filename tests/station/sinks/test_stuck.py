"""A photo that never gets through while others do, a destination that takes none at all, and what is set aside."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from frameferry_station.captures import Seq
from frameferry_station.errors import Busy, ForeignAnswer, NoAnswer, Refusal, StationError
from frameferry_station.sinks.photo import NotAsConfigured, Photo
from frameferry_station.sinks.worker import SinkWorker

from tests.station.samples import jpeg
from tests.station.sinks.rig import A_DAY_S, GARDEN, GATE, OWN, SinkRig, as_named, name_of, seqs_of

A_WEEK_S = 7 * 86_400.0
Failure = Callable[[], Exception]
HOPELESS = [
    pytest.param(lambda: NoAnswer("the connection breaks"), id="cut"),
    pytest.param(lambda: ForeignAnswer("a proxy answers"), id="proxy"),
    pytest.param(lambda: Busy("busy", 502), id="502"),
    pytest.param(lambda: Busy("SlowDown", 503, retry_after_s=30.0), id="503"),
    pytest.param(lambda: NotAsConfigured("the server answers 403"), id="403"),
    pytest.param(lambda: OSError(5, "Input/output error"), id="disk"),
    pytest.param(lambda: RuntimeError("a mistake of the program"), id="bug"),
]


@pytest.fixture
def rig() -> SinkRig:
    return SinkRig()



def steps(rig: SinkRig, worker: SinkWorker, seconds: float) -> None:
    """All of the time, and for errors too that no step foresees."""
    end_s = rig.time.elapsed_s + seconds
    while (left_s := end_s - rig.time.elapsed_s) > 0:
        rig.time.advance(min(worker.guarded_step(), left_s))


@pytest.mark.parametrize("error", HOPELESS)
@pytest.mark.parametrize("bad", [0, 3, 8], ids=["first", "middle", "last"])
def test_a_photo_that_never_gets_through_holds_up_no_other(rig: SinkRig, error: Failure, bad: int) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: error() if photo.seq == bad else None
    rig.hand_over(worker, rig.filled(range(9)))

    steps(rig, worker, 300)

    assert rig.store.taken == as_named(set(range(9)) - {bad})
    assert worker.counts().waiting == 1


@pytest.mark.parametrize("error", HOPELESS)
def test_it_is_tried_more_and_more_seldom_shown_as_stuck_and_never_lost(rig: SinkRig, error: Failure) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: error() if photo.seq == 1 else None
    rig.hand_over(worker, rig.filled(range(3)))
    for number in range(3, 60):
        rig.hand_over(worker, rig.filled([number]))
        steps(rig, worker, 120)

    counts = worker.counts()
    assert (counts.waiting, counts.stuck) == (1, 1)
    assert counts.last_error is None, "the sink itself is well"
    assert counts.stuck_because is not None
    assert rig.store.tries[name_of(1)] < 25
    assert rig.told == []

    rig.store.refusal = lambda photo: None
    steps(rig, worker, A_WEEK_S)
    assert rig.store.taken == as_named(range(60))
    assert (worker.counts().stuck, worker.counts().stuck_because) == (0, None)


def test_a_photo_that_gets_a_403_costs_the_others_seconds_and_not_the_ten_minutes_of_a_wrong_key(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: NotAsConfigured("403") if photo.seq == 4 else None
    rig.hand_over(worker, rig.filled(range(9)))

    steps(rig, worker, 15)

    assert rig.store.taken == as_named(set(range(9)) - {4})


@pytest.mark.parametrize("error", HOPELESS)
def test_a_dead_destination_keeps_the_order_and_costs_no_request_more(rig: SinkRig, error: Failure) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: error()
    rig.hand_over(worker, rig.filled(range(60)))

    steps(rig, worker, A_DAY_S)

    assert rig.store.tries.total() < A_DAY_S / 300 + 15
    assert rig.store.tries[name_of(0)] >= rig.store.tries.total() / 2 - 2, "the oldest is to come first"
    assert worker.counts().stuck == 0
    assert worker.counts().last_error is not None
    rig.store.refusal = lambda photo: None
    steps(rig, worker, 3600)
    assert rig.store.taken == as_named(range(60))
    probe, *rest = seqs_of(rig.store)
    assert rest == [Seq(seq) for seq in range(60) if seq != probe] or seqs_of(rig.store) == list(range(60))


def test_a_camera_that_the_sink_does_not_want_holds_up_no_other_and_costs_little(rig: SinkRig) -> None:
    """As with a key that may put below one prefix only."""
    worker = rig.worker()
    rig.store.refusal = lambda photo: NotAsConfigured("403") if photo.source == GARDEN else None
    behind = []
    for number in range(100):
        rig.hand_over(worker, rig.filled([number]))
        rig.hand_over(worker, rig.filled([number], GATE), GATE)
        steps(rig, worker, 60)
        behind.append(number + 1 - len(rig.store.taken))

    assert max(behind[60:]) <= 2, "within the first hour it is known"
    refused = rig.store.tries.total() - len(rig.store.taken)
    assert refused < 5 * 100
    assert (worker.counts().waiting - behind[-1], len(rig.told)) == (100, 0)

    rig.store.refusal = lambda photo: None
    steps(rig, worker, 86_400)
    assert rig.store.taken == as_named(range(100)) | as_named(range(100), GATE)


def test_a_link_that_loses_a_third_of_all_requests_delays_no_photo_for_long(rig: SinkRig) -> None:
    chance = Random(7)
    worker = rig.worker()
    rig.store.refusal = lambda photo: NoAnswer("lost") if chance.random() < 0.33 else None
    rig.hand_over(worker, rig.filled(range(300)))

    steps(rig, worker, 1800)

    assert rig.store.taken == as_named(range(300))


def test_a_photo_that_is_refused_after_its_connections_broke_is_tried_as_often_as_any_other(rig: SinkRig) -> None:
    worker = rig.worker()
    answers: list[StationError] = [NoAnswer("cut")] * 12 + [Refusal("EntityTooLarge", 413)] * 2

    def refusal(photo: Photo) -> StationError | None:
        return answers.pop(0) if photo.seq == 1 and answers else None

    rig.store.refusal = refusal
    for number in range(0, 90, 3):
        rig.hand_over(worker, rig.filled(range(number, number + 3)))
        steps(rig, worker, 3600)

    assert rig.store.taken == as_named(range(90))
    assert rig.told == []


def test_a_stuck_photo_that_is_given_up_is_not_stuck_any_more(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: NoAnswer("cut") if photo.seq == 1 else None
    for number in range(0, 30, 3):
        rig.hand_over(worker, rig.filled(range(number, number + 3)))
        steps(rig, worker, 60)
    assert worker.counts().stuck == 1

    worker.give_up_oldest()
    worker.step()

    assert (worker.counts().stuck, worker.counts().evicted) == (0, 1)


def test_a_photo_and_a_pack_of_the_same_number_are_both_kept_aside(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: Refusal("EntityTooLarge", 413) if photo.seq == 3 else None
    rig.hand_over(worker, rig.filled(range(6)))
    for number in range(6, 12, 3):
        rig.run(worker, seconds=700)
        rig.hand_over(worker, rig.filled(range(number, number + 3)))
    rig.run(worker)
    pack = OWN / GARDEN / f"{3:016d}-5f0c7a52.zip"
    rig.disk.write(pack, (bytes(2000),))

    rig.worker()

    aside = [path for path in rig.disk.names if path.parent.name == "set-aside" and path.suffix == ".zip"]
    assert len(aside) == 2
    assert any(jpeg(3) in rig.disk.names[path].content for path in aside)
