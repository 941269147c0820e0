"""Requests to moto 5.2.5's tables, one at a time.

DynamoDB writes an item as a whole or not at all (Developer Guide, "Working with items": atomic counters, conditional
writes). moto looks at the item, decides and changes it in three steps, and answers what it finds then; another request
of its threaded server may come in between. Importing this module mends that in this process.
"""

from __future__ import annotations

import threading
from typing import Any

from moto.dynamodb.responses import DynamoHandler

_as_moto_answers = DynamoHandler.call_action
_at_a_time = threading.RLock()


def call_action(self: DynamoHandler) -> Any:
    with _at_a_time:
        return _as_moto_answers(self)


DynamoHandler.call_action = call_action  # type: ignore[method-assign]
