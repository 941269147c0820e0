"""RateStore, in memory and on DynamoDB."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain import rates
from chalicelib.domain.clock import to_ms
from chalicelib.domain.rates import Granted, Rate, Refused
from tests.contract.conftest import Cloud, Stores, on_moto
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)
RATE = Rate(per_minute=30, burst=3)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_burst_is_granted_and_the_next_refused(stores: Stores) -> None:
    answers = [stores.rates.take("source#1", RATE, NOW) for _ in range(5)]

    assert [type(answer) for answer in answers] == [Granted, Granted, Granted, Refused, Refused]
    assert answers[3] == answers[4] == Refused(retry_after_s=2)


def test_the_answers_are_those_of_the_algorithm(stores: Stores) -> None:
    moments = [0, 0, 0.5, 1, 2.5, 2.5, 9, 9, 9, 9, 60, 60.001]
    expected: list[Granted | Refused] = []
    full_at_ms = 0
    for moment in moments:
        answer = rates.take(RATE, full_at_ms, to_ms(after(moment)))
        full_at_ms = answer.full_at_ms if isinstance(answer, Granted) else full_at_ms
        expected.append(answer)

    assert [stores.rates.take("source#1", RATE, after(moment)) for moment in moments] == expected


def test_each_bucket_counts_for_itself(stores: Stores) -> None:
    for _ in range(4):
        stores.rates.take("source#1", RATE, NOW)

    assert isinstance(stores.rates.take("source#2", RATE, NOW), Granted)


def test_a_bucket_is_no_pairing_code(stores: Stores) -> None:
    stores.rates.take("source#1", RATE, NOW)

    assert stores.pairings.get("source#1") is None


def test_a_bucket_is_forgotten_once_it_is_full(cloud: Cloud) -> None:
    granted = on_moto(cloud, FakeClock()).rates.take("source#1", RATE, NOW)

    (row,) = cloud.dynamodb.scan(TableName=cloud.outputs.pairings_table)["Items"]
    assert isinstance(granted, Granted)
    assert int(row["expires_at_s"]["N"]) * 1000 >= granted.full_at_ms


@pytest.fixture
def switching_often() -> Iterator[None]:
    """Between any two steps of Python's another thread may come."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual_s)


@pytest.mark.usefixtures("switching_often")
def test_requests_at_the_same_moment_are_each_counted(cloud: Cloud) -> None:
    rates_on_moto = on_moto(cloud, FakeClock()).rates
    many = Rate(per_minute=600, burst=40)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: rates_on_moto.take("source#1", many, NOW), range(40)))

    full_at_ms = [answer.full_at_ms for answer in answers if isinstance(answer, Granted)]
    assert sorted(full_at_ms) == [to_ms(NOW) + many.interval_ms * count for count in range(1, 41)]
