"""What a tour has at hand: people, the bucket of the thumbnails, faults, and clocks that go ahead of the world's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

from chalicelib import wiring
from chalicelib.domain.clock import utc_now
from chalicelib.services.sweeping import GRACE, SWEEP_INTERVAL
from infra.local.cloud import LocalCloud
from infra.local.faults import Delay, EventFaults, FaultPlan, Refuse
from infra.local.lambda_runner import running_function
from tests.e2e.bucket import Bucket
from tests.e2e.people import DeviceCaller, JsonObject, OwnerCaller
from tests.tiny_jpegs import tiny_jpeg

LATER = GRACE + timedelta(minutes=1)
NEXT_SWEEP = SWEEP_INTERVAL + LATER


class Meanwhile:
    """A clock that is `ahead` for one function, in which something happens once: when the function asks for the time
    and `when` holds. So two things that race in the world come in the order of the worst case.
    """

    def __init__(
        self,
        function: str,
        *,
        when: Callable[[], bool],
        happens: Callable[[], object],
        ahead: timedelta = timedelta(0),
    ) -> None:
        self._function = function
        self._when = when
        self._happens = happens
        self._ahead = ahead
        self.has_happened = False

    def __call__(self) -> datetime:
        if running_function() != self._function:
            return utc_now()
        if not self.has_happened and self._when():
            self.has_happened = True
            self._happens()
        return utc_now() + self._ahead


class Stage:
    """Of a tour; its parts are methods of what comes after."""

    def __init__(self, cloud: LocalCloud, owner: OwnerCaller, devices: ExitStack) -> None:
        self._cloud = cloud
        self._owner = owner
        self._devices = devices
        self._captures = Bucket(cloud.client("s3"), cloud.outputs.captures_bucket)
        self._derived = Bucket(cloud.client("s3"), cloud.outputs.derived_bucket)

    def _device(self) -> DeviceCaller:
        return self._devices.enter_context(DeviceCaller(self._cloud.api_url, self._owner.pair()["pairing_code"]))

    def _processed(self, device: DeviceCaller, seq: int) -> JsonObject:
        device.send(seq, tiny_jpeg(seq))
        self._cloud.settle()
        return self._owner.item(device.device_id, seq)

    def _delete(self, device: DeviceCaller, seq: int) -> None:
        self._owner.ask("DELETE", f"/items/{device.device_id}/{seq}")

    def _faults(self, *, drop: int = 0, duplicate: int = 0, delay: Delay | None = None) -> None:
        self._cloud.faults.add(FaultPlan(events=EventFaults(drop=drop, duplicate=duplicate, delay=delay)))

    def _refuse(self, method: str, count: int = 1) -> None:
        """In a way that the app does not try again."""
        self._cloud.faults.add(FaultPlan(refuse=Refuse(count=count, status=403, code="AccessDenied", method=method)))

    def _reconcile(self, ahead: timedelta) -> None:
        self._cloud.settle()
        with self._clock(lambda: utc_now() + ahead):
            self._cloud.run_schedule()

    @contextmanager
    def _meanwhile(
        self, function: str, device: DeviceCaller, happens: Callable[[], object], ahead: timedelta = timedelta(0)
    ) -> Iterator[None]:
        """It happens when the function has written the device's first thumbnails and is about to write an item."""

        def thumbnails() -> bool:
            return self._derived.of_device(device.device_id) != []

        clock = Meanwhile(function, when=thumbnails, happens=happens, ahead=ahead)
        with self._clock(clock):
            yield
        assert clock.has_happened

    @contextmanager
    def _clock(self, clock: Callable[[], datetime]) -> Iterator[None]:
        real = wiring.current()
        wiring.install(self._cloud.new_stacks(clock))
        try:
            yield
        finally:
            wiring.install(real)
