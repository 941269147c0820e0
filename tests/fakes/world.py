"""Everything that services take as arguments, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from chalicelib.domain.receipts import ReceiptKeys
from chalicelib.domain.tokens import Peppers
from chalicelib.services.ports import AtOnce
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.crashes import Crashes
from tests.fakes.objects import FakeCaptures, FakeDerived, FakeDownloadSigner, FakeUploadSigner
from tests.fakes.reported import FakeClocks, FakeConflicts, FakeHealth, FakeRanges
from tests.fakes.stores import FakeDevices, FakeInbox, FakeItems, FakePairings, FakeRates, FakeTimeline

_STORES = (
    "devices",
    "items",
    "timeline",
    "pairings",
    "rates",
    "inbox",
    "health",
    "clocks",
    "ranges",
    "conflicts",
    "captures",
    "derived",
)


@dataclass(frozen=True)
class FakeWorld:
    """One stack: `FakeWorld.new()`. Nothing outside it changes, and nothing in it but by calls."""

    clock: FakeClock
    entropy: FakeEntropy
    devices: FakeDevices
    items: FakeItems
    timeline: FakeTimeline
    pairings: FakePairings
    rates: FakeRates
    inbox: FakeInbox
    health: FakeHealth
    clocks: FakeClocks
    ranges: FakeRanges
    conflicts: FakeConflicts
    captures: FakeCaptures
    derived: FakeDerived
    upload_signer: FakeUploadSigner
    download_signer: FakeDownloadSigner
    thumbnail_signer: FakeDownloadSigner
    peppers: Peppers = field(default_factory=lambda: Peppers("p1", {"p1": bytes(range(32))}))
    receipt_keys: ReceiptKeys = field(default_factory=lambda: ReceiptKeys("r1", {"r1": bytes(range(32, 64))}))

    @property
    def at_once(self) -> AtOnce:
        """One after the other."""
        return map

    @classmethod
    def new(cls, seed: int = 0) -> FakeWorld:
        clock = FakeClock()
        return cls(
            clock=clock,
            entropy=FakeEntropy(seed),
            devices=FakeDevices(),
            items=FakeItems(),
            timeline=FakeTimeline(),
            pairings=FakePairings(),
            rates=FakeRates(),
            inbox=FakeInbox(clock),
            health=FakeHealth(),
            clocks=FakeClocks(),
            ranges=FakeRanges(),
            conflicts=FakeConflicts(),
            captures=FakeCaptures(clock),
            derived=FakeDerived(clock),
            upload_signer=FakeUploadSigner(clock),
            download_signer=FakeDownloadSigner(clock),
            thumbnail_signer=FakeDownloadSigner(clock, "derived.test"),
        )

    def mortal(self, crashes: Crashes) -> FakeWorld:
        """The same stack (state, clock and all), seen by a process that dies where `crashes` says."""
        stores: dict[str, Any] = {
            each.name: crashes.around(getattr(self, each.name)) for each in fields(self) if each.name in _STORES
        }
        return replace(self, **stores)
