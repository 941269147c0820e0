from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.s3_front_rig import Rig as S3Rig
from tests.contract.s3_front_rig import running_rig
from tests.station.fake_cloud import FakeCloud
from tests.station.fake_network import Network, running
from tests.station.rig import Rig


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud()


@pytest.fixture
def network(cloud: FakeCloud) -> Iterator[Network]:
    """The same cloud behind sockets."""
    with running(cloud) as network:
        yield network


@pytest.fixture
def rig(cloud: FakeCloud, tmp_path: Path) -> Rig:
    return Rig(cloud, tmp_path)


@pytest.fixture(scope="module")
def running_s3() -> Iterator[S3Rig]:
    with running_rig() as rig:
        yield rig


@pytest.fixture
def front(running_s3: S3Rig) -> Iterator[S3Rig]:
    """A strict S3 front with a bucket of the test's own."""
    running_s3.bucket = running_s3.new_bucket()
    yield running_s3
    running_s3.control("DELETE", "faults")
    running_s3.clock.ahead = timedelta()
