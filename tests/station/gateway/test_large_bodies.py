"""Packs over the LAN server's sockets: larger than a photo may be, and no more than was announced."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from frameferry_station.gateway import running
from frameferry_station.http import Connection
from frameferry_station.intake.connections import LARGE_REQUEST_S, MOST_LARGE_BODIES, SILENCE_S
from frameferry_station.intake.server import LanServer

from tests.station.fake_cloud import FakeCloud
from tests.station.gateway.cameras import Camera, Shot, pack_of, put_headers
from tests.station.gateway.gateways import GatewayRig
from tests.station.intake.lan import SETTINGS
from tests.station.lanes.photographs import photograph
from tests.station.rig import Rig, UnsyncedFiles
from tests.station.samples import META

LARGE = [photograph(number, 60_000) for number in range(20)]
"""Together more than SETTINGS take of a photo."""


@pytest.fixture
def server(rig: GatewayRig) -> Iterator[LanServer]:
    server = LanServer(
        SETTINGS,
        rig.station.lanes,
        state=rig.folder,
        files=UnsyncedFiles(),
        clock=rig.station.time,
        entropy=rig.chance.randbytes,
        guest=running.guest(rig.gateway),
    )
    server.start()
    yield server
    server.stop()


class Client:
    """Sends a pack piece by piece."""

    def __init__(self, port: int, place: str, content: bytes, length: int, of: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 5.0, source_address=(of, 0))
        lines = [f"PUT {place} HTTP/1.1", "Host: station", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in put_headers(content).items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def status(self) -> int | None:
        """None where the connection is closed without an answer."""
        content = b""
        with suppress(ConnectionResetError):
            while b"\r\n" not in content:
                got = self.socket.recv(65536)
                if not got:
                    return None
                content += got
        return int(content.split()[1]) if content else None


Connect = Callable[..., Client]


@pytest.fixture
def connect(server: LanServer) -> Iterator[Connect]:
    with ExitStack() as sockets:

        def connect(*arguments: Any, **more: Any) -> Client:
            client = Client(server.port, *arguments, **more)
            sockets.enter_context(client.socket)
            return client

        yield connect


@pytest.fixture
def pack(rig: GatewayRig) -> tuple[Camera, str, bytes]:
    """A camera, a place, and what is to go there."""
    camera = Camera.paired(rig)
    named, content = pack_of(camera.device_id, [Shot(number, jpeg) for number, jpeg in enumerate(LARGE)])
    return camera, camera.place(named), content


def is_alive(server: LanServer) -> bool:
    return httpx.get(f"http://127.0.0.1:{server.port}/api/health", trust_env=False).status_code == 200


def test_client_drains_packs_larger_than_a_photo_over_sockets(
    rig: GatewayRig, server: LanServer, tmp_path: Path
) -> None:
    class There:
        api_url = f"http://127.0.0.1:{server.port}/api"
        commands = ()

        def holds(self, photo: bytes) -> list[int]:
            return [number for number, kept in enumerate(rig.photos()) if kept == photo]

    rig.make_code()
    with ExitStack() as stack:

        def connection() -> Connection:
            made = Connection()
            stack.callback(made.close)
            return made

        device = Rig(
            cast(FakeCloud, There()), tmp_path / "camera", senders=connection, time=rig.station.time, pack_captures=20
        )
        for jpeg in LARGE:
            device.kept[device.queue.put(jpeg, META)] = jpeg
        assert device.packs()[0].size_bytes > SETTINGS.max_photo_bytes
        device.work()

    assert device.is_done
    assert rig.photos() == LARGE


def test_a_large_body_is_for_announced_packs_only(connect: Connect, pack: tuple[Camera, str, bytes]) -> None:
    _, place, content = pack
    ticket = place.partition("ticket=")[2]

    tried = [
        connect(place.replace(ticket, "A" * 43), content, len(content)),
        connect(place, content, len(content) + 1),
        connect("/upload", content, len(content)),
        connect(place + "&" * 100, content, len(content)),
    ]

    assert [each.status() for each in tried] == [413, 413, 413, 413]


def test_a_pack_that_is_cut_off_leaves_nothing_and_comes_again(
    connect: Connect, rig: GatewayRig, pack: tuple[Camera, str, bytes]
) -> None:
    camera, place, content = pack
    before = sorted(path for path in rig.folder.rglob("*"))
    for part in (1, len(content) // 2, len(content) - 1):
        client = connect(place, content, len(content))
        client.socket.sendall(content[:part])
        client.socket.close()
    whole = connect(place, content, len(content))
    whole.socket.sendall(content)

    assert whole.status() == 200
    assert rig.photos() == LARGE
    left = {path.suffix for path in rig.folder.rglob("*") if path not in before and path.is_file()}
    assert left == {".digests", ".json"}
    assert camera.put(content, place).status_code == 412


def test_more_large_bodies_than_the_disk_is_meant_for_are_cut_off_and_others_are_served(
    server: LanServer, connect: Connect, pack: tuple[Camera, str, bytes]
) -> None:
    _, place, content = pack
    clients = [
        connect(place, content, len(content), of=f"127.0.1.{number}") for number in range(MOST_LARGE_BODIES)
    ]
    for client in clients:
        client.socket.sendall(content[:1000])
    assert is_alive(server)

    one_more = connect(place, content, len(content), of="127.0.1.99")
    one_more.socket.sendall(content[:1000])

    assert one_more.status() is None
    assert is_alive(server)
    clients[0].socket.sendall(content[1000:])
    assert clients[0].status() == 200


@pytest.mark.parametrize("drips", [False, True])
def test_a_large_body_that_does_not_come_is_cut_off(
    server: LanServer, connect: Connect, rig: GatewayRig, pack: tuple[Camera, str, bytes], drips: bool
) -> None:
    _, place, content = pack
    client = connect(place, content, len(content))
    steps = int(LARGE_REQUEST_S // 15) + 1 if drips else 1
    for _ in range(steps):
        if drips:
            client.socket.sendall(content[:1])
        assert is_alive(server)  # so that it has come before time goes on
        rig.station.time.advance(15.0 if drips else SILENCE_S + 1)

    assert client.status() is None
    assert rig.photos() == []
