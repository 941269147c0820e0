"""One device and its cloud, of which any process may die on the way or be overtaken by others."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from chalicelib.domain.device import Device
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.ids import OwnerId, Seq
from chalicelib.domain.item import Item
from chalicelib.domain.rates import Rate
from chalicelib.services.processing import process_object
from chalicelib.services.reconcile import MAX_ATTEMPTS, reconcile
from chalicelib.services.sweeping import FULL_SWEEP_INTERVAL
from tests.fakes.crashes import Crashes, SimulatedCrash
from tests.fakes.world import FakeWorld
from tests.pack_files import DEVICE

OWNER = OwnerId("owner-1")
_GENEROUS = Rate(per_minute=60_000, burst=60_000)
Crash = tuple[str, int] | None


def crashes(most_calls: int) -> st.SearchStrategy[Crash]:
    """When a process dies, or is overtaken: at which of its calls."""
    return st.none() | st.tuples(st.sampled_from(["before", "after", "overtaken"]), st.integers(1, most_calls))


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


class CloudMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = FakeWorld.new()
        self.crashes = Crashes()
        self.mortal = self.world.mortal(self.crashes)
        self.world.devices.create(Device(DEVICE, OWNER, "camera", self.world.clock()))
        self.seen: dict[Seq, Item] = {}
        self.events: list[tuple[str, str | None]] = []
        """That are due; S3 may tell them again."""

    @property
    def device(self) -> Device:
        device = self.world.devices.get(DEVICE)
        assert device is not None
        return device

    def run(self, crash: Crash, step: Callable[[], object]) -> bool:
        """One call to the cloud, in a process of its own that may die on the way, or be overtaken by others. Whether it
        came to its end.
        """
        match crash:
            case ("before", nth):
                self.crashes.before(nth)
            case ("after", nth):
                self.crashes.after(nth)
            case (_, nth):
                self.crashes.meanwhile(nth, self.everything_else_happens)
        try:
            step()
        except (Conflict, NotFound):
            pass
        except SimulatedCrash:
            return False
        finally:
            self.crashes.disarm()
        return True

    def everything_else_happens(self) -> None:
        """Other processes handle what is due; the events stay."""
        for key, version_id in self.events:
            process_object(key, version_id, stores=self.world, clock=self.world.clock)

    def everything_becomes_quiet(self) -> None:
        """Whatever happened: now every event is told, and the reconciler has all the time that it wants."""
        self.everything_else_happens()
        for _ in range(MAX_ATTEMPTS + 2):
            self.world.clock.advance(FULL_SWEEP_INTERVAL.total_seconds() / 3)
            self.begin()
            assert reconcile(stores=self.world, clock=self.world.clock).errors == []

    @initialize()
    def begin(self) -> None:
        self.world.devices.touch(DEVICE, self.world.clock(), _GENEROUS)
