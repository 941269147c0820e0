"""One connection of a device, carried over the link: its bytes wait here until the two bottlenecks let them through."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, cast

from infra.local.link.bottleneck import Arrival, Bottleneck
from infra.local.link.faults import Direction
from infra.local.link.terms import Terms
from infra.local.link.tls import TlsFailed, TlsSession
from infra.local.link.traffic import RequestReader

_LOOK_AGAIN_S = 0.001
_LINGER_S = 30.0


class Link(Protocol):
    """What a connection needs of the link that it is on."""

    @property
    def up(self) -> Bottleneck: ...
    @property
    def down(self) -> Bottleneck: ...
    def now_s(self) -> float: ...
    def opened(self, transport: asyncio.Transport) -> None: ...
    def closed(self, transport: asyncio.Transport) -> None: ...
    def began(self, connection: Connection) -> None: ...
    def ended(self, connection: Connection) -> None: ...
    def was_used(self) -> None:
        """A device sends: where the hotspot sleeps, it wakes."""

    def look(self) -> None:
        """Something was offered: hand over what has arrived, and see when the next will."""


@dataclass
class _End:
    """One of the two ends: its socket, what it wrote and is not across yet, whether it will write no more, and how
    late it got its last bytes."""

    read_ahead_bytes: int
    transport: asyncio.Transport | None = None
    unsent: bytearray = field(default_factory=bytearray)
    is_finished: bool = False
    late_s: float = 0.0

    def wrote(self, data: bytes) -> None:
        self.unsent += data
        if len(self.unsent) > self.read_ahead_bytes and self.transport is not None:
            self.transport.pause_reading()

    def take(self, size_bytes: int) -> bytes:
        data = bytes(self.unsent[:size_bytes])
        del self.unsent[:size_bytes]
        if len(self.unsent) <= self.read_ahead_bytes and self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()
        return data


class Connection(asyncio.Protocol):
    """The device's socket. The server's is an `_Upstream`, made as soon as this one is there.

    An end that got bytes late because this machine was busy answers late too: its answer counts from when the bytes
    should have been there, so that being late adds up over no number of round trips.
    """

    def __init__(self, link: Link, terms: Terms) -> None:
        self._link = link
        self._terms = terms
        profile = terms.profile
        up_limit = min(profile.max_window_bytes, profile.up_send_buffer_bytes or profile.max_window_bytes)
        self._device = _End(terms.read_ahead_bytes(up_limit, profile.up_bit_s))
        self._server = _End(terms.read_ahead_bytes(profile.max_window_bytes, profile.down_bit_s))
        now_s = link.now_s()
        self.up = terms.new_flow("up", up_limit, now_s + profile.rtt_s)  # TCP's own handshake
        self.down = terms.new_flow("down", profile.max_window_bytes, now_s)
        self._requests = RequestReader()
        self._plain_for_server = bytearray()
        self._down_bytes = 0
        self._handshake_ends_at_byte: int | None = None
        self._asked_at_s: float | None = None
        self._used_at_s = now_s
        self._is_dead = False
        self._is_over = False
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._device.transport = cast("asyncio.Transport", transport)
        self._link.opened(self._device.transport)
        self._link.was_used()
        self._link.began(self)
        self._terms.count.add(connections=1)
        if self._terms.is_refused:
            self._terms.count.add(drops=1)
            self.reset()
            return
        self._connecting = asyncio.get_running_loop().create_task(self._connect())
        self._close_if_idle()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: _Upstream(self, self._link), *self._terms.target)
        except OSError:
            self.reset()

    def server_is_there(self, transport: asyncio.Transport) -> None:
        transport.write(bytes(self._plain_for_server))
        self._plain_for_server.clear()
        if self._is_over or self._is_dead:
            transport.close()
            return
        self._server.transport = transport
        self._tell_ends(0)

    # What the two ends write.

    def data_received(self, data: bytes) -> None:
        self._link.was_used()
        self._device.wrote(data)
        self._link.up.offer(self.up, len(data), self._link.now_s() - self._device.late_s)
        self._link.look()

    def server_sent(self, data: bytes) -> None:
        at_s = self._link.now_s() - self._server.late_s
        if self._asked_at_s is not None:
            self._terms.count.add(answering_s=max(0.0, at_s - self._asked_at_s))
        self._asked_at_s = None
        self._used_at_s = at_s
        self._terms.count.add(down_payload_bytes=len(data))
        if self._terms.tls is not None:
            self._terms.tls.encrypt(data)
            data = self._terms.tls.outgoing()
        self._offer_down(data, at_s)
        self._link.look()

    def _offer_down(self, data: bytes, at_s: float) -> None:
        self._server.wrote(data)
        self._link.down.offer(self.down, len(data), at_s)

    def eof_received(self) -> bool:
        """True: the device may still read."""
        self._device.is_finished = True
        if self._is_dead:
            self._reset_when_written()
        self._tell_ends(self._terms.profile.rtt_s / 2)
        return True

    def server_finished(self) -> None:
        if self._server.is_finished or self._is_over or self._is_dead:
            return
        self._server.is_finished = True
        self._server.transport = None
        self._wait(_LINGER_S, self.reset)
        if self._terms.tls is not None:
            self._terms.tls.end()
            self._offer_down(self._terms.tls.outgoing(), self._link.now_s())
            self._link.look()
        self._tell_ends(self._terms.profile.rtt_s / 2)

    # What comes across.

    def arrived(self, arrival: Arrival) -> None:
        if self._is_over or self._is_dead:
            return
        is_up = arrival.flow is self.up
        source, target = (self._device, self._server) if is_up else (self._server, self._device)
        data = source.take(arrival.size_bytes)
        target.late_s = min(max(0.0, self._link.now_s() - arrival.at_s), self._terms.profile.rtt_s / 2)
        if is_up:
            self._terms.count.add(up_wire_bytes=arrival.wire_bytes, stalls=arrival.flow.take_stalled())
            self._take_up(data, arrival.at_s)
        else:
            self._terms.count.add(down_wire_bytes=arrival.wire_bytes, stalls=arrival.flow.take_stalled())
            self._take_down(data, arrival.at_s)
        if arrival.is_cut:
            self._cut("up" if is_up else "down")
        self._tell_ends(0)

    def _take_up(self, data: bytes, at_s: float) -> None:
        self._used_at_s = at_s
        try:
            plain = data if self._terms.tls is None else self._decrypted(self._terms.tls, data, at_s)
        except TlsFailed:
            if self._server.transport is not None:
                self._server.transport.abort()
            self.server_finished()
            return
        if not plain:
            return
        was_within_request, ends, heads = self._requests.is_within_request, self._requests.ends, self._requests.heads
        self._requests.receive(plain)
        if self._requests.ends > ends:
            self._asked_at_s = at_s
        self._terms.count.add(up_payload_bytes=len(plain), requests=self._requests.heads - heads)
        if self._server.transport is not None:
            self._server.transport.write(plain)
        elif not self._server.is_finished:
            self._plain_for_server += plain
        elif not was_within_request:
            # The server had closed before this request came to it. The rest of one that it refused is let pass, or
            # its answer would be lost.
            self.reset()

    def _decrypted(self, tls: TlsSession, data: bytes, at_s: float) -> bytes:
        was_established = tls.is_established
        try:
            plain = tls.received(data)
        finally:
            self._offer_down(tls.outgoing(), at_s)
        if self._handshake_ends_at_byte is None and self._server.unsent:
            self._handshake_ends_at_byte = self._down_bytes + len(self._server.unsent)
        if tls.is_established and not was_established:
            self._terms.count.add(**{"handshakes_resumed" if tls.is_resumed else "handshakes_full": 1})
        return plain

    def _take_down(self, data: bytes, at_s: float) -> None:
        if self._device.transport is not None:
            self._device.transport.write(data)
        self._down_bytes += len(data)
        if self._down_bytes == self._handshake_ends_at_byte:
            # The device has the server's part of the handshake, and computes.
            profile, tls = self._terms.profile, self._terms.tls
            is_resumed = tls is not None and tls.is_resumed
            self.up.hold_until(at_s + (profile.resumed_handshake_cpu_s if is_resumed else profile.full_handshake_cpu_s))

    def pause_writing(self) -> None:
        self.down.is_blocked = True

    def resume_writing(self) -> None:
        self.down.is_blocked = False
        self._link.look()

    # How it ends.

    def _tell_ends(self, later_s: float) -> None:
        """An end that is finished is told to the other, after all that it wrote."""
        loop = asyncio.get_running_loop()
        if self._device.is_finished and not self._device.unsent and self._server.transport is not None:
            loop.call_later(later_s, _finish_writing, self._server.transport)
        if self._server.is_finished and not self._server.unsent and self._device.transport is not None:
            # A close while the device still sends would be a reset, and could cost it the answer.
            is_sending = self._requests.is_within_request and not self._device.is_finished
            end = partial(_finish_writing, self._device.transport) if is_sending else self._device.transport.close
            loop.call_later(later_s, end)

    def reset(self) -> None:
        """Both ends lose it at once."""
        for transport in (self._device.transport, self._server.transport):
            if transport is not None:
                reset(transport)
        self._close()

    def _cut(self, direction: Direction) -> None:
        """What has come across stays; nothing does any more."""
        self._terms.count.add(drops=1)
        self._is_dead = True
        self._link.up.remove(self.up)
        self._link.down.remove(self.down)
        if not self._terms.is_cut_silent(direction):
            if self._server.transport is not None:
                self._server.transport.close()
                self._server.transport = None  # it may still have to write
            self._reset_when_written()

    def _reset_when_written(self) -> None:
        """A reset would take back what lies in this machine's buffers and has crossed the link."""
        transport = self._device.transport
        if transport is None or self._is_over:
            return
        if transport.get_write_buffer_size() or _bytes_on_their_way(transport):
            asyncio.get_running_loop().call_later(_LOOK_AGAIN_S, self._reset_when_written)
        else:
            self.reset()

    def connection_lost(self, error: Exception | None) -> None:
        if self._device.transport is not None:
            self._link.closed(self._device.transport)
        if self._server.transport is not None:
            self._server.transport.abort()
        self._close()

    def server_lost(self, error: Exception | None) -> None:
        if error is not None and not self._is_dead:
            self.reset()
        else:
            self.server_finished()

    def _close(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        if self._terms.tls is not None and self._terms.tls.has_failed:
            self._terms.count.add(handshakes_failed=1)
        if self._waiting is not None:
            self._waiting.cancel()
        self._link.ended(self)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        """In place of what was waited for before."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = asyncio.get_running_loop().call_later(seconds, then)

    def _close_if_idle(self) -> None:
        """The server closes a connection on which it is asked nothing for too long."""
        timeout_s = self._terms.idle_timeout_s
        if timeout_s is None or self._server.is_finished:
            return
        is_new = self._terms.tls is not None and not self._terms.tls.is_established
        is_asked = self._asked_at_s is not None or self._requests.is_within_request
        is_busy = is_new or is_asked or self._device.unsent or self._server.unsent
        left_s = timeout_s if is_busy else self._used_at_s + timeout_s - self._link.now_s()
        if left_s > 0:
            self._wait(left_s, self._close_if_idle)
            return
        if self._server.transport is not None:
            self._server.transport.abort()
        self.server_finished()


class _Upstream(asyncio.Protocol):
    """The socket to the real server, in its connection's hands."""

    def __init__(self, connection: Connection, link: Link) -> None:
        self._connection = connection
        self._link = link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._link.opened(self._transport)
        self._connection.server_is_there(self._transport)

    def data_received(self, data: bytes) -> None:
        self._connection.server_sent(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._link.closed(self._transport)
        self._connection.server_lost(error)

    def pause_writing(self) -> None:
        self._connection.up.is_blocked = True

    def resume_writing(self) -> None:
        self._connection.up.is_blocked = False


def _finish_writing(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.write_eof()


def _bytes_on_their_way(transport: asyncio.Transport) -> int:
    """In the kernel, and not yet in the other's: SIOCOUTQ of tcp(7)."""
    descriptor = transport.get_extra_info("socket").fileno()
    return int.from_bytes(fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def reset(transport: asyncio.Transport) -> None:
    """Without an orderly end: RFC 9293 section 3.10.5, which sockets(7) reach by a linger of no seconds."""
    if not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
