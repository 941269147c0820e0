"""The stores' calls are held to AWS's limits by a handler on the client; here, that it refuses what AWS refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.device import Device, DeviceSettings, Health, Sweep
from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.item import Examined, StoredObject, new_item
from chalicelib.domain.rates import Rate
from chalicelib.domain.timeline import TimelineRow
from chalicelib.domain.tokens import TokenHash
from chalicelib.wire import object_keys
from infra.local.metering import size_bytes
from tests.contract.conftest import Cloud, on_moto
from tests.contract.dynamodb_limits import RefusedByAws
from tests.fakes.clock import FakeClock

WRITE_UNIT_BYTES = 1024
NOW = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)
OWNER = OwnerId("c3d4f8a2-6081-70a4-1d6e-3f4b5a697887")
DEVICE = DeviceId("0b0d7d5e-6c0e-4d3c-8f0a-3f3f3f3f3f3f")

Call = Callable[[Cloud], object]
S = "S"


def item(**attributes: Any) -> dict[str, Any]:
    return {"device_id": {S: "d"}, "seq": {"N": "1"}, **attributes}


def put(into: str, row: dict[str, Any], **params: Any) -> Call:
    return lambda cloud: cloud.dynamodb.put_item(TableName=getattr(cloud.outputs, into), Item=row, **params)


def update(**params: Any) -> Call:
    return lambda cloud: cloud.dynamodb.update_item(TableName=cloud.outputs.items_table, Key=item(), **params)


def query(of: str, **params: Any) -> Call:
    return lambda cloud: cloud.dynamodb.query(TableName=getattr(cloud.outputs, of), **params)


def batch_get(*seqs: int) -> Call:
    keys: Any = [{"device_id": {S: "d"}, "seq": {"N": str(seq)}} for seq in seqs]
    return lambda cloud: cloud.dynamodb.batch_get_item(RequestItems={cloud.outputs.items_table: {"Keys": keys}})


def batch_write(count: int) -> Call:
    writes: Any = [{"PutRequest": {"Item": {**item(), "seq": {"N": str(seq)}}}} for seq in range(count)]
    return lambda cloud: cloud.dynamodb.batch_write_item(RequestItems={cloud.outputs.items_table: writes})


def between(first: str, last: str, **params: Any) -> Call:
    return query(
        "timeline_table",
        KeyConditionExpression="#o = :o AND #p BETWEEN :first AND :last",
        ExpressionAttributeNames={"#o": "owner_id", "#p": "position"},
        ExpressionAttributeValues={":o": {S: "o"}, ":first": {S: first}, ":last": {S: last}},
        **params,
    )


OF_OWNER: dict[str, Any] = {
    "KeyConditionExpression": "#o = :o",
    "ExpressionAttributeNames": {"#o": "owner_id"},
    "ExpressionAttributeValues": {":o": {S: "o"}},
    "IndexName": "by_owner",
}
FREE: dict[str, Any] = {
    "ConditionExpression": "attribute_not_exists(#device_id)",
    "ExpressionAttributeNames": {"#device_id": "device_id"},
}

REFUSED = {
    "a value that no expression uses": put("items_table", item(), ExpressionAttributeValues={":x": {"N": "1"}}),
    "a name that no expression uses": put("items_table", item(), ExpressionAttributeNames={"#x": "x"}),
    "a value that is not given": put("items_table", item(), ConditionExpression="attribute_exists(:x)"),
    "a reserved word": put("items_table", item(), ConditionExpression="attribute_not_exists(status)"),
    "101 keys in a batch": batch_get(*range(101)),
    "the same key twice in a batch": batch_get(1, 1),
    "26 writes in a batch": batch_write(26),
    "a number of 39 digits": put("items_table", item(size={"N": "1" * 39})),
    "a number of 39 digits in a map": put("items_table", item(map={"M": {"size": {"N": "1" * 39}}})),
    "a number too small": put("items_table", item(size={"N": "5e-324"})),
    "a number too large": put("items_table", item(size={"N": "1e126"})),
    "an index key of another type": put("items_table", item(pending_since={"N": "1"})),
    "an empty index key": put("devices_table", {"device_id": {S: "d"}, "owner_id": {S: ""}}),
    "a key of another type": put("items_table", item(seq={S: "1"})),
    "an empty key": put("items_table", item(device_id={S: ""})),
    "a missing key": put("items_table", {"device_id": {S: "d"}}),
    "a sort key of more than 1024 bytes": put("inbox_table", {"device_id": {S: "d"}, "entry_id": {S: "é" * 513}}),
    "an item of more than 400 KB": put("items_table", item(text={S: "x" * 410_000})),
    "an update of a key": update(
        UpdateExpression="SET #seq = :x",
        ExpressionAttributeNames={"#seq": "seq"},
        ExpressionAttributeValues={":x": {"N": "2"}},
    ),
    "an empty update": update(UpdateExpression=""),
    "a consistent read of an index": query("devices_table", **OF_OWNER, ConsistentRead=True),
    "a start key of an index without the index's key": query(
        "devices_table", **OF_OWNER, ExclusiveStartKey={"device_id": {S: "d"}}
    ),
    "bounds that are exchanged": between("2", "1"),
    "a start key out of range": between("1", "2", ExclusiveStartKey={"owner_id": {S: "o"}, "position": {S: "3"}}),
    "a limit of nothing": between("1", "2", Limit=0),
}
TAKEN = {
    "a free key": put("items_table", item(), **FREE),
    "100 keys in a batch": batch_get(*range(100)),
    "25 writes in a batch": batch_write(25),
    "a number of 38 digits": put("items_table", item(size={"N": "1" * 38})),
    "an empty string that is no key": put("items_table", item(detail={S: ""})),
    "an item without the attributes of a sparse index": put("items_table", item()),
    "a query of an index": query("devices_table", **OF_OWNER),
    "a range": between("1", "2", ExclusiveStartKey={"owner_id": {S: "o"}, "position": {S: "2"}}),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_a_call_that_aws_refuses_fails_a_test(cloud: Cloud, call: Call) -> None:
    with pytest.raises(RefusedByAws):
        call(cloud)


@pytest.mark.parametrize("call", TAKEN.values(), ids=TAKEN)
def test_a_call_that_aws_takes_passes(cloud: Cloud, call: Call) -> None:
    call(cloud)


def test_every_call_of_a_store_is_looked_at(cloud: Cloud) -> None:
    before = cloud.limits.calls
    cloud.items().get(DEVICE, Seq(1))
    cloud.items().get_many([(DEVICE, Seq(1))])
    list(cloud.devices().all_ids())

    assert cloud.limits.calls == before + 3


def test_what_must_be_strongly_consistent_is_read_so(cloud: Cloud) -> None:
    asked: list[dict[str, Any]] = []
    stores = on_moto(cloud, FakeClock())
    events, listen = cloud.dynamodb.meta.events, lambda params, **_: asked.append(params)
    events.register("provide-client-params.dynamodb", listen)
    stores.devices.get(DEVICE)
    stores.items.get(DEVICE, Seq(1))
    stores.items.get_many([(DEVICE, Seq(1))])
    stores.items.last_seq(DEVICE)
    stores.timeline.newest(OWNER, device_id=None, since=None, until=None, limit=1, cursor=None)
    stores.pairings.get("pairing#1")
    stores.inbox.get_command(DEVICE, "1")
    stores.inbox.open_commands(DEVICE, 1)
    stores.inbox.events_between(DEVICE, NOW, NOW)
    stores.inbox.recall_upload(DEVICE, "ab" * 32)

    events.unregister("provide-client-params.dynamodb", listen)
    reads = [params.get("RequestItems", {"": params}) for params in asked]
    assert [table["ConsistentRead"] for read in reads for table in read.values()] == [True] * 10


def test_a_page_of_a_device_whose_photos_are_rare_takes_at_most_three_reads(cloud: Cloud) -> None:
    timeline = on_moto(cloud, FakeClock()).timeline
    rare = DeviceId("00000000-0000-0000-0000-000000000000")
    for second in range(200):
        device_id = rare if second % 30 == 0 else DEVICE
        at = NOW + timedelta(seconds=second)
        timeline.put(TimelineRow(OWNER, device_id, Seq(second), Seq(second), at, at, "key", 1, 1))
    before = cloud.limits.calls

    page = timeline.newest(OWNER, device_id=rare, since=None, until=None, limit=5, cursor=None)

    assert cloud.limits.calls == before + 3
    assert [row.first_seq for row in page.entries] == [180, 150, 120, 90]
    assert page.cursor is not None


def test_the_item_of_a_processed_photo_costs_one_write_unit(cloud: Cloud) -> None:
    key = object_keys.single(DEVICE, Seq(123_456), "IMG_20260504_120000.jpg", NOW)
    held = StoredObject(key, "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", 81_234, "ab" * 32, NOW)
    captured = CaptureTime(NOW, Confidence.NTP)
    thumbnail = object_keys.thumbnail(DEVICE, Seq(123_456))
    claimed = new_item(DEVICE, Seq(123_456), OWNER, key, captured, NOW).claimed(captured, "ab" * 32, NOW)
    result = Examined(held, width=1600, height=1200, thumbnail_key=thumbnail)
    cloud.items().put(claimed.stored(held).examined(result, captured, NOW))

    (row,) = cloud.dynamodb.scan(TableName=cloud.outputs.items_table)["Items"]
    assert size_bytes(row) <= WRITE_UNIT_BYTES


def test_the_row_of_a_busy_device_costs_one_write_unit_at_each_request(cloud: Cloud) -> None:
    device = Device(
        DEVICE,
        OWNER,
        "Scheune hinten links",
        created_at=NOW,
        token_hash=TokenHash("p1$" + "ab" * 32),
        activated_at=NOW,
        settings=replace(DeviceSettings(), paused_until=NOW),
    )
    cloud.devices().create(device)
    health = Health(87, -61, 143_000, 65_536, 2**34, 2**35, 2880, 10**6, "power_on", "1.4.2", 31.5)
    cloud.devices().report_health(DEVICE, health, NOW)
    cloud.devices().note_sweep(DEVICE, Sweep(NOW, NOW, NOW, object_keys.single(DEVICE, Seq(1), "cam.jpg", NOW)))
    cloud.devices().touch(DEVICE, NOW + timedelta(seconds=1), Rate(60, 10))

    (row,) = cloud.dynamodb.scan(TableName=cloud.outputs.devices_table)["Items"]
    assert size_bytes(row) <= WRITE_UNIT_BYTES
