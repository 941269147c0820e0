"""One empty account of moto for a test file, and what goes there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra.deploying.target import Target
from infra.rehearse.fake_aws import ACCOUNT_ID, REGION, FakeAws, fake_aws


@pytest.fixture(scope="module")
def aws() -> Iterator[FakeAws]:
    with fake_aws() as account:
        yield account


@pytest.fixture
def session(aws: FakeAws) -> Any:
    aws.line.mend()
    aws.forget_all()
    return boto3.session.Session()


@pytest.fixture
def target() -> Target:
    return Target("prod", ACCOUNT_ID, REGION, "aws", "frameferry")
