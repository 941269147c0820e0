"""Events as S3 sends them (Amazon S3 User Guide, "Event message structure")."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from tests.api.scene import CAPTURES_BUCKET


def created(*keys: str, bucket: str = CAPTURES_BUCKET) -> dict[str, Any]:
    """One event with a record for each key."""
    return {"Records": [record(key, bucket) for key in keys]}


def record(key: str, bucket: str = CAPTURES_BUCKET, kind: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": kind,
        "eventTime": "2026-05-04T12:00:00.000Z",
        "s3": {
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": quote_plus(key), "size": 1024, "sequencer": "0055AED6DCD90281E5"},
        },
    }
