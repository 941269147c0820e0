"""A userland link between devices and the local cloud's API and S3.

Devices connect to the link's addresses instead of the cloud's. It carries their bytes as a link of such a profile
would: at its pace, with its round trips, TCP's slow start and TLS handshakes, and with the faults that it is told.
"""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self, cast
from urllib.parse import urlsplit

from infra.local.link.carrier import Carrier
from infra.local.link.connection import Connection, reset
from infra.local.link.faults import FaultPlan, FaultSource, Server, faults_by_chance
from infra.local.link.profile import HOTSPOT, LinkProfile
from infra.local.link.terms import Address, Terms
from infra.local.link.tls import Authority, TlsSession
from infra.local.link.traffic import LinkStats
from infra.local.network import public_host

_RECEIVE_BUFFER_BYTES = 16 * 1024
_DEVICE_SEGMENT_BYTES = 1460


class HotspotLink:
    """A context manager. Its addresses are there from the beginning; `forward_to` says what is behind them.

    `faults` is asked at each connection; the one that is made by default, a FaultPlan, can be told through
    `plan`. What the profile wants by chance comes on top of it, from `chance`. A `host` of 0.0.0.0 listens on all
    addresses; URLs then name this machine's address on its LAN.

    The link has a thread of its own; its methods may be called from any other while it is up.
    """

    def __init__(
        self,
        profile: LinkProfile = HOTSPOT,
        *,
        host: str = "127.0.0.1",
        api_port: int = 0,
        s3_port: int = 0,
        faults: FaultSource | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.plan = FaultPlan()
        self._profile = profile
        self._host = public_host(host)
        self._faults = faults or self.plan
        self._chance = chance or random.Random()
        self._targets: dict[Server, Address] = {}
        self._sockets: dict[Server, socket.socket] = {}
        self._authority = Authority(*{self._host, "127.0.0.1", "localhost"})
        try:
            self._sockets["api"] = _listening(host, api_port)
            self._sockets["s3"] = _listening(host, s3_port)
        except OSError:
            self._close()
            raise
        self._accepting: set[asyncio.Task[object]] = set()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._carrier = Carrier(self._profile, self._loop)
        self._thread = threading.Thread(target=self._loop.run_forever, name="link", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._close()

    @property
    def api_url(self) -> str:
        """Ends in `/api`."""
        return f"{self._scheme}://{self._host}:{self._port('api')}/api"

    @property
    def s3_url(self) -> str:
        return f"{self._scheme}://{self._host}:{self._port('s3')}"

    @property
    def ca_file(self) -> Path:
        """The certificate that clients trust, as PEM."""
        return self._authority.ca_file

    def client_context(self) -> ssl.SSLContext:
        """A new one, for a client that trusts the link and nobody else. It speaks what the link's profile speaks."""
        return self._authority.client_context()

    def forward_to(self, *, api_url: str, s3_url: str) -> None:
        """Where new connections end. Until the first call they are reset."""
        targets: dict[Server, Address] = {"api": _address(api_url), "s3": _address(s3_url)}
        self._call(lambda: self._targets.update(targets))

    @property
    def profile(self) -> LinkProfile:
        return self._profile

    def change_profile(self, profile: LinkProfile) -> None:
        """Bandwidth and round trip change for all, the rest for new connections. TLS must stay on or off."""
        if (profile.tls is None) != (self._profile.tls is None):
            raise ValueError("the link's URLs would change")
        self._profile = profile
        self._call(lambda: self._carrier.become(profile))

    def sleep(self) -> None:
        """Out of reach until `wake`: nothing is sent, and connections wait."""
        self._call(self._carrier.sleep)

    def wake(self) -> None:
        """In reach again. Connections from before the sleep are reset, as by a phone that has forgotten them."""
        self._call(self._carrier.wake)

    def stats(self) -> LinkStats:
        """What has been counted since the beginning or `reset_stats`."""
        return self._call(self._carrier.stats)

    def reset_stats(self) -> None:
        self._call(self._carrier.reset_stats)

    async def _serve(self) -> None:
        for server, listening in self._sockets.items():
            listening.setblocking(False)
            self._loop.add_reader(listening, self._accept, server, listening)

    def _accept(self, server: Server, listening: socket.socket) -> None:
        """Not by an asyncio.Server: one that is closed while it accepts leaves the new socket open."""
        with suppress(BlockingIOError, ConnectionError):
            made, _ = listening.accept()
            factory = partial(self._new_connection, server)
            task = self._loop.create_task(self._loop.connect_accepted_socket(factory, made))
            self._accepting.add(task)
            task.add_done_callback(self._accepting.discard)

    async def _stop(self) -> None:
        for listening in self._sockets.values():
            self._loop.remove_reader(listening)
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)  # those that accept, and then connect to the servers
        await self._carrier.stop()

    def _new_connection(self, server: Server) -> asyncio.Protocol:
        target = self._targets.get(server)
        if target is None:
            return _Refused()
        profile = self._profile
        tls = TlsSession(self._authority.context(profile.tls)) if profile.tls else None
        faults = [*self._faults(server), *faults_by_chance(profile, self._chance)]
        return Connection(self._carrier, Terms(server, target, profile, tls, self._carrier.counts[server], faults))

    def _call[T](self, call: Callable[[], T]) -> T:
        async def called() -> T:
            return call()

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result()

    @property
    def _scheme(self) -> str:
        return "https" if self._profile.tls else "http"

    def _port(self, server: Server) -> int:
        return int(self._sockets[server].getsockname()[1])

    def _close(self) -> None:
        for listening in self._sockets.values():
            listening.close()
        self._authority.close()


class _Refused(asyncio.Protocol):
    """A connection to a cloud that is not there yet."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        reset(cast("asyncio.Transport", transport))


def _address(url: str) -> Address:
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        raise ValueError(f"{url} names no host and port")
    return parts.hostname, parts.port


def _listening(host: str, port: int) -> socket.socket:
    """Small segments and a small buffer keep what a device has written and nobody has read to a few segments, as on a
    real link: over the loopback interface it could be megabytes."""
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _DEVICE_SEGMENT_BYTES)
        listening.bind((host, port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening
