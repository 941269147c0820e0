"""One DynamoDB table as its stores see it: rows in, rows out, and a condition on every write that has one.

A row is a dict of plain values. In DynamoDB instants are text of fixed width, so that they sort; ints and floats
are N; None is absent; dataclasses are maps. Expressions write attributes as `#name` and values as `:name`: the
`#` keeps them clear of DynamoDB's reserved words.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from chalicelib.domain.clock import to_text
from chalicelib.domain.errors import Unavailable
from chalicelib.stores.aws_errors import RETRY_AFTER_S, busy_as_unavailable, code, error_answer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type Row = dict[str, Any]

_MAX_BATCH_GET = 100
_MAX_BATCH_TRIES = 6
_FIRST_PAUSE_S = 0.05
_FLOAT_DIGITS = 15
"""What every float keeps; DynamoDB takes 38."""
_SMALLEST_FLOAT = 1e-100
"""DynamoDB refuses a magnitude below 1e-130."""
_ATTRIBUTE = re.compile(r"#(\w+)")


class ConditionFailed(Exception):
    """The condition of a write did not hold; `row` is what stands there, None where nothing does."""

    def __init__(self, row: Row | None) -> None:
        super().__init__("the condition of a write did not hold")
        self.row = row


@dataclass(frozen=True)
class Query:
    """Rows of one partition, of the table or of an index. An index cannot be read consistently."""

    where: str
    values: Mapping[str, Any]
    only_if: str | None = None
    index: str | None = None
    attributes: Sequence[str] = ()
    """Those to read; all if none is named."""
    newest_first: bool = False


class RowPage(NamedTuple):
    rows: list[Row]
    last_key: Row | None
    """The key to go on after; None at the end."""


class Table:
    """Every method raises Unavailable when DynamoDB is busy or out of reach."""

    def __init__(self, client: DynamoDBClient, name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    def get(self, key: Row, *, consistent: bool = True) -> Row | None:
        with busy_as_unavailable():
            answer = self._client.get_item(TableName=self._name, Key=_to_attributes(key), ConsistentRead=consistent)
        return _to_row(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Row]) -> list[Row]:
        """Those that exist, in no order; strongly consistent. Each key may be named once."""
        return [row for batch in batched(keys, _MAX_BATCH_GET) for row in self._get_batch(batch)]

    def put(self, row: Row, *, condition: str | None = None, values: Mapping[str, Any] | None = None) -> None:
        """Replace a row whole. Raises ConditionFailed."""
        conditional = {} if condition is None else _conditional(condition)
        with _condition_told(), busy_as_unavailable():
            self._client.put_item(
                TableName=self._name, Item=_to_attributes(row), **conditional, **_placeholders(condition, values=values)
            )

    def update(
        self,
        key: Row,
        change: str,
        *,
        condition: str,
        values: Mapping[str, Any],
        returning: Literal["NONE", "ALL_NEW", "UPDATED_NEW"] = "NONE",
    ) -> Row:
        """Change some attributes of a row; gives those that `returning` names. Raises ConditionFailed."""
        with _condition_told(), busy_as_unavailable():
            answer = self._client.update_item(
                TableName=self._name,
                Key=_to_attributes(key),
                UpdateExpression=change,
                ReturnValues=returning,
                **_conditional(condition),
                **_placeholders(change, condition, values=values),
            )
        return _to_row(answer.get("Attributes", {}))

    def delete(self, key: Row) -> None:
        with busy_as_unavailable():
            self._client.delete_item(TableName=self._name, Key=_to_attributes(key))

    def page(self, query: Query, *, limit: int, after: Row | None = None) -> RowPage:
        """At most `limit` rows are read, and of these the ones given for which `only_if` holds."""
        projection = ", ".join(f"#{name}" for name in query.attributes)
        optional: dict[str, Any] = {
            "FilterExpression": query.only_if,
            "IndexName": query.index,
            "ProjectionExpression": projection,
            "ExclusiveStartKey": _to_attributes(after or {}),
        }
        with busy_as_unavailable():
            answer = self._client.query(
                TableName=self._name,
                KeyConditionExpression=query.where,
                ConsistentRead=query.index is None,
                ScanIndexForward=not query.newest_first,
                Limit=limit,
                **{name: value for name, value in optional.items() if value},
                **_placeholders(query.where, query.only_if, projection, values=query.values),
            )
        return RowPage(
            [_to_row(found) for found in answer["Items"]], _to_row(answer.get("LastEvaluatedKey", {})) or None
        )

    def rows(self, query: Query, *, page_size: int, after: Row | None = None) -> Iterator[Row]:
        """Every row of the query, read page by page as they are asked for; `after` is the key to go on from."""
        while True:
            page = self.page(query, limit=page_size, after=after)
            yield from page.rows
            if page.last_key is None:
                return
            after = page.last_key

    def scan(self, attributes: Sequence[str]) -> Iterator[Row]:
        """These attributes of every row there is; eventually consistent."""
        projection = ", ".join(f"#{name}" for name in attributes)
        start: dict[str, Any] = {}
        while True:
            with busy_as_unavailable():
                answer = self._client.scan(
                    TableName=self._name, ProjectionExpression=projection, **_placeholders(projection), **start
                )
            yield from map(_to_row, answer["Items"])
            if not answer.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _get_batch(self, keys: Sequence[Row]) -> Iterator[Row]:
        wanted: Any = {self._name: {"Keys": [_to_attributes(key) for key in keys], "ConsistentRead": True}}
        for tried in range(_MAX_BATCH_TRIES):
            if tried:
                self._sleep(_FIRST_PAUSE_S * 2 ** (tried - 1))
            with busy_as_unavailable():
                answer = self._client.batch_get_item(RequestItems=wanted)
            yield from map(_to_row, answer["Responses"].get(self._name, []))
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                return
        raise Unavailable(RETRY_AFTER_S)


def to_row(value: Any) -> Row:
    """A dataclass as a row, without what is None."""
    row: Row = msgspec.to_builtins(value, builtin_types=(datetime,))
    return _without_none(row)


def from_row[T](row: Row, form: type[T]) -> T:
    """The dataclass that `to_row` was given. Attributes that it does not know are left out."""
    return msgspec.convert(row, form)


@contextmanager
def _condition_told() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if code(error) != "ConditionalCheckFailedException":
            raise
        # The error carries the item when ALL_OLD was asked for.
        stored = error_answer(error).get("Item")
        raise ConditionFailed(_to_row(stored) if stored else None) from None


def _conditional(condition: str) -> dict[str, Any]:
    return {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _placeholders(*expressions: str | None, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Names as the expressions use them, and the values given; DynamoDB refuses one that no expression uses."""
    names = {f"#{name}": name for text in expressions if text for name in _ATTRIBUTE.findall(text)}
    placeholders: dict[str, Any] = {}
    if names:
        placeholders["ExpressionAttributeNames"] = names
    if values:
        placeholders["ExpressionAttributeValues"] = {f":{name}": _attribute(value) for name, value in values.items()}
    return placeholders


def _without_none(row: Mapping[str, Any]) -> Row:
    return {
        name: _without_none(value) if isinstance(value, Mapping) else value
        for name, value in row.items()
        if value is not None
    }


def _to_attributes(row: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    return {name: _attribute(value) for name, value in row.items()}


def _attribute(value: Any) -> AttributeValueTypeDef:
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case float():
            return {"N": _number(value)}
        case datetime():
            return {"S": to_text(value)}
        case str():
            return {"S": str(value)}
        case Mapping():
            return {"M": _to_attributes(value)}
    raise TypeError(f"no attribute type for {type(value).__name__}")


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return "0" if abs(value) < _SMALLEST_FLOAT else f"{value:.{_FLOAT_DIGITS}g}"


def _to_row(attributes: Mapping[str, Any]) -> Row:
    return {name: _plain(attribute) for name, attribute in attributes.items()}


def _plain(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return int(value) if value.lstrip("-").isdecimal() else float(value)
        case "M":
            return _to_row(value)
    return value
