"""Every store twice: in memory, and the real one over moto with the resources of infra/template.yaml."""

from __future__ import annotations

import base64
import itertools
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

import infra.local.moto_listing
import infra.local.moto_resources
import infra.local.moto_thrift  # noqa: F401 - each of these teaches moto
from chalicelib.domain.ids import DeviceId, OwnerId
from chalicelib.domain.item import StoredObject
from chalicelib.services import ports
from chalicelib.stores.clocks import DynamoClocks
from chalicelib.stores.conflicts import DynamoConflicts
from chalicelib.stores.devices import DynamoDevices
from chalicelib.stores.dynamodb import Table
from chalicelib.stores.health import DynamoHealth
from chalicelib.stores.inbox import DynamoInbox
from chalicelib.stores.items import DynamoItems
from chalicelib.stores.objects import S3Captures, S3Derived
from chalicelib.stores.pairings import DynamoPairings
from chalicelib.stores.ranges import DynamoRanges
from chalicelib.stores.rates import DynamoRates
from chalicelib.stores.timeline import DynamoTimeline
from infra.stack import StackOutputs, apply_stack
from tests.contract.dynamodb_limits import Limits, schema_of
from tests.fakes.clock import FakeClock
from tests.fakes.objects import FakeCaptures, FakeDerived
from tests.fakes.reported import FakeClocks, FakeConflicts, FakeHealth, FakeRanges
from tests.fakes.stores import FakeDevices, FakeInbox, FakeItems, FakePairings, FakeRates, FakeTimeline

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_ssm.client import SSMClient

REGION = "eu-central-1"
S3_PAGE_SIZE = 3
"""Small, so that few objects make many pages."""

Upload = Callable[[str, bytes, str | None, bool], StoredObject | None]


@dataclass(frozen=True)
class Cloud:
    """The stack on moto, emptied before each test. Every call to DynamoDB is held to AWS's limits."""

    outputs: StackOutputs
    dynamodb: DynamoDBClient
    s3: S3Client
    ssm: SSMClient
    limits: Limits
    used: set[str]
    """Tables and buckets that a call has named since they were emptied."""

    def table(self, name: str) -> Table:
        return Table(self.dynamodb, name, sleep=lambda _: None)

    def devices(self) -> DynamoDevices:
        return DynamoDevices(self.table(self.outputs.devices_table))

    def items(self) -> DynamoItems:
        return DynamoItems(self.table(self.outputs.items_table))

    def inbox(self, clock: FakeClock) -> DynamoInbox:
        return DynamoInbox(self.table(self.outputs.inbox_table), clock)

    def captures(self) -> S3Captures:
        return S3Captures(self.s3, self.outputs.captures_bucket, page_size=S3_PAGE_SIZE)


@dataclass(frozen=True)
class Stores:
    clock: FakeClock
    devices: ports.DeviceStore
    items: ports.ItemStore
    timeline: ports.TimelineStore
    pairings: ports.PairingStore
    rates: ports.RateStore
    inbox: ports.InboxStore
    health: ports.HealthStore
    clocks: ports.ClockStore
    ranges: ports.ReportedRanges
    conflicts: ports.ConflictStore
    captures: ports.CaptureObjects
    derived: ports.DerivedObjects
    upload: Upload
    """A device's PUT: key, body, sha256 or None, If-None-Match or not; None where it is refused."""
    derived_bodies: Callable[[str], list[bytes]]
    """Every version of a derived object, newest first."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Cloud]:
    with mock_aws():
        session = boto3.session.Session(region_name=REGION)
        outputs = apply_stack(session.client("cloudformation"), "frameferry", poll_interval_s=1)
        dynamodb = session.client("dynamodb")
        tables = [name for field, name in vars_of(outputs).items() if field.endswith("_table")]
        limits = Limits({name: schema_of(dynamodb.describe_table(TableName=name)["Table"]) for name in tables})
        dynamodb.meta.events.register("provide-client-params.dynamodb", limits)
        s3, used = session.client("s3"), set[str]()
        dynamodb.meta.events.register("provide-client-params.dynamodb", lambda params, **_: _note(used, params))
        s3.meta.events.register("provide-client-params.s3", lambda params, **_: _note(used, params))
        yield Cloud(outputs, dynamodb, s3, session.client("ssm"), limits, used)


@pytest.fixture
def cloud(stack: Cloud) -> Cloud:
    for field, name in vars_of(stack.outputs).items():
        if name in stack.used:
            (_empty_table if field.endswith("_table") else _empty_bucket)(stack, name)
    stack.used.clear()
    return stack


@pytest.fixture(params=["memory", "moto"])
def stores(request: pytest.FixtureRequest) -> Stores:
    clock = FakeClock()
    return in_memory(clock) if request.param == "memory" else on_moto(request.getfixturevalue("cloud"), clock)


@pytest.fixture
def device_id() -> DeviceId:
    return new_device_id()


@pytest.fixture
def owner_id() -> OwnerId:
    return OwnerId("owner-1")


_numbers = itertools.count(1)


def new_device_id() -> DeviceId:
    """Another one at each call; later ones sort after earlier ones."""
    return DeviceId(str(uuid.UUID(int=next(_numbers))))


def in_memory(clock: FakeClock) -> Stores:
    captures, derived = FakeCaptures(clock), FakeDerived(clock)
    return Stores(
        clock=clock,
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
        captures=captures,
        derived=derived,
        upload=lambda key, body, sha256, if_none_match: captures.upload(key, body, sha256, if_none_match=if_none_match),
        derived_bodies=lambda key: derived.bodies().get(key, [])[::-1],
    )


def on_moto(cloud: Cloud, clock: FakeClock) -> Stores:
    outputs = cloud.outputs
    captures = cloud.captures()
    return Stores(
        clock=clock,
        devices=cloud.devices(),
        items=cloud.items(),
        timeline=DynamoTimeline(cloud.table(outputs.timeline_table)),
        pairings=DynamoPairings(cloud.table(outputs.pairings_table)),
        rates=DynamoRates(cloud.table(outputs.pairings_table)),
        inbox=cloud.inbox(clock),
        health=DynamoHealth(cloud.table(outputs.inbox_table)),
        clocks=DynamoClocks(cloud.table(outputs.inbox_table)),
        ranges=DynamoRanges(cloud.table(outputs.inbox_table)),
        conflicts=DynamoConflicts(cloud.table(outputs.inbox_table)),
        captures=captures,
        derived=S3Derived(cloud.s3, outputs.derived_bucket),
        upload=lambda key, body, sha256, if_none_match: _put(cloud, captures, key, body, sha256, if_none_match),
        derived_bodies=lambda key: _bodies(cloud.s3, outputs.derived_bucket, key),
    )


def vars_of(outputs: StackOutputs) -> dict[str, str]:
    return {field: getattr(outputs, field) for field in StackOutputs.__dataclass_fields__}


def _put(
    cloud: Cloud, captures: S3Captures, key: str, body: bytes, sha256: str | None, if_none_match: bool
) -> StoredObject | None:
    optional: dict[str, Any] = {"IfNoneMatch": "*"} if if_none_match else {}
    if sha256 is not None:
        optional["ChecksumAlgorithm"] = "SHA256"
        optional["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(sha256)).decode()
    try:
        answer = cloud.s3.put_object(Bucket=cloud.outputs.captures_bucket, Key=key, Body=body, **optional)
    except ClientError:
        return None
    return captures.head(key, answer["VersionId"])


def _bodies(s3: S3Client, bucket: str, key: str) -> list[bytes]:
    versions = s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    return [
        s3.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])["Body"].read() for version in versions
    ]


def _note(used: set[str], params: Mapping[str, Any]) -> None:
    used |= {params.get("TableName", ""), params.get("Bucket", ""), *params.get("RequestItems", {})}


def _empty_table(stack: Cloud, name: str) -> None:
    keys = stack.limits.schemas[name].keys
    for row in stack.dynamodb.scan(TableName=name)["Items"]:
        stack.dynamodb.delete_item(TableName=name, Key={key: row[key] for key in keys})


def _empty_bucket(stack: Cloud, name: str) -> None:
    for version in stack.s3.list_object_versions(Bucket=name).get("Versions", []):
        stack.s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
