from __future__ import annotations

from pathlib import Path

import pytest

from tests.station.gateway.gateways import GatewayRig


@pytest.fixture
def rig(tmp_path: Path) -> GatewayRig:
    return GatewayRig(tmp_path / "gateway")
