"""Changes of objects, and the S3 event notifications that tell a function of them.

Amazon S3 User Guide, "Event message structure" and "Supported event types for SQS, SNS, and Lambda".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus


@dataclass(frozen=True)
class S3Change:
    """One thing that happened to one object.

    `key` is decoded; `event_name` has no `s3:` before it. `size_bytes` and `etag` (without quotes)
    are None for removals. `sequencer` is hexadecimal and grows with every change.
    """

    bucket: str
    key: str
    version_id: str | None
    size_bytes: int | None
    etag: str | None
    event_name: str
    sequencer: str
    at: datetime


def event_for(change: S3Change, region: str = "us-east-1") -> dict[str, Any]:
    """The event that Lambda hands to the function: one record; the key is URL-encoded, a blank as `+`."""
    stored: dict[str, Any] = {"key": quote_plus(change.key)}
    if change.size_bytes is not None:
        stored["size"] = change.size_bytes
    if change.etag is not None:
        stored["eTag"] = change.etag
    if change.version_id is not None:
        stored["versionId"] = change.version_id
    stored["sequencer"] = change.sequencer
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": change.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "eventName": change.event_name,
        "userIdentity": {"principalId": "AWS:LOCALCLOUD"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": _trace(change),
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "local-cloud",
            "bucket": {
                "name": change.bucket,
                "ownerIdentity": {"principalId": "LOCALCLOUD"},
                "arn": f"arn:aws:s3:::{change.bucket}",
            },
            "object": stored,
        },
    }
    return {"Records": [record]}


def _trace(change: S3Change) -> dict[str, str]:
    digest = hashlib.sha256(f"{change.bucket}/{change.key}/{change.sequencer}".encode()).hexdigest()
    return {"x-amz-request-id": digest[:16].upper(), "x-amz-id-2": digest[16:]}
