"""What the local cloud counts: requests by kind, their bytes and statuses, and connections."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class _Kind:
    count: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


class Stats:
    """Counts from many threads. A kind is a short text such as `s3:PUT presigned` or `api:POST /devices/sync`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kinds: dict[str, _Kind] = {}
        self._connections: Counter[str] = Counter()

    def record(self, kind: str, *, bytes_in: int, bytes_out: int, status: int) -> None:
        """One request. Bytes are whole HTTP messages: first line, header fields and body, without TCP and TLS.

        Status 0 stands for a connection that was dropped before an answer.
        """
        with self._lock:
            counted = self._kinds.setdefault(kind, _Kind())
            counted.count += 1
            counted.bytes_in += bytes_in
            counted.bytes_out += bytes_out
            counted.statuses[str(status)] += 1

    def connection_opened(self, kind: str) -> None:
        """One TCP connection that carried at least one request; the kind is the server: `s3` or `api`."""
        with self._lock:
            self._connections[kind] += 1

    def snapshot(self) -> dict[str, Any]:
        """`{"requests": {kind: {count, bytes_in, bytes_out, statuses: {"200": n}}}, "connections": {server: n}}`."""
        with self._lock:
            return {
                "requests": {
                    kind: {
                        "count": counted.count,
                        "bytes_in": counted.bytes_in,
                        "bytes_out": counted.bytes_out,
                        "statuses": dict(counted.statuses),
                    }
                    for kind, counted in sorted(self._kinds.items())
                },
                "connections": dict(self._connections),
            }

    def reset(self) -> None:
        with self._lock:
            self._kinds.clear()
            self._connections.clear()
