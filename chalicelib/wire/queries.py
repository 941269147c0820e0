"""Query parameters, as they stand in a URL: text that becomes the fields of a struct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, field

from chalicelib.domain.errors import InvalidParameter
from chalicelib.wire.fields import Instant, SeqField
from chalicelib.wire.json import Request

MAX_LIMIT = 200
MAX_HEALTH_LIMIT = 1000
"""A week has 672 quarters of an hour."""
_NUMBERS = {"seq", "limit", "bucket_s"}


class Query(Request):
    """Base of all sets of query parameters; as it is, the set that takes none."""


Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="At most so many entries.")]
Cursor = Annotated[str, Meta(min_length=1, max_length=500, description="The cursor of the page before this one.")]
DeviceIdField = Annotated[
    str,
    Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="A UUID in lower case: only this device."),
]


class ImageQuery(Query):
    seq: SeqField | None = None
    captured_at: Instant | None = None


class PageQuery(Query):
    limit: Limit = 50
    cursor: Cursor | None = None


class RangeQuery(PageQuery):
    """`from` is the first instant of the range, `to` the first one after it."""

    since: Instant | None = field(default=None, name="from")
    until: Instant | None = field(default=None, name="to")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("from is not before to")


class ItemsQuery(RangeQuery):
    device_id: DeviceIdField | None = None


class HealthQuery(RangeQuery):
    limit: Annotated[int, Meta(ge=1, le=MAX_HEALTH_LIMIT, description="At most so many samples.")] = 50


class TimelineQuery(Query):
    """`from` is the first instant of the range, `to` the first one after it."""

    since: Instant = field(name="from")
    until: Instant = field(name="to")
    device_id: DeviceIdField | None = None
    bucket_s: Annotated[int, Meta(ge=1, le=2_678_400, description="Seconds in a bucket.")] = 3600

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.since >= self.until:
            raise ValueError("from is not before to")


class UsageQuery(Query):
    month: (
        Annotated[
            str,
            Meta(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$", max_length=7, description="In UTC; now, if left out."),
        ]
        | None
    ) = None


def decode[Q: Query](parameters: Mapping[str, Sequence[str]], form: type[Q]) -> Q:
    """`parameters` holds all values of each name. Raises InvalidParameter, also for a name given twice."""
    for name, values in parameters.items():
        if len(values) != 1:
            raise InvalidParameter(f"{name[:50]} is given more than once.")
    given = {name: _typed(name, values[0]) for name, values in parameters.items()}
    try:
        return msgspec.convert(given, form)
    except msgspec.ValidationError as error:
        raise InvalidParameter(f"{error}") from None


def _typed(name: str, text: str) -> str | int:
    is_number = name in _NUMBERS and text.isascii() and text.isdecimal() and len(text) <= 20
    return int(text) if is_number else text
