"""Settings of a sink for the bucket of a strict S3 front."""

from __future__ import annotations

from frameferry_station.settings import S3Sink

from tests.contract.s3_front_rig import ACCESS_KEY, REGION, SECRET_KEY, Rig


def s3_sink(front: Rig) -> S3Sink:
    return S3Sink(front.bucket, REGION, ACCESS_KEY, SECRET_KEY, "snapshots/", front.front.url)
