"""A sync is a question asked over a bad line: told again, twice or in another order, it leaves the same behind."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.device import CardQueue, Device, Health
from chalicelib.domain.ids import Seq
from chalicelib.domain.inbox import CommandKind, CommandStatus, EventKind
from chalicelib.services import inbox
from chalicelib.services.offers import PackOffer, SingleOffer
from chalicelib.services.sync import Acknowledgement, Happened, Synced, Told, Uptime, sync
from tests.fakes.clock import START
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.fakes.world import FakeWorld
from tests.services.conftest import OWNER, new_device

SECOND = timedelta(seconds=1)
COMMANDS = 3
UNKNOWN_COMMAND = "0" * 26

seqs = st.integers(0, 60).map(Seq)
digests = st.sampled_from([sha256(bytes([n])).hexdigest() for n in range(4)])
booleans = st.booleans()
uptimes = st.builds(
    lambda boot, uptime_ms, seq: Uptime(f"{boot:016x}", uptime_ms, CardQueue(seq)),
    st.integers(0, 2),
    st.integers(0, 1000),
    seqs,
)
motions = st.builds(
    # Of two motions within 5 s the first that is told is kept, so that only these depend on the order.
    lambda n: Happened(EventKind.MOTION, START - 10 * n * SECOND, {"score": n}),
    st.integers(0, 20),
)
states = st.builds(
    lambda kind, n: Happened(kind, START - n * SECOND, {}),
    st.sampled_from([EventKind.PAUSED, EventKind.RESUMED, EventKind.BOOT, EventKind.ERROR]),
    st.integers(0, 5),
)
evictions = st.builds(
    lambda first, count, n: Happened(
        EventKind.EVICTED, START - SECOND, {"first_seq": first, "last_seq": first + count}
    ),
    seqs,
    st.integers(0, 5),
    st.integers(0, 3),
)
packs = st.builds(
    lambda first, count, digest, sent: PackOffer(first, Seq(first + count), 1000, digest, sent),
    seqs,
    st.integers(0, 20),
    digests,
    booleans,
)
singles = st.builds(SingleOffer, seqs, st.just(1), digests, booleans)
acks = st.integers(0, COMMANDS)
"""Which command; the last one does not exist."""


@st.composite
def tellings(draw: st.DrawFn) -> tuple[Told, list[int]]:
    told = Told(
        health=draw(st.none() | st.just(Health(battery_percent=50))),
        uptime=draw(st.none() | uptimes),
        events=draw(st.lists(motions | states | evictions, max_size=5)),
        offers=draw(st.lists(packs | singles, max_size=5)),
    )
    return told, draw(st.lists(acks, max_size=3))


class Line:
    """One device, its commands, and some objects in the bucket."""

    def __init__(self, present: Sequence[PackOffer | SingleOffer]) -> None:
        self.world = FakeWorld.new()
        self.device, _ = new_device(self.world)
        self._commands = [
            inbox.command(
                OWNER,
                self.device.device_id,
                CommandKind.CAPTURE_NOW,
                None,
                stores=self.world,
                clock=self.world.clock,
                entropy=self.world.entropy,
            ).command_id
            for _ in range(COMMANDS)
        ]
        for offer in present:
            self.world.captures.upload(offer.key(self.device.device_id), bytes(offer.size_bytes))
        self.ask((Told(), []))

    def ask(self, telling: tuple[Told, list[int]], world: FakeWorld | None = None) -> Synced:
        told, acked = telling
        ids = [*self._commands, UNKNOWN_COMMAND]
        # Of two different outcomes of a command the first counts: each command has one.
        outcomes = [CommandStatus.DONE, CommandStatus.FAILED]
        acks = [Acknowledgement(ids[n], outcomes[n % 2], None) for n in acked]
        stores = world or self.world
        return sync(
            self._known(),
            replace(told, acks=acks),
            stores=stores,
            signer=self.world.upload_signer,
            keys=self.world.receipt_keys,
            clock=self.world.clock,
        )

    def _known(self) -> Device:
        device = self.world.devices.get(self.device.device_id)
        assert device is not None
        return device

    def left_behind(self, *, with_last_word: bool) -> dict[str, Any]:
        """All that is stored. The last word on health and card is the newest one's, whatever it says."""
        stores = ("items", "timeline", "inbox", "clocks", "ranges", "captures", "derived")
        found = {name: copy.deepcopy(vars(getattr(self.world, name))) for name in stores}
        for state in found.values():
            state.pop("_clock", None)
        known = self._known()
        found["device"] = (known.health, known.upcoming_seq, known.oldest_seq) if with_last_word else {}
        return found


def line_after(
    tellings: Sequence[tuple[Told, list[int]]], present: Sequence[PackOffer | SingleOffer]
) -> tuple[Line, list[Synced]]:
    line = Line(present)
    return line, [line.ask(telling) for telling in tellings]


@given(st.lists(tellings(), max_size=5), st.lists(packs | singles, max_size=3))
def test_a_sync_that_is_told_twice_changes_nothing_twice(
    told: list[tuple[Told, list[int]]], present: list[PackOffer | SingleOffer]
) -> None:
    once, _ = line_after(told, present)
    twice, _ = line_after([each for telling in told for each in (telling, telling)], present)

    assert twice.left_behind(with_last_word=True) == once.left_behind(with_last_word=True)


@given(tellings(), st.lists(packs | singles, max_size=3))
def test_a_sync_that_is_told_again_is_answered_as_before_about_its_objects(
    told: tuple[Told, list[int]], present: list[PackOffer | SingleOffer]
) -> None:
    _, (first, again) = line_after([told, told], [*present, *told[0].offers[:1]])

    assert (again.answers, again.uploads, again.acks) == (first.answers, first.uploads, first.acks)
    assert all(
        new == "duplicate" or new == old == "rate_limited" for new, old in zip(again.events, first.events, strict=True)
    )


@given(st.lists(tellings(), max_size=5), st.randoms(use_true_random=False), st.lists(packs | singles, max_size=3))
def test_the_order_of_syncs_does_not_matter_but_for_the_last_word_on_health_and_card(
    told: list[tuple[Told, list[int]]], random: Random, present: list[PackOffer | SingleOffer]
) -> None:
    shuffled = random.sample(told + told, 2 * len(told))

    in_order, _ = line_after(told, present)
    mixed, _ = line_after(shuffled, present)

    assert mixed.left_behind(with_last_word=False) == in_order.left_behind(with_last_word=False)


@given(tellings(), st.integers(1, 30), st.booleans())
def test_a_sync_that_broke_off_anywhere_is_complete_when_it_is_told_again(
    told: tuple[Told, list[int]], nth: int, after: bool
) -> None:
    whole, _ = line_after([told], [])
    broken, crashes = Line([]), Crashes()
    (crashes.after if after else crashes.before)(nth)
    try:
        broken.ask(told, broken.world.mortal(crashes))
    except SimulatedCrash:
        broken.ask(told)

    assert broken.left_behind(with_last_word=True) == whole.left_behind(with_last_word=True)


@given(tellings())
def test_a_sync_writes_no_item_and_no_object(told: tuple[Told, list[int]]) -> None:
    line, _ = line_after([told], [])

    assert line.world.items.all() == []
    assert line.world.timeline.all() == []
    assert line.world.captures.keys() == line.world.derived.keys() == []
