"""What DynamoDB documents that it refuses and moto takes, refused here at every call of a contract test.

Sources: Amazon DynamoDB Developer Guide, "Service, account, and table quotas", "Constraints", "Expression attribute
names", "Reserved words"; API Reference of BatchGetItem, BatchWriteItem, Query and UpdateItem.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infra.local.metering import size_bytes

Attributes = Mapping[str, Mapping[str, Any]]

MAX_ITEM_BYTES = 400 * 1024
MAX_PARTITION_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024
MAX_EXPRESSION_BYTES = 4096
_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
_GRAMMAR = {"ADD", "AND", "BETWEEN", "DELETE", "IN", "NOT", "OR", "REMOVE", "SET"} | {
    "attribute_exists",
    "attribute_not_exists",
    "attribute_type",
    "begins_with",
    "contains",
    "if_not_exists",
    "list_append",
    "size",
}
_PLACEHOLDER = re.compile(r"[#:]\w+")
_WORD = re.compile(r"\w+")


class RefusedByAws(AssertionError):
    """AWS would answer ValidationException."""


@dataclass(frozen=True)
class Schema:
    """Key attributes of a table and its indexes, partition key first, and their types."""

    keys: tuple[str, ...]
    indexes: Mapping[str, tuple[str, ...]]
    types: Mapping[str, str]


def schema_of(table: Mapping[str, Any]) -> Schema:
    """From what DescribeTable tells."""
    return Schema(
        keys=tuple(key["AttributeName"] for key in table["KeySchema"]),
        indexes={
            index["IndexName"]: tuple(key["AttributeName"] for key in index["KeySchema"])
            for index in table.get("GlobalSecondaryIndexes", [])
        },
        types={each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]},
    )


class Limits:
    """A handler of botocore's `provide-client-params.dynamodb`: raises RefusedByAws."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.schemas = schemas
        self.calls = 0

    def __call__(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls += 1
        if model.name in ("BatchGetItem", "BatchWriteItem"):
            _check_batch(params["RequestItems"], model.name)
        elif params.get("TableName") in self.schemas:
            _check_call(params, self.schemas[params["TableName"]])


def _refuse_if(wrong: object, why: str) -> None:
    if wrong:
        raise RefusedByAws(why)


def _check_call(params: Mapping[str, Any], schema: Schema) -> None:
    _check_placeholders(params)
    for attributes in (params.get("Item"), params.get("Key"), params.get("ExpressionAttributeValues")):
        for value in (attributes or {}).values():
            _check_value(value)
    if "Item" in params:
        _check_keys(params["Item"], schema)
        _refuse_if(size_bytes(params["Item"]) > MAX_ITEM_BYTES, "an item of more than 400 KB")
    if "Key" in params:
        _refuse_if(set(params["Key"]) != set(schema.keys), "a key that is not the table's")
        _check_keys(params["Key"], schema)
    if "UpdateExpression" in params:
        names = params.get("ExpressionAttributeNames", {})
        changed = {names[name] for name in _PLACEHOLDER.findall(params["UpdateExpression"]) if name in names}
        _refuse_if(changed & set(schema.keys), "an update of a key attribute")
    if "KeyConditionExpression" in params:
        _check_query(params, schema)


def _check_placeholders(params: Mapping[str, Any]) -> None:
    texts = [params[name] for name in _EXPRESSIONS if name in params]
    used = {found for text in texts for found in _PLACEHOLDER.findall(text)}
    given = set(params.get("ExpressionAttributeNames", {})) | set(params.get("ExpressionAttributeValues", {}))
    _refuse_if(given - used, f"placeholders that no expression uses: {sorted(given - used)}")
    _refuse_if(used - given, f"placeholders that are not given: {sorted(used - given)}")
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        _refuse_if(name in params and not params[name], f"{name} is empty")
    for text in texts:
        _refuse_if(not text or len(text.encode()) > MAX_EXPRESSION_BYTES, "an expression that is empty or over 4 KB")
        bare = set(_WORD.findall(_PLACEHOLDER.sub("", text))) - _GRAMMAR
        _refuse_if(bare, f"names that may be reserved words, without #: {sorted(bare)}")


def _check_value(value: Mapping[str, Any]) -> None:
    ((kind, content),) = value.items()
    if kind == "N":
        number = Decimal(content)
        significant = "".join(map(str, number.as_tuple().digits)).strip("0")
        _refuse_if(len(significant) > 38, "a number of more than 38 digits")
        _refuse_if(number and not -130 <= number.adjusted() <= 125, "a number out of range")
    elif kind == "M":
        for inner in content.values():
            _check_value(inner)


def _check_keys(attributes: Attributes, schema: Schema) -> None:
    """Key attributes of the table are all there; those of an index, if there, are as well typed and not empty."""
    for name, kind in schema.types.items():
        if name not in attributes:
            _refuse_if(name in schema.keys, f"the key attribute {name} is missing")
            continue
        value = attributes[name].get(kind)
        _refuse_if(value is None, f"the key attribute {name} is not of type {kind}")
        _refuse_if(value == "", f"the key attribute {name} is empty")
        largest = MAX_PARTITION_KEY_BYTES if name == schema.keys[0] else MAX_SORT_KEY_BYTES
        _refuse_if(len(str(value).encode()) > largest, f"the key attribute {name} is too long")


def _check_query(params: Mapping[str, Any], schema: Schema) -> None:
    index = params.get("IndexName")
    _refuse_if(index and params.get("ConsistentRead"), "a consistent read of a global index")
    _refuse_if(params.get("Limit", 1) < 1, "a limit below 1")
    keys = schema.indexes[index] if index else schema.keys
    values = params["ExpressionAttributeValues"]
    condition = params["KeyConditionExpression"]
    start = params.get("ExclusiveStartKey")
    if start:
        _refuse_if(set(start) != {*schema.keys, *keys}, "a start key that is not of the table and the index")
        _check_keys(start, schema)
    if between := re.search(r"BETWEEN (:\w+) AND (:\w+)", condition):
        first, last = (_plain(values[name]) for name in between.groups())
        _refuse_if(first > last, "BETWEEN with its bounds exchanged")
        _refuse_if(start and not first <= _plain(start[keys[1]]) <= last, "a start key out of the query's range")
    if prefix := re.search(r"begins_with\(#\w+, (:\w+)\)", condition):
        begins = not start or _plain(start[keys[1]]).startswith(_plain(values[prefix[1]]))
        _refuse_if(not begins, "a start key out of the query's range")


def _plain(value: Mapping[str, Any]) -> Any:
    return Decimal(value["N"]) if "N" in value else value["S"]


def _check_batch(tables: Mapping[str, Any], operation: str) -> None:
    if operation == "BatchWriteItem":
        _refuse_if(sum(map(len, tables.values())) > 25, "a batch of more than 25 writes")
        return
    keys = [str(sorted(key.items())) for table in tables.values() for key in table["Keys"]]
    _refuse_if(not keys, "an empty batch")
    _refuse_if(len(keys) > 100, "a batch of more than 100 keys")
    _refuse_if(len(keys) != len(set(keys)), "a batch with the same key twice")
