"""What AWS bills for, and its list prices: what a month costs is worked out from units, not guessed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from math import ceil

AS_OF = date(2025, 1, 1)
"""When these were the list prices of us-east-1, before any free tier. Sources: the pricing pages of API Gateway (REST,
first 333 million), Lambda (arm64), S3 (Standard), DynamoDB (on-demand) and CloudWatch Logs."""

_MILLION = 1_000_000
_GB = 1e9


@dataclass(frozen=True)
class Units:
    """Billable units; fractions are averages."""

    api_requests: float = 0
    lambda_requests: float = 0
    lambda_gb_s: float = 0
    s3_puts: float = 0
    """PUT, COPY and LIST."""
    s3_gets: float = 0
    """GET and HEAD."""
    write_units: float = 0
    read_units: float = 0
    stored_byte_months: float = 0
    logged_bytes: float = 0

    def __add__(self, other: Units) -> Units:
        return Units(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def __mul__(self, count: float) -> Units:
        return Units(*(getattr(self, each.name) * count for each in fields(self)))

    def usd_by_unit(self) -> dict[str, float]:
        """By name of the unit, in US dollars."""
        return {name: getattr(self, name) * price for name, price in USD.items()}

    def usd(self) -> float:
        return sum(self.usd_by_unit().values())


USD = {
    "api_requests": 3.50 / _MILLION,
    "lambda_requests": 0.20 / _MILLION,
    "lambda_gb_s": 0.0000133334,
    "s3_puts": 5.00 / _MILLION,
    "s3_gets": 0.40 / _MILLION,
    "write_units": 0.625 / _MILLION,
    "read_units": 0.125 / _MILLION,
    "stored_byte_months": 0.023 / _GB,
    "logged_bytes": 0.50 / _GB,
}
"""By unit."""


def write_units(size_bytes: int, *, transactional: bool = False) -> int:
    """One for each KB begun of an item; a condition that fails is billed too (DynamoDB Developer Guide,
    "DynamoDB read and write operations").
    """
    return max(1, ceil(size_bytes / 1024)) * (2 if transactional else 1)


def read_units(size_bytes: int, *, consistent: bool) -> float:
    """One for each 4 KB begun of what is read, half where it is eventually consistent."""
    return max(1, ceil(size_bytes / 4096)) * (1.0 if consistent else 0.5)
