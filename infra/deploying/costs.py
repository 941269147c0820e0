"""What a month costs at a number of cameras, from list prices. One object a photo, two API calls a photo.

Prices: us-east-1, without the free tier, in USD (AWS price lists for S3, Lambda, API Gateway, DynamoDB, CloudWatch).
"""

from __future__ import annotations

from dataclasses import dataclass

_MILLION = 1_000_000
_S3_PUT = 5.00 / _MILLION
_S3_GB_MONTH = 0.023
_API_REQUEST = 3.50 / _MILLION
_LAMBDA_REQUEST = 0.20 / _MILLION
_LAMBDA_GB_S = 0.0000133334
"""On arm64."""
_DYNAMODB_WRITE = 0.625 / _MILLION
_LOG_GB = 0.50
_GB = 1e9

_PHOTOS_A_DAY = 2880
_PHOTO_BYTES = 80_000
_DAYS = 30
_API_GB_S = 0.02 * 0.5
_PROCESSING_GB_S = 0.15 * 1.0
_WRITES = 3
_LOG_BYTES = 600
_RECONCILER_RUNS = 4 * 24 * _DAYS
_RECONCILER_GB_S = 0.5 * 0.5


@dataclass(frozen=True, slots=True)
class Cost:
    name: str
    usd: float


def month(cameras: int) -> list[Cost]:
    """One photo every 30 s each; the storage is what one month's photos cost in every month after."""
    photos = cameras * _PHOTOS_A_DAY * _DAYS
    return [
        Cost("S3 requests: photo and thumbnail", photos * 2 * _S3_PUT),
        Cost("API requests", photos * 2 * _API_REQUEST),
        Cost(
            "Lambda", photos * (3 * _LAMBDA_REQUEST + (2 * _API_GB_S + _PROCESSING_GB_S) * _LAMBDA_GB_S) + _reconciler()
        ),
        Cost("DynamoDB writes", photos * _WRITES * _DYNAMODB_WRITE),
        Cost("logs", photos * _LOG_BYTES / _GB * _LOG_GB),
        Cost("S3 storage of one month's photos", photos * _PHOTO_BYTES / _GB * _S3_GB_MONTH),
    ]


def _reconciler() -> float:
    return _RECONCILER_RUNS * (_LAMBDA_REQUEST + _RECONCILER_GB_S * _LAMBDA_GB_S)
