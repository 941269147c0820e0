"""What each function may do, by its policy, and what it has asked for.

The policies are judged by moto's statement evaluator, which, given an ARN, does what the IAM User Guide says in "Policy
evaluation logic" for documents of Allow statements without conditions.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult

Document = Mapping[str, Any]
_REMEMBERED = 4096
_log = logging.getLogger(__name__)


class Policy:
    """One policy document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._policy = IAMPolicy(json.dumps(document))
        self.allows = lru_cache(_REMEMBERED)(self._allows)
        """Whether the document allows an action on the resource of that ARN."""

    def _allows(self, action: str, resource: str) -> bool:
        return self._policy.is_action_permitted(action, resource) is PermissionResult.PERMITTED


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """`resource` is an ARN; that of an object ends after the first part of its key, in `/*`."""

    function: str
    action: str
    resource: str


class Access:
    """Judges calls and remembers them. Thread-safe. A function without a policy may do nothing, but `unjudged` all."""

    def __init__(self, unjudged: str) -> None:
        self._unjudged = unjudged
        self._lock = threading.Lock()
        self._policies: dict[str, Policy] = {}
        self._calls: Counter[Call] = Counter()
        self._denied: Counter[Call] = Counter()

    def allows(self, function: str, action: str, resource: str) -> bool:
        """The verdict, which is remembered."""
        policy = self._policies.get(function)
        is_allowed = function == self._unjudged or (policy is not None and policy.allows(action, resource))
        call = Call(function, action, collapsed(resource))
        with self._lock:
            self._calls[call] += 1
            self._denied[call] += not is_allowed
        if not is_allowed:
            _log.warning("%s may not %s on %s", function, action, resource)
        return is_allowed

    @property
    def calls(self) -> Counter[Call]:
        """How often each was made, allowed or not, since the beginning or the last `forget`."""
        with self._lock:
            return self._calls.copy()

    @property
    def denied(self) -> Counter[Call]:
        """Those of `calls` that were denied."""
        with self._lock:
            return +self._denied

    def forget(self) -> None:
        with self._lock:
            self._calls.clear()
            self._denied.clear()

    def put_policy(self, function: str, document: Document) -> None:
        """From now on this is what the function may do."""
        self._policies[function] = Policy(document)

    def policy(self, function: str) -> Document:
        return self._policies[function].document

    @contextmanager
    def with_policy(self, function: str, document: Document) -> Iterator[None]:
        """Another policy meanwhile."""
        before = self.policy(function)
        self.put_policy(function, document)
        try:
            yield
        finally:
            self.put_policy(function, before)


def collapsed(resource: str) -> str:
    """As `Call.resource`: there are as many objects as photos."""
    head, slash, key = resource.partition("/")
    if not slash or not head.startswith("arn:") or head.split(":")[2] != "s3":
        return resource
    first, deeper, _ = key.partition("/")
    return f"{head}/{first}/*" if deeper else f"{head}/*"
