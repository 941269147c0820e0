"""A tour of all that the functions ever ask of AWS, through the API, S3, the events and the schedule."""

from __future__ import annotations

import time

from chalicelib import wiring
from chalicelib.services.reconcile import OBJECT_DEADLINE
from infra.deploying.target import PROCESSING_FUNCTION, RECONCILER_FUNCTION
from infra.local.faults import Delay
from tests.e2e.pack_tour import PackTour
from tests.e2e.people import DeviceCaller, sha256_hex
from tests.e2e.stage import LATER, NEXT_SWEEP, Meanwhile, Stage
from tests.tiny_jpegs import tiny_jpeg

_POLL_S = 0.02
_PATIENCE_S = 20.0


class Tour(Stage):
    """Each method is a part of it, on a device of its own."""

    def run(self) -> None:
        wiring.install(self._cloud.new_stacks())
        for part in (
            self.a_devices_life,
            self.its_inbox,
            self.uploads_and_what_becomes_of_them,
            self.images_in_a_body,
            self.what_anybody_may_ask,
            self.what_is_no_photo,
            self.a_seq_taken_twice,
            self.deletions,
            self.a_seq_taken_while_processing,
            self.a_confirmation_while_processing,
            self.a_dead_letter,
            self.missed_events,
            self.a_seq_taken_twice_unseen,
            self.an_object_that_never_comes,
            self.a_deletion_that_broke_off,
            self.a_confirmation_while_reconciling,
            self.a_reconciler_that_fails,
            *PackTour(self._cloud, self._owner, self._devices).parts(),
        ):
            part()
            self._cloud.settle()

    def a_devices_life(self) -> None:
        device = self._device()
        path = f"/devices/{device.device_id}"
        assert len(self._owner.ask("GET", "/devices")["items"]) == 1
        self._owner.ask("GET", path)
        self._owner.ask("PATCH", path, json={"name": "door", "settings": {"interval_s": 60}})
        device.ask("POST", "/devices/heartbeat", json={"battery_percent": 83})
        assert [one["battery_percent"] for one in self._owner.ask("GET", f"{path}/health")["items"]] == [83]
        assert self._owner.ask("GET", f"{path}/conflicts")["items"] == []
        device.use(device.ask("POST", "/devices/token")["device_token"])
        device.ask("GET", "/devices/commands")
        assert device.call("POST", "/devices/activate", json={"pairing_code": "00000-00000"}).status_code == 400
        self._owner.ask("POST", f"{path}/pair")
        self._owner.ask("DELETE", path)
        assert device.call("GET", "/devices/commands").status_code == 403

    def its_inbox(self) -> None:
        device = self._device()
        path = f"/devices/{device.device_id}"
        self._owner.ask("POST", f"{path}/commands", json={"kind": "pause", "duration_s": 60})
        self._owner.ask("POST", f"{path}/commands", json={"kind": "resume"})
        (command, _) = device.ask("GET", "/devices/commands")["items"]
        device.ask("POST", f"/devices/commands/{command['command_id']}/ack", json={"status": "done"})
        assert len(self._owner.ask("GET", f"{path}/commands")["items"]) == 2
        device.ask("POST", "/devices/events", json={"kind": "motion", "score": 0.5})
        device.ask("POST", "/devices/events", json={"kind": "boot"})
        assert len(self._owner.events(device.device_id)) == 2

    def uploads_and_what_becomes_of_them(self) -> None:
        device = self._device()
        target = device.upload(1, tiny_jpeg(1))
        self._cloud.settle()
        # What processing guessed gives way to the better time that the device tells now.
        assert device.ingest(target, 1, sha256=sha256_hex(tiny_jpeg(1)))["receipt"]["state"] == "held"
        assert device.target(1, tiny_jpeg(1))["status"] == "duplicate"
        other = {"filename": "photo.jpg", "content_type": "image/jpeg", "seq": 1, "sha256": sha256_hex(tiny_jpeg(2))}
        assert device.call("POST", "/devices/upload-url", json=other).json()["next_seq"] == 2
        device.send(2, tiny_jpeg(2))
        early = device.target(3, tiny_jpeg(3))
        assert "receipt" not in device.ingest(early, 3)
        assert device.put(early, tiny_jpeg(3)).status_code == 200
        assert device.put(early, tiny_jpeg(3)).status_code == 412
        self._cloud.settle()
        assert [item["seq"] for item in self._owner.items(device_id=device.device_id, limit=1)] == [3, 2, 1]
        item = self._owner.item(device.device_id, 1)
        assert self._owner.photo(item) == tiny_jpeg(1)
        assert self._owner.thumbnail(item)

    def images_in_a_body(self) -> None:
        device = self._device()
        first = device.post_image(tiny_jpeg(1)).json()
        assert device.post_image(tiny_jpeg(1)).json()["seq"] == first["seq"]
        assert device.post_image(tiny_jpeg(2), seq=first["seq"]).status_code == 409

    def what_anybody_may_ask(self) -> None:
        for path in ("/health", "/openapi.json", "/console.json", "/"):
            assert self._owner.api.get(path).status_code == 200
        assert self._owner.api.get("/assets/none.000000000000.js").status_code == 404

    def what_is_no_photo(self) -> None:
        device = self._device()
        device.upload(1, b"no JPEG")
        self._cloud.settle()
        assert self._owner.item(device.device_id, 1)["status"] == "rejected"

    def a_seq_taken_twice(self) -> None:
        device = self._device()
        self._put_both(device)
        self._cloud.settle()
        assert [event["kind"] for event in self._owner.events(device.device_id)] == ["conflict"]

    def deletions(self) -> None:
        device = self._device()
        item = self._processed(device, 1)
        self._delete(device, 1)
        assert self._owner.s3.get(item["photo"]["url"]).status_code == 404
        assert self._owner.s3.get(item["thumbnail"]["url"]).status_code == 404
        late = device.target(1, filename="again.jpg")
        assert device.put(late, tiny_jpeg(1)).status_code == 200
        self._cloud.settle()
        self._faults(delay=Delay(count=1, seconds=0.3))
        device.send(2, tiny_jpeg(2))
        self._delete(device, 2)
        self._cloud.settle()
        assert self._owner.items(device_id=device.device_id) == []

    def a_seq_taken_while_processing(self) -> None:
        """By what is no photo, and so has no thumbnail: that of the photo has to go."""
        device = self._device()
        photo, other = device.target(1, tiny_jpeg(1)), device.target(1, filename="other.jpg")

        def overtake() -> None:
            assert device.put(other, b"no JPEG").status_code == 200
            give_up_at = time.monotonic() + _PATIENCE_S
            while not self._owner.has_item(device.device_id, 1) and time.monotonic() < give_up_at:
                time.sleep(_POLL_S)

        with self._meanwhile(PROCESSING_FUNCTION, device, overtake):
            assert device.put(photo, tiny_jpeg(1)).status_code == 200
            self._cloud.settle()
        assert self._owner.item(device.device_id, 1)["status"] == "rejected"
        assert self._derived.of_device(device.device_id) == []

    def a_confirmation_while_processing(self) -> None:
        device = self._device()
        target = device.target(1, tiny_jpeg(1))
        with self._meanwhile(PROCESSING_FUNCTION, device, lambda: device.ingest(target, 1)):
            assert device.put(target, tiny_jpeg(1)).status_code == 200
            self._cloud.settle()
        assert len(self._owner.items(device_id=device.device_id)) == 1

    def a_dead_letter(self) -> None:
        device = self._device()
        target = device.target(1, tiny_jpeg(1))
        self._refuse("GET", count=3)
        letters = len(self._cloud.dead_letters)
        assert device.put(target, tiny_jpeg(1)).status_code == 200
        self._cloud.settle()
        assert len(self._cloud.dead_letters) == letters + 1

    def missed_events(self) -> None:
        device = self._device()
        self._faults(drop=2)
        device.send(1, tiny_jpeg(1))
        device.upload(2, tiny_jpeg(2))
        self._reconcile(NEXT_SWEEP)
        assert {item["seq"] for item in self._owner.items(device_id=device.device_id)} == {1, 2}

    def a_seq_taken_twice_unseen(self) -> None:
        device = self._device()
        self._faults(drop=2)
        self._put_both(device)
        self._reconcile(NEXT_SWEEP)
        assert [event["kind"] for event in self._owner.events(device.device_id)] == ["conflict"]

    def an_object_that_never_comes(self) -> None:
        device = self._device()
        device.ingest(device.target(1, tiny_jpeg(1)), 1)
        self._reconcile(OBJECT_DEADLINE + LATER)
        assert [event["kind"] for event in self._owner.events(device.device_id)] == ["object_missing"]

    def a_deletion_that_broke_off(self) -> None:
        device = self._device()
        self._processed(device, 1)
        self._refuse("POST")
        assert self._owner.call("DELETE", f"/items/{device.device_id}/1").status_code == 500
        assert self._derived.of_device(device.device_id)
        self._reconcile(LATER)
        assert self._derived.of_device(device.device_id) == []

    def a_confirmation_while_reconciling(self) -> None:
        device = self._device()
        target = device.target(1, tiny_jpeg(1))
        self._faults(drop=1)
        assert device.put(target, tiny_jpeg(1)).status_code == 200
        with self._meanwhile(RECONCILER_FUNCTION, device, lambda: device.ingest(target, 1), NEXT_SWEEP):
            self._cloud.run_schedule()
        assert len(self._owner.items(device_id=device.device_id)) == 1

    def a_reconciler_that_fails(self) -> None:
        def fail() -> None:
            raise RuntimeError("as told")

        clock = Meanwhile(RECONCILER_FUNCTION, when=lambda: True, happens=fail)
        with self._clock(clock):
            try:
                self._cloud.run_schedule()
            except RuntimeError:
                return
        raise AssertionError("it ran to its end")

    def _put_both(self, device: DeviceCaller) -> None:
        for number in (1, 2):
            target = device.target(1, filename=f"{number}.jpg")
            assert device.put(target, tiny_jpeg(number)).status_code == 200
