"""Photos for destinations, and a sender that answers as a test wants."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from frameferry_station.captures import Seq
from frameferry_station.http import Answer, Content
from frameferry_station.photos import SourceName
from frameferry_station.sinks.photo import Photo

from tests.station.samples import jpeg

AT = datetime(2026, 5, 4, 12, 0, 3, 250_000, tzinfo=UTC)
NAME = "garden/2026/05/04/2026-05-04T12-00-03Z_000012.jpg"
UNDATED = "garden/undated/000012.jpg"


def photo(number: int = 12, *, seq: int = 12, at: datetime | None = AT, size_bytes: int = 600) -> Photo:
    """`number` chooses the bytes."""
    content = jpeg(number, size_bytes)
    return Photo(SourceName("garden"), Seq(seq), at, hashlib.sha256(content).hexdigest(), content)


@dataclass(frozen=True)
class Sent:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Answering:
    """A Sender. Header names of its answers are in lower case."""

    answer: Callable[[Sent], Answer]
    sent: list[Sent] = field(default_factory=list)

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        assert isinstance(content, bytes)
        request = Sent(method, url, {name.lower(): value for name, value in headers.items()}, content)
        self.sent.append(request)
        return self.answer(request)
