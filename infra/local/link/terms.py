"""What one connection is made with: its server, its link's profile, and what will befall it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra.local.link.faults import Direction, Drop, Fault, Refusal, Server, Stall
from infra.local.link.flow import Flow, Window
from infra.local.link.profile import LinkProfile
from infra.local.link.tls import TlsSession
from infra.local.link.traffic import Count

_READ_AHEAD_S = 0.1
_LEAST_READ_AHEAD_BYTES = 16 * 1024

Address = tuple[str, int]


@dataclass(frozen=True)
class Terms:
    """`target` is where the server really is, `tls` None for plain HTTP."""

    server: Server
    target: Address
    profile: LinkProfile
    tls: TlsSession | None
    count: Count
    faults: Sequence[Fault]

    @property
    def is_refused(self) -> bool:
        return any(isinstance(fault, Refusal) for fault in self.faults)

    @property
    def idle_timeout_s(self) -> float | None:
        return self.profile.api_idle_timeout_s if self.server == "api" else self.profile.s3_idle_timeout_s

    def new_flow(self, direction: Direction, limit_bytes: int, opens_at_s: float) -> Flow:
        profile = self.profile
        window = Window(
            profile.initial_window_segments * profile.segment_bytes, limit_bytes, profile.restart_after_idle_s
        )
        stalls = [(each.after_bytes, each.seconds) for each in self._that(Stall, direction)]
        cuts = [each.after_bytes for each in self._that(Drop, direction)]
        return Flow(window, opens_at_s, stalls=stalls, cut_after=min(cuts, default=None))

    def is_cut_silent(self, direction: Direction) -> bool:
        return min(self._that(Drop, direction), key=lambda drop: drop.after_bytes).silent

    def _that[F: (Stall, Drop)](self, kind: type[F], direction: Direction) -> list[F]:
        return [each for each in self.faults if isinstance(each, kind) and each.direction == direction]

    def read_ahead_bytes(self, flow_limit_bytes: int, bit_s: float | None) -> int:
        """Enough to keep the link busy while this machine does something else, and little enough to make whoever
        writes wait as it would."""
        ahead_bytes = bit_s * _READ_AHEAD_S / 8 if bit_s else flow_limit_bytes
        return max(_LEAST_READ_AHEAD_BYTES, min(int(ahead_bytes), flow_limit_bytes))
