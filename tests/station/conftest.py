from collections.abc import Iterator
from pathlib import Path

import pytest

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
