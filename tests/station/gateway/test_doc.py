"""docs/station-lan.md says of the gateway what is so, and mDNS what firmware looks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from frameferry_station.gateway import aside, codes, places, running
from frameferry_station.intake import connections
from frameferry_station.packs import MAX_PACK_BYTES

from tests.station.gateway.gateways import GatewayRig

TEXT = (Path(__file__).parents[3] / "docs" / "station-lan.md").read_text("utf-8")
CHAPTER = TEXT.split("\n## A camera with Frameferry's own firmware\n", 1)[1].split("\n## ", 1)[0]


def test_the_table_of_routes_is_that_of_the_gateway(rig: GatewayRig) -> None:
    rules = [rule for rule in rig.app.url_map.iter_rules() if rule.rule.startswith("/api")]
    served = {
        f"{method} {rule.rule.replace('<path:object_key>', '...')}"
        for rule in rules
        for method in (rule.methods or set()) & {"GET", "POST", "PUT"}
    }

    assert {" ".join(pair) for pair in re.findall(r"^\| `(GET|POST|PUT)` `(/[^`]*)` \|", CHAPTER, re.M)} == served


@pytest.mark.parametrize(
    "told",
    [
        f"good once, for {codes.LIFETIME.total_seconds() / 60:g} minutes",
        f"one pack of one camera, for {places.LIFETIME_S / 60:g} minutes",
        f"at most {MAX_PACK_BYTES // 2**20} MiB and {connections.LARGE_REQUEST_S / 60:g} minutes to come",
        f"{connections.MOST_LARGE_BODIES} may come at the same time",
        f"the last {aside.MOST_OF_A_CAMERA} of each",
    ],
)
def test_each_bound_is_the_one_that_holds(told: str) -> None:
    assert told in CHAPTER.replace("\n", " ")


def test_mdns_is_told_what_the_firmware_looks_for() -> None:
    [service] = running.services(5000)

    assert service == ("_frameferry._tcp.local.", 5000, {"path": "/api"})
