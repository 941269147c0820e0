from __future__ import annotations

from frameferry_station.intake.limits import Allowances

from tests.station.samples import FakeTime


def test_tries_come_back_one_by_one() -> None:
    time = FakeTime()
    allowances = Allowances(time, burst=3, every_s=8)

    assert [allowances.take("a") for _ in range(4)] == [0, 0, 0, 8]
    time.advance(2)
    assert allowances.take("a") == 6
    time.advance(6)
    assert [allowances.take("a") for _ in range(2)] == [0, 8]
    time.advance(1e6)
    assert [allowances.take("a") for _ in range(4)] == [0, 0, 0, 8]


def test_a_try_that_is_given_back_does_not_count() -> None:
    allowances = Allowances(FakeTime(), burst=1, every_s=10)

    for _ in range(5):
        assert allowances.take("a") == 0
        allowances.give_back("a")


def test_keys_do_not_know_of_each_other() -> None:
    allowances = Allowances(FakeTime(), burst=1, every_s=10)
    allowances.take("a")

    assert allowances.take("b") == 0


def test_however_many_keys_come_the_memory_for_them_has_an_end() -> None:
    allowances = Allowances(FakeTime(), burst=1, every_s=10)
    for number in range(1025):
        allowances.take(number)

    assert allowances.take(1024) > 0
    assert allowances.take(0) == 0, "the one that was seen least recently is forgotten"
