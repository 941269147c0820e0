"""The functions that no client calls: S3's events and the schedule.

Metrics are few on purpose: CloudWatch takes money for each name from the eleventh on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib import settings, wiring
from chalicelib.api.log import logger
from chalicelib.domain.clock import to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.item import Item
    from chalicelib.services.verdicts import Processed
    from chalicelib.wire.s3_records import ObjectCreated

_SPARE_MS = 60_000
"""The reconciler begins nothing new when less is left of its time: as much as processing gets for one object."""


class ObjectsFailed(Exception):
    """Some objects could not be processed now; Lambda tells the event again, which is safe."""


def process_objects(event: Mapping[str, Any]) -> None:
    """Every object that an S3 event names. One that fails does not stop the others. Raises ObjectsFailed.

    What is no S3 event would not become one by being told again: it is logged and dropped.
    """
    from chalicelib.wire.s3_records import created_objects

    try:
        created = created_objects(event)
    except msgspec.ValidationError as error:
        logger().error("not an S3 event", reason=str(error))
        return
    failed = sum(not _processed(one) for one in created if _is_capture(one))
    if failed:
        raise ObjectsFailed(f"{failed} of {len(created)}")


def _is_capture(created: ObjectCreated) -> bool:
    ours = created.bucket == wiring.current().settings.captures_bucket
    if not ours:
        logger().warning("an event of another bucket", bucket=created.bucket)
    return ours


def _processed(created: ObjectCreated) -> bool:
    from chalicelib.services.processing import process_object

    stack = wiring.current()
    started_at = stack.clock()
    try:
        done = process_object(created.key, created.version_id, stores=stack, clock=stack.clock, at_once=stack.at_once)
    except Exception:
        logger().exception("object failed", **_named(created))
        return False
    _tell(done, _named(created) | {"took_ms": to_ms(stack.clock()) - to_ms(started_at)})
    return True


def _named(created: ObjectCreated) -> dict[str, Any]:
    from chalicelib.wire import object_keys

    named = object_keys.parse_single(created.key)
    which = {"device_id": named.device_id, "seq": named.seq} if named else {"object_key": created.key}
    return which | {"size_bytes": created.size_bytes}


def _tell(done: Processed, told: Mapping[str, Any]) -> None:
    """One line for an object. If it held photos, their metrics are in it: CloudWatch is paid by the byte."""
    from chalicelib.services.verdicts import Outcome

    captures = done.captures or [done]
    ends = [one for one in captures if one.item and one.outcome in (Outcome.PROCESSED, Outcome.REJECTED)]
    counts = Counter(one.outcome.value for one in captures)
    what = {"outcome": done.outcome.value, **told} | ({"captures": dict(counts)} if done.captures else {})
    if errors := sorted({one.error for one in captures if one.error}):
        what["errors"] = errors
    if not ends:
        logger().info("object", **what)
        return
    _count("object", what, _metrics([one.item for one in ends if one.item], counts))


def _metrics(items: Sequence[Item], counts: Mapping[str, int]) -> dict[str, int]:
    ends = (("PhotosProcessed", "processed"), ("PhotosRejected", "rejected"))
    found = {name: counts[outcome] for name, outcome in ends if counts.get(outcome)}
    found["BytesProcessed"] = sum(item.size_bytes or 0 for item in items)
    times = [(item.stored_at, item.processed_at) for item in items]
    took_ms = [to_ms(done_at) - to_ms(stored_at) for stored_at, done_at in times if stored_at and done_at]
    if took_ms:
        found["ProcessingLatency"] = max(0, *took_ms)
    return found


def reconcile(context: Any) -> None:
    """One run of the reconciler, within the time that Lambda gives it."""
    from chalicelib.services import reconcile as service

    stack = wiring.current()
    findings = service.reconcile(
        stores=stack, clock=stack.clock, time_left=lambda: context.get_remaining_time_in_millis() > _SPARE_MS
    )
    logger().info("reconciled", findings=dict(findings.counts), errors=findings.errors)
    seen = {"ReconcilerFindings": findings.mended, "ReconcilerErrors": len(findings.errors)}
    _count("counted", {}, seen | {"DevicesSeen": findings.devices_seen})


def _count(message: str, told: Mapping[str, Any], metrics: Mapping[str, int]) -> None:
    """A line of the log that CloudWatch takes its metrics from (CloudWatch User Guide, "Embedded metric format").

    Not powertools' EphemeralMetrics: its lines are a seventh longer, and its import takes longer than a photo does.
    """
    named = [{"Name": name} for name in metrics]
    of_service = {"Namespace": "Frameferry", "Dimensions": [["service"]], "Metrics": named}
    aws = {"Timestamp": to_ms(wiring.current().clock()), "CloudWatchMetrics": [of_service]}
    line = {"_aws": aws, "service": settings.stack_name(), "message": message, **told, **metrics}
    print(msgspec.json.encode(line).decode())
