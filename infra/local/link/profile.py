"""What a link is like, in numbers, and some links by name. "Up" is from the device to the cloud."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

IP_AND_TCP_HEADER_BYTES = 40
"""IPv4 (RFC 791) and TCP (RFC 9293) without options."""

TlsVersion = Literal["1.2", "1.3"]


@dataclass(frozen=True, kw_only=True)
class LinkProfile:
    """A link and the two ends of every connection on it. All connections share `up_bit_s` and `down_bit_s`.

    - Bit rates None have no limit. Every segment of at most `segment_bytes` costs 40 bytes of headers; ACKs cost
      nothing, and no segment is lost: what a lost one does to a connection is a stall.
    - A sender starts with `initial_window_segments` (RFC 6928), doubles its window in every round trip up to
      `max_window_bytes`, and starts anew where it sent nothing for longer than `restart_after_idle_s` (RFC 5681
      section 4.1), None never. `up_send_buffer_bytes` is what the device's TCP keeps until it is acknowledged.
    - `tls` None is plain HTTP. `full_handshake_cpu_s` and `resumed_handshake_cpu_s` are what the device computes.
    - The servers close what is idle for `api_idle_timeout_s` and `s3_idle_timeout_s`; None leaves that to the local
      cloud's. AWS writes down neither. S3 has been seen to close after 5 s to 20 s (aws-sdk-kotlin issue 1214,
      aiobotocore pull request 21).
    - A hotspot that nobody used for `sleeps_after_idle_s` is out of reach, until `wakes_in_s` after something was sent;
      it has then forgotten its connections.
    - One connection in `connections_per_drop` is dropped and one in `connections_per_stall` stalls for `stall_s`, each
      after some byte within the first `fault_within_bytes`; None is never.
    """

    up_bit_s: float | None
    down_bit_s: float | None
    rtt_s: float
    segment_bytes: int = 1460
    initial_window_segments: int = 10
    max_window_bytes: int = 1024 * 1024
    restart_after_idle_s: float | None = 1.0
    up_send_buffer_bytes: int | None = None
    tls: TlsVersion | None = None
    full_handshake_cpu_s: float = 0.0
    resumed_handshake_cpu_s: float = 0.0
    api_idle_timeout_s: float | None = None
    s3_idle_timeout_s: float | None = None
    sleeps_after_idle_s: float | None = None
    wakes_in_s: float = 0.0
    connections_per_drop: int | None = None
    connections_per_stall: int | None = None
    stall_s: float = 0.0
    fault_within_bytes: int = 1_000_000

    def wire_bytes(self, size_bytes: int) -> int:
        """With the headers of its segments."""
        return size_bytes + -(-size_bytes // self.segment_bytes) * IP_AND_TCP_HEADER_BYTES


LAN = LinkProfile(up_bit_s=100e6, down_bit_s=100e6, rtt_s=0.002)
"""Wi-Fi at home, without TLS."""

HOTSPOT = LinkProfile(
    up_bit_s=5e6,
    down_bit_s=5e6,
    rtt_s=0.08,
    tls="1.2",
    full_handshake_cpu_s=1.25,
    resumed_handshake_cpu_s=0.05,
    api_idle_timeout_s=60.0,
    s3_idle_timeout_s=6.0,
)
"""A phone's hotspot, and a camera whose chip takes 1.25 s for a full TLS handshake."""

LWIP = replace(
    HOTSPOT, segment_bytes=1440, initial_window_segments=3, restart_after_idle_s=None, up_send_buffer_bytes=5760
)
"""The same with the send buffer of a stock ESP32: four segments a round trip."""

FLAKY = replace(
    HOTSPOT,
    connections_per_drop=4,
    connections_per_stall=4,
    stall_s=3.0,
    sleeps_after_idle_s=90.0,
    wakes_in_s=4.0,
)
"""The same at the edge of its range, with a phone that saves power."""

PROFILES = MappingProxyType({"lan": LAN, "hotspot": HOTSPOT, "lwip": LWIP, "flaky": FLAKY})
