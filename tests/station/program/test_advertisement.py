"""The station is found by mDNS, again after its address has changed, and runs whatever happens to that."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from frameferry_station.program import advertisement
from frameferry_station.program.advertisement import Advertised, Advertisement, announced, ipv4_addresses, services_of
from frameferry_station.settings import LanSettings, StationSettings
from zeroconf import IPVersion, Zeroconf

from tests.station.program.processes import eventually, free_port

PAGE = Advertised("_http._tcp.local.", 8080, {"path": "/"})


class Network:
    """`announced` is what each announcement was for; those that are closed are gone from `standing`."""

    def __init__(self) -> None:
        self.addresses = ["192.168.1.10"]
        self.announced: list[tuple[str, ...]] = []
        self.standing: list[tuple[str, ...]] = []
        self.fails = False
        self.looks = 0

    def announce(self, services: Sequence[Advertised], addresses: Sequence[str]) -> Announcement:
        if self.fails:
            raise OSError("Network is unreachable")
        self.announced.append(tuple(addresses))
        self.standing.append(tuple(addresses))
        return Announcement(self, tuple(addresses))

    def addresses_now(self) -> Sequence[str]:
        self.looks += 1
        return self.addresses


class Announcement:
    def __init__(self, network: Network, addresses: tuple[str, ...]) -> None:
        self._network = network
        self._addresses = addresses

    def close(self) -> None:
        self._network.standing.remove(self._addresses)


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def running(network: Network) -> Iterator[Advertisement]:
    running = Advertisement(
        [PAGE], announce=network.announce, addresses=network.addresses_now, look_s=0.01, failed_s=0.01
    )
    yield running
    running.stop()


def test_another_address_is_told_of_and_the_old_one_is_taken_back(network: Network, running: Advertisement) -> None:
    running.start()
    eventually(lambda: network.standing == [("192.168.1.10",)])
    network.addresses = ["10.0.0.5", "192.168.1.10"]
    eventually(lambda: network.standing == [("10.0.0.5", "192.168.1.10")])
    network.addresses = []
    eventually(lambda: network.standing == [])


def test_the_same_address_is_told_of_once(network: Network, running: Advertisement) -> None:
    running.start()
    eventually(lambda: network.looks >= 5)

    assert network.announced == [("192.168.1.10",)]


def test_the_end_takes_it_back(network: Network, running: Advertisement) -> None:
    running.start()
    eventually(lambda: network.standing)

    running.stop()

    assert network.standing == []
    assert not [thread for thread in threading.enumerate() if thread.name == "mdns"]


def test_a_network_that_does_not_take_it_is_tried_again(
    network: Network, running: Advertisement, caplog: pytest.LogCaptureFixture
) -> None:
    network.fails = True
    running.start()
    eventually(lambda: "not found by mDNS: OSError" in caplog.text)

    network.fails = False

    eventually(lambda: network.standing == [("192.168.1.10",)])


def test_settings_can_forbid_it() -> None:
    assert advertisement.begin(StationSettings(Path("state"), (), advertise=False), serves_devices=False) is None


def test_what_firmware_looks_for_is_told_where_it_is_served_only() -> None:
    alone = StationSettings(Path("state"), ())
    with_lan = StationSettings(Path("state"), (), lan=LanSettings(port=5001))

    def told(settings: StationSettings, serves_devices: bool) -> list[tuple[str, int]]:
        return [(each.kind, each.port) for each in services_of(settings, serves_devices=serves_devices)]

    assert told(alone, False) == [("_http._tcp.local.", 8080)]
    assert told(with_lan, False) == [("_http._tcp.local.", 8080), ("_frameferry-lan._tcp.local.", 5001)]
    assert told(with_lan, True)[2:] == [("_frameferry._tcp.local.", 5001)]
    assert services_of(with_lan, serves_devices=True)[2].properties == {"path": "/api"}


def test_the_machines_own_address_is_not_told() -> None:
    assert not [address for address in ipv4_addresses() if address.startswith("127.")]


def test_others_find_the_page_by_it() -> None:
    port = free_port()
    telling = announced([Advertised("_http._tcp.local.", port, {"path": "/"})], ["127.0.0.1"])
    asking = Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    try:
        [name] = [info.name for info in telling.registry.async_get_service_infos()]  # type: ignore[attr-defined]
        found = asking.get_service_info("_http._tcp.local.", name, timeout=10_000)
    finally:
        asking.close()
        telling.close()

    assert found is not None
    assert (found.port, found.parsed_addresses()) == (port, ["127.0.0.1"])
    assert found.decoded_properties["path"] == "/"
    assert name.startswith("Frameferry station ")
