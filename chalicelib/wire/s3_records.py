"""S3 event notifications, as Lambda gets them.

Source: Amazon S3 User Guide, "Event message structure". Keys arrive URL-encoded, with `+` for a blank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import msgspec


@dataclass(frozen=True)
class ObjectCreated:
    """One object that came into being."""

    bucket: str
    key: str
    version_id: str | None
    size_bytes: int


class _Object(msgspec.Struct):
    key: str
    size: int = 0
    versionId: str | None = None


class _Bucket(msgspec.Struct):
    name: str


class _S3(msgspec.Struct):
    bucket: _Bucket
    object: _Object


class _Record(msgspec.Struct):
    eventName: str
    s3: _S3


class _Event(msgspec.Struct):
    Records: list[_Record] = []


def created_objects(event: Mapping[str, Any]) -> list[ObjectCreated]:
    """Every created object that the event names, in its order; other kinds of record are left out.

    S3's own test event (`{"Event": "s3:TestEvent"}`) names none. Raises msgspec.ValidationError on
    anything that is no S3 event.
    """
    records = msgspec.convert(event, _Event).Records
    return [
        ObjectCreated(
            bucket=record.s3.bucket.name,
            key=unquote_plus(record.s3.object.key),
            version_id=record.s3.object.versionId,
            size_bytes=record.s3.object.size,
        )
        for record in records
        if record.eventName.removeprefix("s3:").startswith("ObjectCreated:")
    ]
