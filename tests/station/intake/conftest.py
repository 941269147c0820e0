from pathlib import Path

import pytest

from tests.station.intake.lan import Lan


@pytest.fixture
def lan(tmp_path: Path) -> Lan:
    return Lan(tmp_path)
