"""The whole local cloud, once for all tests of this folder that run in one process.

Not once a session: other tests of the process have clouds of their own, and one moto holds only one.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import wiring
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


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> Iterator[LocalCloud]:
    """After each test no fault is left, no event is on its way, and none of its devices is there for a reconciler to
    look at; those stay that were there before it.

    So every test is one of least privilege: what a function was denied fails it, however well the app coped.
    """
    running_cloud.access.forget()
    before = device_ids(running_cloud)
    yield running_cloud
    running_cloud.faults.clear()
    running_cloud.settle()
    remove_devices(running_cloud, but=before)
    assert not running_cloud.access.denied


def device_ids(cloud: LocalCloud) -> set[str]:
    rows = cloud.client("dynamodb").scan(TableName=cloud.outputs.devices_table, ProjectionExpression="device_id")
    return {row["device_id"]["S"] for row in rows["Items"]}


def remove_devices(cloud: LocalCloud, but: Collection[str] = ()) -> None:
    dynamodb, table = cloud.client("dynamodb"), cloud.outputs.devices_table
    for device_id in device_ids(cloud) - set(but):
        dynamodb.delete_item(TableName=table, Key={"device_id": {"S": device_id}})


def take_dead_letters(cloud: LocalCloud) -> list[Any]:
    """The records that are in the stack's queue, in the order of their times; it is empty afterwards."""
    sqs, url = cloud.client("sqs"), cloud.outputs.dead_letter_queue_url
    taken: list[Any] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        taken += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(taken, key=lambda record: str(record["timestamp"]))


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
        wiring.install(cloud.new_stacks(lambda: utc_now() + by))
        try:
            yield
        finally:
            wiring.install(real)

    return moved
