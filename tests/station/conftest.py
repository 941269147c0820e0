from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.station.fake_cloud import FakeCloud, running
from tests.station.rig import Rig


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with running(FakeCloud()) as cloud:
        yield cloud


@pytest.fixture
def rig(cloud: FakeCloud, tmp_path: Path) -> Rig:
    return Rig(cloud, tmp_path)
