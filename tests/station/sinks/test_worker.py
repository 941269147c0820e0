"""One sink at work: what it takes, in which order, and what it does about trouble."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from frameferry_station.captures import Seq, SeqRange
from frameferry_station.errors import Busy, NoAnswer, Refusal
from frameferry_station.sinks.photo import NotAsConfigured, Photo
from frameferry_station.sinks.taker import SET_ASIDE_S
from frameferry_station.sinks.worker import CONFIGURED_WRONG_WAIT_S

from tests.station.samples import START, jpeg
from tests.station.sinks.rig import GARDEN, GATE, OWN, SinkRig, as_named, lost, name_of, seqs_of


@pytest.fixture
def rig() -> SinkRig:
    return SinkRig()


def test_photos_are_delivered_oldest_first_by_their_names_and_the_packs_go(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.hand_over(worker, rig.filled(range(7)))

    rig.run(worker)

    assert rig.store.taken == as_named(range(7))
    assert seqs_of(rig.store) == list(range(7))
    assert (worker.counts().delivered, worker.counts().waiting, worker.counts().waiting_bytes) == (7, 0, 0)
    assert [path.name for path in rig.disk.names if OWN in path.parents] == ["cursor.json"]


def test_a_pack_leaves_the_sink_and_stays_in_its_lane(rig: SinkRig) -> None:
    worker = rig.worker()
    packs = rig.filled(range(3))
    rig.hand_over(worker, packs)

    rig.run(worker)

    assert [pack.name for pack in rig.queue().packs()] == [pack.name for pack in packs]


def test_what_was_handed_over_is_not_handed_over_again_after_a_restart(rig: SinkRig) -> None:
    worker = rig.worker()
    packs = rig.filled(range(6))
    rig.hand_over(worker, packs)
    rig.run(worker)

    again = rig.killed()
    worker = again.worker()
    assert worker.taken_up_to(GARDEN) == 3
    again.hand_over(worker, packs)

    assert worker.counts().waiting == 0
    assert worker.taken_up_to(GATE) is None


def test_a_pack_that_was_written_anew_under_higher_seqs_is_the_one_that_was_taken(rig: SinkRig) -> None:
    worker = rig.worker()
    queue = rig.queue()
    rig.filled(range(3))
    (pack,) = rig.queue().packs()
    rig.hand_over(worker, [pack])
    queue = rig.queue()
    queue.take_out(queue.prepared(queue.packs()[0]), {Seq(1): 40})

    rig.hand_over(worker, queue.packs())
    rig.run(worker)

    assert rig.store.taken == as_named(range(3))


def test_an_outage_holds_up_nothing_but_this_sink_and_ends_by_itself(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.hand_over(worker, rig.filled(range(3)))
    rig.store.before.extend([lost()] * 5)

    waits = [worker.step()]
    assert worker.step() == waits[0], "it rests"
    assert (worker.counts().last_error, worker.counts().failures) == ("lost", 1)
    assert worker.counts().oldest_at == START
    rig.run(worker)

    assert rig.store.taken == as_named(range(3))
    assert (worker.counts().last_error, worker.counts().failures) == (None, 5)


def test_a_server_that_names_a_time_is_left_alone_for_so_long(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.hand_over(worker, rig.filled(range(1)))
    rig.store.before.append(Busy("SlowDown", 503, retry_after_s=120.0))

    assert worker.step() == 120.0
    rig.time.advance(119.0)
    assert worker.step() == pytest.approx(1.0)
    assert rig.store.taken == {}


def test_a_refused_photo_is_set_aside_after_some_tries_and_told_and_the_rest_goes_on(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: Refusal("EntityTooLarge", 413) if photo.seq == 1 else None
    for number in range(0, 9, 3):
        rig.hand_over(worker, rig.filled(range(number, number + 3)))
        rig.run(worker, seconds=500)
    rig.run(worker)

    assert rig.store.taken == as_named([0, 2, 3, 4, 5, 6, 7, 8])
    assert rig.store.tries[name_of(1)] == 3
    assert rig.told == [(GARDEN, "fake refused photo 1 and it is set aside: EntityTooLarge (413)")]
    (aside,) = [path for path in rig.disk.names if path.parent.name == "set-aside" and path.suffix == ".zip"]
    assert jpeg(1) in rig.disk.names[aside].content
    assert worker.counts().waiting == 0
    assert worker.oldest() is not None, "it can be given up for space"
    assert worker.give_up_oldest()
    assert (worker.oldest(), worker.counts().evicted) == (None, 1)


def test_a_photo_that_the_server_trips_over_holds_up_no_other_and_waits(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: Busy("InternalError", 500) if photo.seq == 1 else None
    rig.hand_over(worker, rig.filled(range(6)))

    rig.run(worker, seconds=7 * 86_400)
    assert rig.store.taken == as_named([0, 2, 3, 4, 5])
    assert (worker.counts().waiting, rig.told) == (1, [])

    rig.store.refusal = lambda photo: None
    rig.run(worker)
    assert rig.store.taken == as_named(range(6))


def test_a_sink_that_refuses_everything_loses_nothing_to_the_set_aside(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: Refusal("NotFound", 404)
    rig.hand_over(worker, rig.filled(range(9)))

    rig.run(worker, seconds=7 * 86_400)
    assert (worker.counts().waiting, rig.told) == (9, [])
    assert "is refused: NotFound (404)" in (worker.counts().last_error or "")
    tries_in_a_week = sum(rig.store.tries.values())
    assert tries_in_a_week < 7 * 86_400 / 250, "more and more seldom"

    rig.store.refusal = lambda photo: None
    rig.run(worker)
    assert rig.store.taken == as_named(range(9))


def test_a_night_of_refused_photos_does_not_hold_up_the_morning(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: Refusal("EntityTooLarge", 413) if photo.seq < 30 else None
    rig.hand_over(worker, rig.filled(range(30)))
    rig.run(worker, seconds=3600)
    assert rig.store.taken == {}

    for number in range(30, 39):
        rig.hand_over(worker, rig.filled([number]))
        rig.run(worker, seconds=900)

    assert rig.store.taken == as_named(range(30, 39))
    assert len(rig.told) == 30
    assert worker.counts().waiting == 0


def test_wrong_credentials_stop_the_sink_with_a_clear_reason_and_set_nothing_aside(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.store.before.extend([NotAsConfigured("the token is wrong")] * 20)
    rig.hand_over(worker, rig.filled(range(3)))

    rig.time.advance(worker.step())
    assert worker.step() == CONFIGURED_WRONG_WAIT_S, "the second one was refused, too"
    assert worker.counts().last_error == "the token is wrong"
    rig.run(worker)

    assert rig.store.taken == as_named(range(3))
    assert sum(rig.store.tries.values()) == 23
    assert rig.told == []


def test_what_is_whole_in_a_damaged_pack_is_delivered_and_the_rest_is_told(rig: SinkRig) -> None:
    worker = rig.worker()
    (pack,) = rig.filled(range(3))
    rig.hand_over(worker, [pack])
    node = rig.disk.names[OWN / GARDEN / pack.name]
    at = node.content.index(jpeg(1))
    node.content = node.content[:at] + b"broken" + node.content[at + 6 :]

    rig.run(worker)

    assert rig.store.taken == as_named([0, 2])
    assert rig.told == [(GARDEN, "fake never got photo 1: it is damaged on the card")]
    assert worker.counts().waiting == 0


def test_a_pack_whose_directory_is_broken_is_delivered_by_its_headers(rig: SinkRig) -> None:
    (pack,) = rig.filled(range(3))
    rig.hand_over(rig.worker(), [pack])
    node = rig.disk.names[OWN / GARDEN / pack.name]
    node.content = node.content[:-30] + bytes(30)

    worker = rig.worker()
    rig.run(worker)

    assert rig.store.taken == as_named(range(3))


def test_a_pack_in_which_nothing_is_whole_is_set_aside_and_told(rig: SinkRig) -> None:
    (pack,) = rig.filled(range(3))
    rig.hand_over(rig.worker(), [pack])
    node = rig.disk.names[OWN / GARDEN / pack.name]
    node.content = bytes(len(node.content))

    worker = rig.worker()

    assert rig.told == [(GARDEN, f"nothing whole is in the pack {pack.name}")]
    assert worker.step() == float("inf")
    oldest = worker.oldest()
    assert oldest is not None
    assert (oldest.name, oldest.since_s) == (pack.name, SET_ASIDE_S)


def test_a_read_error_that_passes_costs_nothing(rig: SinkRig) -> None:
    worker = rig.worker()
    (pack,) = rig.filled(range(3))
    rig.hand_over(worker, [pack])
    node = rig.disk.names[OWN / GARDEN / pack.name]
    node.unreadable_at = node.content.index(jpeg(1)) + 100
    rig.run(worker, seconds=30)
    assert rig.store.taken == as_named([0, 2])

    node.unreadable_at = None
    rig.run(worker)

    assert rig.store.taken == as_named(range(3))
    assert rig.told == []


def test_the_oldest_pack_is_given_up_and_counted_and_the_rest_is_delivered(rig: SinkRig) -> None:
    worker = rig.worker()
    packs = rig.filled(range(6))
    rig.hand_over(worker, packs)
    oldest = worker.oldest()
    assert oldest is not None
    assert (oldest.lane, oldest.name, oldest.since_s) == (GARDEN, packs[0].name, 120.0)

    assert worker.give_up_oldest() == 0, "the lane holds it too"
    queue = rig.queue()
    queue.remove(queue.packs()[1])
    assert worker.give_up_oldest() == packs[1].size_bytes

    assert (worker.counts().evicted, worker.counts().waiting, worker.oldest()) == (6, 0, None)
    assert worker.give_up_oldest() == 0
    assert worker.taken_up_to(GARDEN) == 3
    assert rig.killed().worker().taken_up_to(GARDEN) == 3


def test_a_disk_that_is_too_full_to_note_it_gives_up_the_last_pack_too(rig: SinkRig) -> None:
    worker = rig.worker()
    [pack] = rig.filled(range(3))
    rig.hand_over(worker, [pack])
    rig.empty_lane(GARDEN)
    rig.disk.capacity_bytes = rig.disk.used_bytes(Path())

    assert worker.give_up_oldest() == pack.size_bytes

    assert worker.taken_up_to(GARDEN) == 0


def test_a_pack_that_is_given_up_in_the_middle_is_no_failure(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.hand_over(worker, rig.filled(range(6)))
    worker.step()
    worker.give_up_oldest()

    rig.run(worker)

    assert rig.store.taken == as_named([0, 3, 4, 5])
    assert worker.counts().evicted == 2


def test_what_the_owner_deletes_is_not_delivered_any_more(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: Refusal("EntityTooLarge", 413)
    rig.hand_over(worker, rig.filled(range(6)))
    rig.hand_over(worker, rig.filled(range(3), GATE), GATE)

    assert worker.forget(GARDEN, lambda record: 1 <= record.seq <= 4) == 4
    assert worker.forget(GARDEN, lambda record: 1 <= record.seq <= 4) == 0

    again = rig.killed()
    again.store.refusal = lambda photo: None
    again.run(again.worker())
    assert again.store.taken == as_named([0, 5]) | as_named(range(3), GATE)


def test_what_the_owner_deletes_while_a_sink_does_not_get_its_link_is_not_delivered_later(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.filled(range(3))
    queue = rig.queue()
    rig.disk.failing = 2
    with pytest.raises(OSError, match="the card does not answer"):
        rig.hand_over(worker, queue.packs())
    rig.disk.failing = None
    queue.forget(lambda record: record.seq == 1)
    rig.hand_over(worker, [queue.prepared(pack) for pack in queue.packs()])

    again = rig.killed()
    again.run(again.worker())

    assert again.store.taken == as_named([0, 2])


def test_what_the_owner_deletes_is_not_kept_aside_either(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.store.refusal = lambda photo: Refusal("EntityTooLarge", 413) if photo.seq == 1 else None
    rig.hand_over(worker, rig.filled(range(3)))
    for number in (3, 4, 5):
        rig.run(worker, seconds=700)
        rig.hand_over(worker, rig.filled([number]))
    rig.run(worker)
    assert len(rig.told) == 1

    assert worker.forget(GARDEN, lambda record: record.seq == 1) == 1

    assert [path for path in rig.disk.names if path.parent.name == "set-aside"] == []


def test_lanes_share_the_sink_by_the_age_of_their_packs(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.hand_over(worker, rig.filled(range(6)))
    rig.hand_over(worker, rig.filled(range(6), GATE), GATE)

    rig.run(worker)

    assert rig.store.taken == as_named(range(6)) | as_named(range(6), GATE)
    assert [name.split("/")[0] for name in rig.store.order] == ["garden"] * 3 + ["gate"] * 3 + ["garden"] * 3 + [
        "gate"
    ] * 3


def test_a_full_disk_of_the_station_costs_no_delivery(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.hand_over(worker, rig.filled(range(6)))
    rig.disk.capacity_bytes = 0

    rig.run(worker, seconds=600)

    assert rig.store.taken == as_named(range(6))
    rig.disk.capacity_bytes = None
    rig.run(worker)
    assert worker.counts().waiting_bytes == 0


def test_taking_the_same_pack_twice_is_taking_it_once(rig: SinkRig) -> None:
    worker = rig.worker()
    packs = rig.filled(range(3))
    rig.hand_over(worker, packs)
    rig.hand_over(worker, packs)

    rig.run(worker)

    assert rig.store.tries.total() == 3


def test_a_pack_that_could_not_be_made_durable_is_taken_at_the_next_try(rig: SinkRig) -> None:
    worker = rig.worker()
    (pack,) = rig.filled(range(3))
    worker.take(GATE, Path("lanes/garden/queue") / pack.name, pack)
    rig.disk.failing = 0
    with pytest.raises(OSError, match="card"):
        rig.hand_over(worker, [pack])
    rig.disk.failing = None

    rig.hand_over(worker, [pack])
    rig.run(worker)

    assert set(as_named(range(3))) <= set(rig.store.taken)


def test_a_pack_of_which_the_seqs_have_gaps_is_delivered_whole(rig: SinkRig) -> None:
    worker = rig.worker()
    queue = rig.queue()
    rig.filled(range(2))
    queue = rig.queue()
    queue.raise_next_seq(9)
    rig.filled([9])
    packs = rig.queue().packs()
    assert [pack.seqs for pack in packs] == [(SeqRange(Seq(0), Seq(1)),), (SeqRange(Seq(9), Seq(9)),)]
    rig.hand_over(worker, packs)

    rig.run(worker)

    assert rig.store.taken == as_named([0, 1, 9])


def test_a_failing_probe_is_no_answer_like_any_other(rig: SinkRig) -> None:
    worker = rig.worker()
    answers: list[Exception] = [Refusal("odd", 400)] * 4 + [NoAnswer("cut")] * 3

    def refusal(photo: Photo) -> Exception | None:
        return answers.pop(0) if answers else None

    rig.store.refusal = refusal
    rig.hand_over(worker, rig.filled(range(6)))
    rig.run(worker)

    assert rig.store.taken == as_named(range(6))


def test_a_pack_that_was_written_anew_before_it_is_handed_over_keeps_none_behind_it_away(rig: SinkRig) -> None:
    rig.filled(range(9))
    queue = rig.queue()
    queue.take_out(queue.prepared(queue.packs()[0]), {Seq(1): 40})
    worker = rig.worker()

    rig.hand_over(worker, queue.packs())
    rig.run(worker)

    assert sorted(rig.store.taken.values()) == sorted(jpeg(number) for number in (1, 3, 4, 5, 6, 7, 8))


def test_what_the_owner_deletes_stays_so_where_the_disk_failed_in_between(rig: SinkRig) -> None:
    worker = rig.worker()
    rig.hand_over(worker, rig.filled(range(3)))
    rig.disk.failing = 0
    with pytest.raises(OSError, match="card"):
        worker.forget(GARDEN, lambda record: record.seq == 1)
    rig.disk.failing = None

    assert worker.forget(GARDEN, lambda record: record.seq == 1) == 1

    again = rig.after_power_cut(Random(1))
    again.run(again.worker())
    assert again.store.taken == as_named([0, 2])


def test_a_pack_that_somebody_deletes_by_hand_is_told_and_the_rest_goes_on(rig: SinkRig) -> None:
    worker = rig.worker()
    packs = rig.filled(range(6))
    rig.hand_over(worker, packs)
    rig.disk.remove(OWN / GARDEN / packs[0].name)

    waits = [worker.step() for _ in range(10)]

    assert waits[-1] == float("inf")
    assert rig.store.taken == as_named([3, 4, 5])
    assert rig.told == [(GARDEN, f"the pack {packs[0].name} is gone with 3 photos")]
    assert (worker.counts().waiting, worker.counts().evicted) == (0, 3)
