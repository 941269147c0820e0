"""What a month costs at a number of cameras, at list prices. One object a photo, two API calls a photo: the most that
a camera can cost; one that sends its photos in packs costs a fraction."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.prices import Units

_PHOTOS_A_DAY = 2880
_PHOTO_BYTES = 80_000
_DAYS = 30
_API_GB_S = 0.02 * 0.5
_PROCESSING_GB_S = 0.15 * 1.0
_WRITES = 3
_LOG_BYTES = 600
_RECONCILER_RUN = Units(lambda_requests=1, lambda_gb_s=0.5 * 0.5)
_RECONCILER_RUNS = 4 * 24 * _DAYS


@dataclass(frozen=True, slots=True)
class Cost:
    name: str
    usd: float


def month(cameras: int) -> list[Cost]:
    """One photo every 30 s each; the storage is what one month's photos cost in every month after."""
    functions = Units(lambda_requests=3, lambda_gb_s=2 * _API_GB_S + _PROCESSING_GB_S)
    of_a_photo = {
        "S3 requests: photo and thumbnail": Units(s3_puts=2),
        "API requests": Units(api_requests=2),
        "DynamoDB writes": Units(write_units=_WRITES),
        "logs": Units(logged_bytes=_LOG_BYTES),
        "S3 storage of one month's photos": Units(stored_byte_months=_PHOTO_BYTES),
    }
    photos = cameras * _PHOTOS_A_DAY * _DAYS
    costs = {name: units * photos for name, units in of_a_photo.items()}
    costs["Lambda"] = functions * photos + _RECONCILER_RUN * _RECONCILER_RUNS
    return [Cost(name, units.usd()) for name, units in costs.items()]
