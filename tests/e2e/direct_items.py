"""Items for a test that needs thousands of them: put into moto's own tables, not over HTTP, which is most of the cost.

All else goes its usual way: the event, the function, the pack, the thumbnails, the conditions of the writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import msgspec
from moto.dynamodb.models import dynamodb_backends

from chalicelib import wiring
from chalicelib.stores.dynamodb import Table
from chalicelib.stores.items import DynamoItems
from infra.local.cloud import REGION, TARGET, LocalCloud


class _PutsInMoto:
    """A client of DynamoDB; whatever is no put goes to moto's server."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._client = cloud.client("dynamodb")
        self._moto = dynamodb_backends[TARGET.account_id][REGION]

    def put_item(self, *, TableName: str, Item: dict[str, Any], **conditional: Any) -> None:  # noqa: N803 - AWS's names
        self._moto.put_item(
            TableName,
            msgspec.json.decode(msgspec.json.encode(Item)),  # as it would have come over HTTP
            condition_expression=conditional.get("ConditionExpression"),
            expression_attribute_names=conditional.get("ExpressionAttributeNames"),
            expression_attribute_values=conditional.get("ExpressionAttributeValues"),
        )

    def __getattr__(self, operation: str) -> Any:
        return getattr(self._client, operation)


class _Stack:
    """The cloud's own, but for the items."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._stack = cloud.new_stacks()
        self.items = DynamoItems(Table(cast("Any", _PutsInMoto(cloud)), cloud.outputs.items_table))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stack, name)


@contextmanager
def items_put_past_http(cloud: LocalCloud) -> Iterator[None]:
    real = wiring.current()
    wiring.install(cast("wiring.Stack", _Stack(cloud)))
    try:
        yield
    finally:
        wiring.install(real)
