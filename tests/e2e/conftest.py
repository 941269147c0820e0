"""The whole local cloud, once for all tests of this folder that run in one process.

Not once a session: other tests of the process have clouds of their own, and one moto holds only one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta

import pytest

from chalicelib import settings, wiring
from chalicelib.domain.clock import utc_now
from infra.local.cloud import LocalCloud
from tests.e2e.bucket import Bucket
from tests.e2e.people import DeviceCaller, OwnerCaller

MoveClock = Callable[[timedelta], AbstractContextManager[None]]


@pytest.fixture(scope="package")
def running_cloud() -> Iterator[LocalCloud]:
    """The schedule runs when a test says so."""
    with LocalCloud(schedule_interval_s=100_000) as cloud:
        yield cloud
    wiring.reset()


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> Iterator[LocalCloud]:
    """After each test no fault is left, no event is on its way, and no device is there for a reconciler to look at."""
    yield running_cloud
    running_cloud.faults.clear()
    running_cloud.settle()
    dynamodb, table = running_cloud.client("dynamodb"), running_cloud.outputs.devices_table
    for row in dynamodb.scan(TableName=table, ProjectionExpression="device_id")["Items"]:
        dynamodb.delete_item(TableName=table, Key=row)


@pytest.fixture
def new_owner(cloud: LocalCloud) -> Iterator[Callable[[], OwnerCaller]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(OwnerCaller(cloud.api_url, cloud.new_owner(f"owner-{uuid.uuid4()}").token))


@pytest.fixture
def owner(new_owner: Callable[[], OwnerCaller]) -> OwnerCaller:
    return new_owner()


@pytest.fixture
def new_device(cloud: LocalCloud, owner: OwnerCaller) -> Iterator[Callable[[], DeviceCaller]]:
    """Devices of `owner`."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(DeviceCaller(cloud.api_url, owner.pair()["pairing_code"]))


@pytest.fixture
def device(new_device: Callable[[], DeviceCaller]) -> DeviceCaller:
    return new_device()


@pytest.fixture
def captures(cloud: LocalCloud) -> Bucket:
    return Bucket(cloud.client("s3"), cloud.outputs.captures_bucket)


@pytest.fixture
def derived(cloud: LocalCloud) -> Bucket:
    return Bucket(cloud.client("s3"), cloud.outputs.derived_bucket)


@pytest.fixture
def app_clock_moved(cloud: LocalCloud) -> MoveClock:
    """`with app_clock_moved(timedelta(...)):` the app, and nobody else, lives earlier or later."""

    @contextmanager
    def moved(by: timedelta) -> Iterator[None]:
        real = wiring.current()
        elsewhen = wiring.AwsStack(settings.from_environment())
        elsewhen.clock = lambda: utc_now() + by
        wiring.install(elsewhen)
        try:
            yield
        finally:
            wiring.install(real)

    return moved
