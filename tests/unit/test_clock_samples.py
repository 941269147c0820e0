"""Wall time from uptimes: for any history of boots, syncs and captures, and for what a device should not say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.capture_time import Confidence
from chalicelib.domain.clock_samples import BootSamples, ClockSample, solve
from chalicelib.domain.ids import Seq

START = datetime(2026, 5, 4, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)
MOST_LATE = timedelta(seconds=20)
A, B, C = "a" * 16, "b" * 16, "c" * 16


@dataclass(frozen=True)
class Taken:
    """A capture, and the truth."""

    boot_id: str
    uptime_ms: int
    seq: Seq
    at: datetime


@dataclass
class History:
    captures: list[Taken] = field(default_factory=list)
    samples: list[ClockSample] = field(default_factory=list)

    @property
    def kept(self) -> list[ClockSample]:
        """What a ClockStore keeps of the samples."""
        boots: dict[str, BootSamples] = {}
        for each in self.samples:
            boots[each.boot_id] = boots.get(each.boot_id, BootSamples(each, each)).with_sample(each)
        return [sample for boot in boots.values() for sample in (boot.first, boot.last)]


def sample(boot_id: str, uptime_s: float, next_seq: int, at_s: float) -> ClockSample:
    return ClockSample(boot_id, round(uptime_s * 1000), Seq(next_seq), START + at_s * SECOND)


STEPS = st.lists(
    st.tuples(st.sampled_from(("capture", "sync", "reboot")), st.integers(1, 100_000), st.integers(0, 20_000)),
    max_size=40,
)
"""What happens, how many ms after the step before, and how late a sync arrives."""


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A device's life: it reboots, skips seqs while it does, takes captures, and syncs with some delay."""
    lived, now, seq, boot, began = History(), START, 0, 0, START
    arrived = START
    for what, wait_ms, late_ms in draw(STEPS):
        now += wait_ms * MS
        boot_id, uptime_ms = f"{boot:016x}", round((now - began) / MS)
        if what == "reboot":
            boot, began, seq = boot + 1, now, seq + late_ms % 5
        elif what == "capture":
            lived.captures.append(Taken(boot_id, uptime_ms, Seq(seq), now))
            seq += 1
        else:
            # A device has one sync under way at a time: the next one leaves when the answer is there.
            arrived = max(arrived, now + late_ms * MS)
            lived.samples.append(ClockSample(boot_id, uptime_ms, Seq(seq), arrived))
            now = arrived
    return lived


@given(histories())
def test_a_solved_time_is_as_late_as_its_samples_at_most(lived: History) -> None:
    for taken in lived.captures:
        found = solve(taken.boot_id, taken.uptime_ms, taken.seq, lived.kept)
        has_samples = any(each.boot_id == taken.boot_id for each in lived.samples)
        assert (found is not None and found.confidence is Confidence.SOLVED) == has_samples
        if found is not None and found.confidence is Confidence.SOLVED:
            assert -MS <= found.at - taken.at <= MOST_LATE + MS
            assert found.earliest is None
            assert found.latest is None


@given(histories())
def test_a_bounded_interval_holds_the_truth(lived: History) -> None:
    for taken in lived.captures:
        found = solve(taken.boot_id, taken.uptime_ms, taken.seq, lived.kept)
        if found is not None and found.confidence is Confidence.BOUNDED:
            assert found.earliest is not None
            assert found.latest is not None
            assert found.earliest <= found.at <= found.latest
            assert found.earliest - MOST_LATE <= taken.at <= found.latest


@given(histories())
def test_an_interval_is_known_as_soon_as_there_are_samples_on_both_sides(lived: History) -> None:
    for taken in lived.captures:
        others = [each for each in lived.samples if each.boot_id != taken.boot_id]
        if others == lived.samples and taken.uptime_ms > MOST_LATE / MS:
            sides = {each.next_seq > taken.seq for each in others}
            found = solve(taken.boot_id, taken.uptime_ms, taken.seq, lived.kept)
            assert found is not None or len(sides) < 2 or _is_crowded(taken, others)


def _is_crowded(taken: Taken, others: list[ClockSample]) -> bool:
    """The sample before arrived so late that the boot seems to have ended before it began."""
    before = max(each.at for each in others if each.next_seq <= taken.seq)
    after = min(each.began_at for each in others if each.next_seq > taken.seq)
    return before + taken.uptime_ms * MS > after


@given(histories())
def test_times_of_one_boot_rise_with_seq(lived: History) -> None:
    by_boot: dict[str, list[datetime]] = {}
    for taken in lived.captures:
        found = solve(taken.boot_id, taken.uptime_ms, taken.seq, lived.kept)
        if found is not None:
            by_boot.setdefault(taken.boot_id, []).append(found.at)
    assert all(times == sorted(times) for times in by_boot.values())


@given(histories())
def test_no_interval_says_that_a_later_capture_was_earlier(lived: History) -> None:
    earliest = START - MOST_LATE
    for taken in lived.captures:
        found = solve(taken.boot_id, taken.uptime_ms, taken.seq, lived.kept)
        if found is not None:
            assert (found.latest or found.at) >= earliest - MOST_LATE - MS
            earliest = max(earliest, found.earliest or found.at)


@given(histories(), st.randoms(use_true_random=False))
def test_what_is_kept_of_a_boot_does_not_depend_on_order_or_repeats(lived: History, random: Random) -> None:
    once = lived.kept
    again = History(samples=[*lived.samples, *lived.samples])
    random.shuffle(again.samples)

    assert sorted(again.kept, key=repr) == sorted(once, key=repr)


def test_a_capture_between_two_samples_lies_on_the_line_between_them() -> None:
    """An oscillator that loses a second in 100: neither sample alone would tell."""
    samples = [sample(A, 0, 0, 0), sample(A, 99, 5, 100)]

    found = solve(A, 49_500, Seq(2), samples)

    assert found is not None
    assert found.at == START + 50 * SECOND


@pytest.mark.parametrize(("uptime_s", "at_s"), [(5, -5), (25, 15)])
def test_a_capture_before_or_after_all_samples_counts_from_the_nearest(uptime_s: int, at_s: int) -> None:
    found = solve(A, uptime_s * 1000, Seq(0), [sample(A, 10, 1, 0), sample(A, 20, 2, 10)])

    assert found is not None
    assert found.at == START + at_s * SECOND


def test_a_sample_that_was_overtaken_by_a_later_one_does_not_count() -> None:
    overtaken, prompt = sample(A, 0, 0, 30), sample(A, 5, 1, 5)

    found = solve(A, 2_000, Seq(0), [overtaken, prompt])

    assert found is not None
    assert found.at == START + 2 * SECOND


def test_a_boot_without_a_sample_lies_between_its_neighbours() -> None:
    before, after = sample(A, 100, 5, 100), sample(C, 10, 9, 210)

    found = solve(B, 20_000, Seq(6), [before, after])

    assert found is not None
    assert (found.earliest, found.latest) == (START + 120 * SECOND, START + 200 * SECOND)
    assert found.at == START + 160 * SECOND
    assert found.confidence is Confidence.BOUNDED


@pytest.mark.parametrize("known", [(), (sample(A, 100, 5, 100),), (sample(C, 10, 9, 210),)])
def test_with_an_end_on_one_side_only_nothing_is_known(known: tuple[ClockSample, ...]) -> None:
    assert solve(B, 20_000, Seq(6), known) is None


def test_an_uptime_that_does_not_fit_between_its_neighbours_tells_nothing() -> None:
    assert solve(B, 10**9, Seq(6), [sample(A, 100, 5, 100), sample(C, 10, 9, 210)]) is None


@pytest.mark.parametrize("boot_id", [A, B])
@pytest.mark.parametrize("uptime_ms", [2**53 - 1, 2**64 - 1])
def test_an_uptime_beyond_all_calendars_tells_nothing(boot_id: str, uptime_ms: int) -> None:
    own, later = sample(A, 0, 5, 100), replace(sample(C, 0, 9, 210), uptime_ms=2**64 - 1)

    assert solve(boot_id, uptime_ms, Seq(6), [own, later]) is None


def test_a_time_before_2000_tells_nothing() -> None:
    own = replace(sample(A, 0, 1, 0), uptime_ms=10**12)

    assert solve(A, 0, Seq(0), [own]) is None
