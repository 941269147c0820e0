"""What a call costs by AWS's rules, on moto's tables and buckets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from chalicelib.domain.prices import Units
from infra.deploying.target import project_config
from infra.local.metering import MB_OF_ONE_VCPU, Meter, size_bytes
from infra.local.moto_server import MotoServer

REGION, ACCOUNT = "eu-central-1", "123456789012"
FUNCTION = "process_object"


@dataclass(frozen=True)
class Rig:
    meter: Meter
    url: str

    def client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="ASIATEST",
            aws_secret_access_key="secret",
            aws_session_token="token",
            config=Config(s3={"addressing_style": "path"}),
        )

    def units(self) -> Units:
        """Of what was done since this was last asked."""
        units = self.meter.units().get(FUNCTION, Units())
        self.meter.reset()
        return units


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    meter = Meter(ACCOUNT, REGION)
    server = MotoServer(lambda application: meter.around(application, FUNCTION))
    server.start()
    httpx.post(f"{server.url}/moto-api/reset", trust_env=False).raise_for_status()
    made = Rig(meter, server.url)
    made.client("dynamodb").create_table(
        TableName="items",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind} for name, kind in (("d", "S"), ("n", "N"), ("p", "S"))
        ],
        KeySchema=[{"AttributeName": "d", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "pending",
                "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    made.client("s3").create_bucket(Bucket="captures", CreateBucketConfiguration={"LocationConstraint": REGION})
    yield made
    server.stop()


@pytest.fixture
def table(rig: Rig) -> Iterator[Any]:
    rig.units()
    client = rig.client("dynamodb")
    yield client
    for row in client.scan(TableName="items")["Items"]:
        client.delete_item(TableName="items", Key={"d": row["d"], "n": row["n"]})
    rig.units()


def a_row(number: int = 1, text: str = "", **more: Any) -> dict[str, Any]:
    return {"d": {"S": "device"}, "n": {"N": str(number)}, "t": {"S": text}, **more}


def test_a_put_costs_the_larger_of_what_was_there_and_what_is(rig: Rig, table: Any) -> None:
    table.put_item(TableName="items", Item=a_row(text="x" * 2000))
    assert rig.units() == Units(write_units=2)

    table.put_item(TableName="items", Item=a_row())
    assert rig.units() == Units(write_units=2)


def test_a_put_that_its_condition_stops_costs_what_is_there(rig: Rig, table: Any) -> None:
    table.put_item(TableName="items", Item=a_row(text="x" * 3000))
    rig.units()

    with pytest.raises(table.exceptions.ConditionalCheckFailedException):
        table.put_item(TableName="items", Item=a_row(), ConditionExpression="attribute_not_exists(d)")

    assert rig.units() == Units(write_units=3)


def test_an_index_costs_a_write_for_each_entry_that_comes_or_goes(rig: Rig, table: Any) -> None:
    table.put_item(TableName="items", Item=a_row(p={"S": "waits"}))
    assert rig.units() == Units(write_units=2)

    table.put_item(TableName="items", Item=a_row(text="other", p={"S": "waits"}))
    assert rig.units() == Units(write_units=1)

    table.put_item(TableName="items", Item=a_row(p={"S": "waits longer"}))
    assert rig.units() == Units(write_units=3)

    table.delete_item(TableName="items", Key={"d": {"S": "device"}, "n": {"N": "1"}})
    assert rig.units() == Units(write_units=2)


def test_an_update_costs_the_whole_row(rig: Rig, table: Any) -> None:
    table.put_item(TableName="items", Item=a_row(text="x" * 2000))
    rig.units()

    table.update_item(
        TableName="items",
        Key={"d": {"S": "device"}, "n": {"N": "1"}},
        UpdateExpression="SET c = :c",
        ExpressionAttributeValues={":c": {"N": "1"}},
    )

    assert rig.units() == Units(write_units=2)


def test_reads_cost_by_four_kilobytes_and_half_where_they_may_be_old(rig: Rig, table: Any) -> None:
    for number in range(3):
        table.put_item(TableName="items", Item=a_row(number, "x" * 3000))
    rig.units()
    key = {"d": {"S": "device"}, "n": {"N": "1"}}

    table.get_item(TableName="items", Key=key)
    assert rig.units() == Units(read_units=0.5)
    table.get_item(TableName="items", Key=key, ConsistentRead=True)
    assert rig.units() == Units(read_units=1)

    asked = {"KeyConditionExpression": "d = :d", "ExpressionAttributeValues": {":d": {"S": "device"}}}
    table.query(TableName="items", ConsistentRead=True, **asked)
    assert rig.units() == Units(read_units=3)
    table.query(
        TableName="items",
        ConsistentRead=True,
        FilterExpression="n = :n",
        **{
            "KeyConditionExpression": "d = :d",
            "ExpressionAttributeValues": {":d": {"S": "device"}, ":n": {"N": "1"}},
        },
    )
    assert rig.units() == Units(read_units=3)

    keys = [{"d": {"S": "device"}, "n": {"N": str(number)}} for number in (1, 2, 99)]
    table.batch_get_item(RequestItems={"items": {"Keys": keys, "ConsistentRead": True}})
    assert rig.units() == Units(read_units=3)


def test_s3_bills_puts_and_lists_one_way_reads_another_and_deletions_not(rig: Rig) -> None:
    s3 = rig.client("s3")
    rig.units()

    s3.put_object(Bucket="captures", Key="k/1", Body=b"x")
    s3.list_object_versions(Bucket="captures")
    assert rig.units() == Units(s3_puts=2)
    s3.get_object(Bucket="captures", Key="k/1")
    s3.head_object(Bucket="captures", Key="k/1")
    assert rig.units() == Units(s3_gets=2)
    s3.delete_object(Bucket="captures", Key="k/1")
    s3.delete_objects(Bucket="captures", Delete={"Objects": [{"Key": "k/2"}]})
    assert rig.units() == Units()


def test_less_memory_stretches_what_a_function_computes_and_not_what_it_waits(rig: Rig) -> None:
    rig.units()
    rig.meter.ran("process_object", wall_s=3.0, cpu_s=1.0)

    found = rig.units()

    memory_mb = project_config()["lambda_functions"]["process_object"]["lambda_memory_size"]
    billed_s = math.ceil((2.0 + MB_OF_ONE_VCPU / memory_mb) * 1000) / 1000
    assert found.lambda_requests == 1
    assert found.lambda_gb_s == pytest.approx(billed_s * memory_mb / 1024)


def test_sizes_are_counted_as_the_developer_guide_says() -> None:
    row = {"ab": {"S": "ü"}, "n": {"N": "-1234"}, "b": {"BOOL": True}, "m": {"M": {"k": {"S": "v"}}}}

    assert size_bytes(row) == (2 + 2) + (1 + 3) + (1 + 1) + (1 + 3 + 2 + 1)
