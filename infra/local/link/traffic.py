"""What a link counts."""

from __future__ import annotations

from dataclasses import dataclass, fields

import h11


@dataclass(frozen=True)
class Traffic:
    """Of one server, or of both. Payload is HTTP before TLS, with heads; wire has TLS and all headers below it.

    `answering_s` is how long the servers behind the link took, from the end of each request to the first byte of its
    answer.
    """

    connections: int = 0
    handshakes_full: int = 0
    handshakes_resumed: int = 0
    handshakes_failed: int = 0
    requests: int = 0
    up_payload_bytes: int = 0
    down_payload_bytes: int = 0
    up_wire_bytes: int = 0
    down_wire_bytes: int = 0
    drops: int = 0
    stalls: int = 0
    answering_s: float = 0.0

    @property
    def handshakes(self) -> int:
        return self.handshakes_full + self.handshakes_resumed


@dataclass(frozen=True)
class LinkStats:
    """`most_open` is how many connections there were at the same time, over both servers. `sleeps` counts how often
    the link went out of reach."""

    api: Traffic
    s3: Traffic
    most_open: int
    sleeps: int

    @property
    def total(self) -> Traffic:
        return Traffic(*(getattr(self.api, each.name) + getattr(self.s3, each.name) for each in fields(Traffic)))


class Count:
    """A Traffic that grows."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.traffic = Traffic()

    def add(self, **more: float) -> None:
        values = vars(self.traffic)
        self.traffic = Traffic(**values | {name: values[name] + count for name, count in more.items()})


class RequestReader:
    """Reads what a client sends, and counts heads and ends of requests. What is no HTTP it takes in silence."""

    def __init__(self) -> None:
        self.heads = 0
        self.ends = 0
        self._message: h11.Connection | None = h11.Connection(h11.SERVER)

    @property
    def is_within_request(self) -> bool:
        return self.heads > self.ends

    def receive(self, data: bytes) -> None:
        while data and self._message is not None:
            try:
                data = self._rest_after(self._message, data)
            except h11.RemoteProtocolError:
                self._message = None

    def _rest_after(self, message: h11.Connection, data: bytes) -> bytes:
        """What comes after the end of the message."""
        message.receive_data(data)
        while True:
            event = message.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return b""
            if isinstance(event, h11.Request):
                self.heads += 1
            elif isinstance(event, h11.EndOfMessage):
                self.ends += 1
                # A state for one message is enough: nobody here answers, which h11 would wait for.
                self._message = h11.Connection(h11.SERVER)
                return message.trailing_data[0]
