"""The part of the tour with packs: syncs, what becomes of a pack, deleting and forgetting in it, and lost events."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import timedelta

from chalicelib.domain.clock import utc_now
from infra.deploying.target import PROCESSING_FUNCTION, RECONCILER_FUNCTION
from tests.e2e.packing import TEN, Offered, believed, pack, receipts, send, shots, single, sync, taken_at, text
from tests.e2e.people import DeviceCaller
from tests.e2e.stage import LATER, NEXT_SWEEP, Meanwhile, Stage
from tests.pack_files import BOOT_ID, Shot
from tests.tiny_jpegs import tiny_jpeg

CLOCK = {"boot_id": BOOT_ID, "uptime_ms": 3_600_000, "next_seq": 100}


class PackTour(Stage):
    """Each method is a part of it, on a device of its own."""

    def parts(self) -> Sequence[Callable[[], None]]:
        return (
            self.one_round_trip,
            self.packs_and_their_pictures,
            self.a_conflict_in_a_pack,
            self.what_a_pack_may_not_bring_back,
            self.a_copy_of_what_is_held,
            self.a_pack_begun_and_taken_up_again,
            self.what_is_no_pack,
            self.deletions_in_a_pack,
            self.a_time_that_is_forgotten,
            self.lost_packs,
            self.a_pack_that_the_reconciler_began,
            self.a_deletion_in_a_pack_that_broke_off,
            self.a_time_that_the_reconciler_forgets,
        )

    def one_round_trip(self) -> None:
        device = self._device()
        path = f"/devices/{device.device_id}"
        self._owner.ask("POST", f"{path}/commands", json={"kind": "capture_now"})
        (command,) = sync(device)["commands"]
        told = {
            "health": {"battery_percent": 83},
            "clock": {**CLOCK, "oldest_seq": 1},
            "events": [{"kind": kind, "occurred_at": text(TEN)} for kind in ("motion", "paused", "resumed", "boot")]
            + [{"kind": "evicted", "occurred_at": text(TEN), "first_seq": 1, "last_seq": 3}],
            "acks": [{"command_id": command["command_id"]}],
            "settings_version": 0,
            "receipt_key_ids": ["r0"],
        }
        answer = sync(device, **told)
        assert (answer["events"], answer["acks"]) == (["accepted"] * 5, ["done"])
        assert answer["settings"]
        assert answer["receipt_keys"] == device.activation["receipt_keys"]
        assert sync(device, **told)["events"] == ["duplicate"] * 5
        earlier = {**CLOCK, "uptime_ms": 1_000}
        assert sync(device, clock=earlier).keys() == {"server_time", "settings_version", "settings"}
        alone = single(5, tiny_jpeg(5), boot_id=BOOT_ID, uptime_ms=5_000)
        send(device, pack(device, shots([4])), alone)
        self._cloud.settle()
        assert sync(device, objects=[alone.named])["objects"][0]["receipt"]
        day = {"from": text(TEN), "to": text(TEN + timedelta(days=1)), "device_id": device.device_id}
        assert {gap["reason"] for gap in self._owner.ask("GET", "/timeline", params=day)["gaps"]}
        assert self._owner.ask("GET", "/usage", params={"month": f"{TEN:%Y-%m}"})["items"]

    def packs_and_their_pictures(self) -> None:
        device = self._device()
        without_clock = Shot(5, tiny_jpeg(5), uptime_ms=1_800_000)
        synced, solved = pack(device, shots([1, 2, 3])), pack(device, [without_clock])
        self._faults(duplicate=1)
        send(device, synced, solved, clock=CLOCK)
        assert self._states(device, synced, solved) == ["held", "held"]
        self._cloud.settle()
        page = self._owner.page(device_id=device.device_id)
        assert [item["seq"] for item in page["items"]] == [5, 3, 2, 1]
        for item in page["items"]:
            assert self._owner.download(item["photo"], page["urls"]) == tiny_jpeg(item["seq"])
            assert self._owner.download(item["thumbnail"], page["urls"]).startswith(b"\xff\xd8")
        assert self._states(device, synced, solved) == ["held", "held"]

    def a_conflict_in_a_pack(self) -> None:
        device = self._device()
        device.send(2, tiny_jpeg(99))
        self._cloud.settle()
        packed = pack(device, shots([1, 2]))
        send(device, packed)
        (answer,) = receipts(device, packed)
        assert [each["seq"] for each in answer["except"]] == [2]
        self._cloud.settle()
        assert [event["kind"] for event in self._owner.events(device.device_id)] == ["conflict"]
        assert self._forget(device, 2, 3) == "done"
        assert not self._holds(packed.pack_key(device.device_id), tiny_jpeg(2))

    def what_a_pack_may_not_bring_back(self) -> None:
        """The thumbnails' file is removed by somebody before the first deletion looks for it."""
        device = self._device()
        for seq in (1, 2):
            self._processed(device, seq)
            self._delete(device, seq)
        packed = pack(device, shots([1, 3]))
        thumbnails = packed.thumbnails_key(device.device_id)
        with self._meanwhile(PROCESSING_FUNCTION, device, lambda: self._derived.remove(thumbnails)):
            send(device, packed)
            self._cloud.settle()
        send(device, pack(device, shots([2, 4])))
        self._cloud.settle()
        assert {item["seq"] for item in self._owner.items(device_id=device.device_id)} == {3, 4}

    def a_copy_of_what_is_held(self) -> None:
        device = self._device()
        device.send(2, tiny_jpeg(2))
        self._cloud.settle()
        send(device, pack(device, shots([1, 2])))
        self._cloud.settle()
        assert len(self._owner.items(device_id=device.device_id)) == 2

    def a_pack_begun_and_taken_up_again(self) -> None:
        """The times of its photos are better known when it is."""
        device = self._device()
        packed = pack(device, [Shot(seq, tiny_jpeg(seq), uptime_ms=60_000 * seq) for seq in (1, 2)])

        def come() -> None:
            send(device, packed)
            self._cloud.settle()

        self._begun_by(PROCESSING_FUNCTION, device, come)
        assert len(self._owner.items(device_id=device.device_id)) == 2

    def what_is_no_pack(self) -> None:
        device = self._device()
        whole = shots([1, 2])
        send(device, pack(device, whole, body=b"no ZIP"), pack(device, whole, body=pack(device, whole).body[:-10]))
        self._cloud.settle()
        kinds = {event["kind"] for event in self._owner.events(device.device_id)}
        assert kinds == {"pack_rejected", "pack_damaged"}

    def deletions_in_a_pack(self) -> None:
        device = self._device()
        packed = pack(device, shots([1, 2]))
        send(device, packed)
        self._cloud.settle()
        self._delete(device, 1)
        (answer,) = receipts(device, packed)
        assert believed(device, packed, answer) == "held"
        self._delete(device, 2)
        assert self._owner.items(device_id=device.device_id) == []

    def a_time_that_is_forgotten(self) -> None:
        device = self._device()
        send(device, pack(device, shots([1, 2, 3])))
        self._cloud.settle()
        assert self._forget(device, 1, 3) == "done"
        assert [command["kind"] for command in sync(device)["commands"]] == ["forget"]
        send(device, pack(device, shots([0, 1])))
        self._cloud.settle()
        send(device, single(9, tiny_jpeg(9), captured_at=text(taken_at(2)), ntp_synced=True))
        self._cloud.settle()
        assert {item["seq"] for item in self._owner.items(device_id=device.device_id)} == {0, 3}

    def lost_packs(self) -> None:
        device = self._device()
        self._processed(device, 1)
        self._delete(device, 1)
        device.send(3, tiny_jpeg(3))
        self._cloud.settle()
        self._faults(drop=2)
        without_clock = Shot(5, tiny_jpeg(5), uptime_ms=1_800_000)
        send(device, pack(device, shots([1, 2, 3])), pack(device, [without_clock]), clock=CLOCK)
        self._reconcile(NEXT_SWEEP)
        assert {item["seq"] for item in self._owner.items(device_id=device.device_id)} == {2, 3, 5}

    def a_pack_that_the_reconciler_began(self) -> None:
        device = self._device()
        self._faults(drop=1)
        packed = pack(device, [Shot(seq, tiny_jpeg(seq), uptime_ms=60_000 * seq) for seq in (1, 2)])
        send(device, packed)
        self._begun_by(RECONCILER_FUNCTION, device, self._cloud.run_schedule, ahead=NEXT_SWEEP)
        self._reconcile(2 * NEXT_SWEEP)
        assert len(self._owner.items(device_id=device.device_id)) == 2

    def a_deletion_in_a_pack_that_broke_off(self) -> None:
        device = self._device()
        packed = pack(device, shots([1, 2, 3]))
        send(device, packed)
        self._cloud.settle()
        for seq in (1, 2):
            self._refuse("PUT")
            assert self._owner.call("DELETE", f"/items/{device.device_id}/{seq}").status_code == 500
            self._reconcile(LATER)
            assert not self._holds(packed.pack_key(device.device_id), tiny_jpeg(seq))
            self._derived.remove(packed.thumbnails_key(device.device_id))

    def a_time_that_the_reconciler_forgets(self) -> None:
        device = self._device()
        device.send(2, tiny_jpeg(99))
        self._cloud.settle()
        packed = pack(device, shots([1, 2, 3]))
        send(device, packed)
        self._cloud.settle()
        minutes = itertools.count()
        with self._clock(lambda: utc_now() + next(minutes) * timedelta(minutes=1)):
            assert self._forget(device, 1, 3) == "going_on"
        self._reconcile(NEXT_SWEEP)
        assert {item["seq"] for item in self._owner.items(device_id=device.device_id)} == {2, 3}
        assert not self._holds(packed.pack_key(device.device_id), tiny_jpeg(2))

    def _begun_by(
        self, function: str, device: DeviceCaller, come: Callable[[], None], ahead: timedelta = timedelta(0)
    ) -> None:
        """The function dies between the rows of a pack and its last item. Then the device tells how old they are."""

        def die() -> None:
            sync(device, clock=CLOCK)
            raise RuntimeError("as told")

        def has_rows() -> bool:
            return self._owner.items(device_id=device.device_id) != []

        clock = Meanwhile(function, when=has_rows, happens=die, ahead=ahead)
        with self._clock(clock):
            come()
        assert clock.has_happened

    def _states(self, device: DeviceCaller, *offered: Offered) -> list[str]:
        answers = receipts(device, *offered)
        return [believed(device, each, answer) for each, answer in zip(offered, answers, strict=True)]

    def _holds(self, key: str, jpeg: bytes) -> bool:
        return any(jpeg in body for body in self._captures.all_bodies(key))

    def _forget(self, device: DeviceCaller, first: int, after: int) -> str:
        told = {"from": text(taken_at(first)), "to": text(taken_at(after))}
        return str(self._owner.ask("POST", f"/devices/{device.device_id}/forget", json=told)["status"])
