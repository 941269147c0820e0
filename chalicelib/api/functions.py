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

    from aws_lambda_powertools.metrics import EphemeralMetrics

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
        done = process_object(created.key, created.version_id, stores=stack, clock=stack.clock)
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
    metrics = _metrics()
    for name, value in ({"message": "object"} | what).items():
        metrics.add_metadata(name, value)
    _measure(metrics, [one.item for one in ends if one.item], counts)
    metrics.flush_metrics()


def _measure(metrics: EphemeralMetrics, items: Sequence[Item], counts: Mapping[str, int]) -> None:
    from aws_lambda_powertools.metrics import MetricUnit

    for name, outcome in (("PhotosProcessed", "processed"), ("PhotosRejected", "rejected")):
        if counts.get(outcome):
            metrics.add_metric(name, MetricUnit.Count, counts[outcome])
    metrics.add_metric("BytesProcessed", MetricUnit.Bytes, sum(item.size_bytes or 0 for item in items))
    times = [(item.stored_at, item.processed_at) for item in items]
    took_ms = [to_ms(done_at) - to_ms(stored_at) for stored_at, done_at in times if stored_at and done_at]
    if took_ms:
        metrics.add_metric("ProcessingLatency", MetricUnit.Milliseconds, max(0, *took_ms))


def reconcile(context: Any) -> None:
    """One run of the reconciler, within the time that Lambda gives it."""
    from aws_lambda_powertools.metrics import MetricUnit

    from chalicelib.services import reconcile as service

    stack = wiring.current()
    findings = service.reconcile(
        stores=stack, clock=stack.clock, time_left=lambda: context.get_remaining_time_in_millis() > _SPARE_MS
    )
    logger().info("reconciled", findings=dict(findings.counts), errors=findings.errors)
    metrics = _metrics()
    metrics.add_metric("ReconcilerFindings", MetricUnit.Count, findings.mended)
    metrics.add_metric("ReconcilerErrors", MetricUnit.Count, len(findings.errors))
    metrics.add_metric("DevicesSeen", MetricUnit.Count, findings.devices_seen)
    metrics.flush_metrics()


def _metrics() -> EphemeralMetrics:
    """Of one photo or one run: nothing is shared with what runs beside it."""
    from aws_lambda_powertools.metrics import EphemeralMetrics

    return EphemeralMetrics(namespace="Frameferry", service=settings.stack_name())
