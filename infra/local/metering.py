"""What AWS would bill for what the functions do, by its own rules: moto counts one unit for any write.

Requests to DynamoDB are weighed by the bytes of the rows before and after (DynamoDB Developer Guide, "Read and write
operations" and "Item sizes and formats"), those to S3 by their kind, and a function by the time it runs. On Lambda
memory buys CPU: a function of 1,769 MB has one vCPU (Lambda Developer Guide, "Configure Lambda function memory"), so
CPU time is stretched by what its memory buys, and waiting counts as it was.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from chalicelib.domain.prices import Units, read_units, write_units
from infra.deploying.target import project_config
from infra.local.moto_server import StartResponse, Wsgi

MB_OF_ONE_VCPU = 1769
Attributes = Mapping[str, Any]
"""A row as DynamoDB has it on the wire."""

_WRITES = {"PutItem": "Item", "UpdateItem": "Key", "DeleteItem": "Key"}
"""Where each names its row."""
_PREFIX = "DynamoDB_20120810."


class Meter:
    """Thread-safe. Writes are let through one at a time, so that each is weighed by the rows that it found and left."""

    def __init__(self, account_id: str, region: str) -> None:
        self._place = account_id, region
        self._lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._units: dict[str, Units] = {}
        self._memory_mb = {
            name: config["lambda_memory_size"] for name, config in project_config()["lambda_functions"].items()
        }

    def units(self) -> dict[str, Units]:
        """By function, since the beginning or the last `reset`."""
        with self._lock:
            return dict(self._units)

    def reset(self) -> None:
        with self._lock:
            self._units.clear()

    def ran(self, function: str, wall_s: float, cpu_s: float) -> None:
        self._add(function, self.invocation(function, wall_s, cpu_s))

    def invocation(self, function: str, wall_s: float, cpu_s: float) -> Units:
        """One, of any number of threads. Each millisecond that was begun is billed (AWS Lambda pricing)."""
        memory_mb = self._memory_mb[function]
        billed_s = max(0.0, wall_s - cpu_s) + cpu_s * max(1.0, MB_OF_ONE_VCPU / memory_mb)
        return Units(lambda_requests=1, lambda_gb_s=ceil(billed_s * 1000) / 1000 * memory_mb / 1024)

    def around(self, application: Wsgi, function: str) -> Wsgi:
        """The application as that function calls it."""

        def serve(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            operation = environ.get("HTTP_X_AMZ_TARGET", "").removeprefix(_PREFIX)
            if "HTTP_X_AMZ_TARGET" not in environ:
                self._add(function, _units_of_s3(environ))
                return application(environ, start_response)
            if operation in _WRITES:
                return self._written(application, function, operation, environ, start_response)
            return self._read(application, function, operation, environ, start_response)

        return serve

    def _written(
        self, application: Wsgi, function: str, operation: str, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        asked = json.loads(_body(environ))
        account_id, region = self._place
        table = dynamodb_backends[account_id][region].get_table(asked["TableName"])
        with self._write_lock:
            before = _row(table, asked[_WRITES[operation]])
            answer = list(application(environ, start_response))
            after = _row(table, asked[_WRITES[operation]])
        self._add(function, Units(write_units=_units_of_write(table, before, after)))
        return answer

    def _read(
        self, application: Wsgi, function: str, operation: str, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        asked = json.loads(_body(environ) or b"{}")
        answer = list(application(environ, start_response))
        told = json.loads(b"".join(answer) or b"{}")
        self._add(function, Units(read_units=_units_of_read(operation, asked, told)))
        return answer

    def _add(self, function: str, units: Units) -> None:
        with self._lock:
            self._units[function] = self._units.get(function, Units()) + units


def _units_of_s3(environ: Mapping[str, Any]) -> Units:
    """A deletion costs nothing, and a list of a bucket as much as a PUT (Amazon S3 pricing)."""
    method, is_of_bucket = environ["REQUEST_METHOD"], "/" not in environ["PATH_INFO"].strip("/")
    if method == "DELETE" or (method == "POST" and is_of_bucket):
        return Units()
    return Units(s3_puts=1) if method == "PUT" or is_of_bucket else Units(s3_gets=1)


def _body(environ: dict[str, Any]) -> bytes:
    """Read, and left to be read again."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _row(table: Table, named: Attributes) -> Attributes | None:
    in_range = None if table.range_key_attr is None else DynamoType(named[table.range_key_attr])
    found = table.get_item(DynamoType(named[table.hash_key_attr]), in_range)
    if found is None:
        return None
    row: Attributes = found.to_json()["Attributes"]
    return row


def _units_of_write(table: Table, before: Attributes | None, after: Attributes | None) -> float:
    """A write that its condition stopped is billed as one of the row that is there."""
    units = float(write_units(max(size_bytes(before or {}), size_bytes(after or {}))))
    for index in table.global_indexes:
        names = {attribute["AttributeName"] for attribute in index.schema}
        kept = names | {name for name in (table.hash_key_attr, table.range_key_attr) if name}
        units += _units_of_index(_entry(before, names, kept), _entry(after, names, kept))
    return units


def _entry(row: Attributes | None, names: set[str], kept: set[str]) -> Attributes | None:
    """What of a row lies in an index that projects keys only; None where the row lacks the index's key."""
    if row is None or not names <= row.keys():
        return None
    return {name: row[name] for name in kept}


def _units_of_index(before: Attributes | None, after: Attributes | None) -> float:
    """One to put an entry in, one to take one out, both to change its key."""
    if before == after:
        return 0
    return float(sum(write_units(size_bytes(entry)) for entry in (before, after) if entry is not None))


def _units_of_read(operation: str, asked: Mapping[str, Any], told: Mapping[str, Any]) -> float:
    if operation == "GetItem":
        return read_units(size_bytes(told.get("Item", {})), consistent=asked.get("ConsistentRead", False))
    if operation == "BatchGetItem":
        return sum(_units_of_batch(asked["RequestItems"], told.get("Responses", {})))
    if operation in ("Query", "Scan"):
        rows = told.get("Items", [])
        # A filter hides rows that were read.
        read = sum(map(size_bytes, rows)) * told.get("ScannedCount", len(rows)) / max(1, len(rows))
        return read_units(int(read), consistent=asked.get("ConsistentRead", False))
    return 0.0


def _units_of_batch(asked: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[float]:
    for table, wanted in asked.items():
        consistent = wanted.get("ConsistentRead", False)
        found = told.get(table, [])
        sizes = [*map(size_bytes, found), *[0] * (len(wanted["Keys"]) - len(found))]
        yield sum(read_units(size, consistent=consistent) for size in sizes)


def size_bytes(attributes: Attributes) -> int:
    """As DynamoDB counts, for the types that are used here."""
    return sum(len(name.encode()) + sum(_value_sizes(value)) for name, value in attributes.items())


def _value_sizes(value: Mapping[str, Any]) -> Iterator[int]:
    ((kind, content),) = value.items()
    if kind == "S":
        yield len(content.encode())
    elif kind == "N":
        yield (len(content.lstrip("-")) + 1) // 2 + 1
    elif kind == "BOOL":
        yield 1
    elif kind == "M":
        yield 3 + size_bytes(content) + len(content)
    else:
        raise ValueError(f"no size is known for {kind}")
