"""Light by the time of day: where sun and moon stand, and what colour everything has then. UTC is local time here."""

from __future__ import annotations

import math
from bisect import bisect
from dataclasses import dataclass
from datetime import UTC, datetime

Rgb = tuple[float, float, float]

_NEW_MOON = datetime(2000, 1, 6, 18, 14, tzinfo=UTC)
_SYNODIC_MONTH_S = 29.530588 * 86_400


@dataclass(frozen=True)
class Disc:
    """Where a heavenly body stands: `across` 0 to 1 from left to right, `altitude_deg` over the horizon."""

    across: float
    altitude_deg: float


@dataclass(frozen=True)
class Daylight:
    """Colours are 0 to 255."""

    zenith: Rgb
    horizon: Rgb
    glow: Rgb
    cloud: Rgb
    light: Rgb
    """What a white wall looks like."""
    darkness: float
    """0 by day, 1 when stars and lit windows show best."""
    sun: Disc
    moon: Disc
    moon_phase: float
    """0 new, 0.5 full, 1 new again."""


# Sun's altitude in degrees: zenith, horizon, glow, cloud, light, darkness.
_KEYS: tuple[tuple[float, Rgb, Rgb, Rgb, Rgb, Rgb, float], ...] = (
    (-18, (11, 16, 36), (32, 42, 72), (30, 36, 60), (30, 36, 58), (62, 74, 112), 1.0),
    (-10, (16, 24, 54), (64, 62, 92), (110, 80, 96), (46, 48, 74), (56, 64, 96), 0.8),
    (-5, (38, 56, 104), (184, 122, 112), (250, 140, 90), (118, 92, 116), (92, 92, 122), 0.4),
    (0, (74, 104, 160), (250, 178, 122), (255, 176, 96), (226, 150, 132), (164, 138, 132), 0.1),
    (6, (88, 136, 196), (250, 214, 168), (255, 216, 150), (252, 214, 184), (222, 194, 164), 0.0),
    (15, (84, 146, 212), (208, 222, 230), (255, 244, 214), (250, 246, 240), (240, 232, 216), 0.0),
    (60, (66, 132, 208), (188, 214, 234), (255, 252, 240), (255, 255, 255), (255, 252, 244), 0.0),
)


def daylight(at: datetime) -> Daylight:
    at = at.astimezone(UTC)
    hour = at.hour + at.minute / 60 + (at.second + at.microsecond / 1e6) / 3600
    season = math.cos(2 * math.pi * (at.timetuple().tm_yday - 172) / 365.25)
    # A latitude of about 47 degrees: long high days in June, short low ones in December.
    altitude = 12 * season + (46 + 4 * season) * math.sin(2 * math.pi * (hour - 6) / 24)
    zenith, horizon, glow, cloud, light, darkness = _between(altitude)
    phase = (at - _NEW_MOON).total_seconds() / _SYNODIC_MONTH_S % 1.0
    moon_hour = (hour - 24 * phase) % 24
    moon = Disc((moon_hour - 5.5) / 13, 52 * math.sin(math.pi * (moon_hour - 5.5) / 13) if moon_hour > 5.5 else -20)
    moonshine = darkness * (1 - abs(2 * phase - 1)) * max(0.0, min(1.0, moon.altitude_deg / 15))
    light = mixed(light, (118, 132, 170), 0.6 * moonshine)
    return Daylight(
        *(zenith, horizon, glow, cloud, light, darkness),
        sun=Disc((hour - 4.5) / 15, altitude),
        moon=moon,
        moon_phase=phase,
    )


def mixed(one: Rgb, other: Rgb, share: float) -> Rgb:
    """`share` 0 is `one`, 1 is `other`."""
    a, b, c = (first + (second - first) * share for first, second in zip(one, other, strict=True))
    return a, b, c


def whole(colour: Rgb) -> tuple[int, int, int]:
    a, b, c = (max(0, min(255, round(part))) for part in colour)
    return a, b, c


def _between(altitude: float) -> tuple[Rgb, Rgb, Rgb, Rgb, Rgb, float]:
    index = max(1, min(len(_KEYS) - 1, bisect([key[0] for key in _KEYS], altitude)))
    low, high = _KEYS[index - 1], _KEYS[index]
    share = max(0.0, min(1.0, (altitude - low[0]) / (high[0] - low[0])))
    return (
        mixed(low[1], high[1], share),
        mixed(low[2], high[2], share),
        mixed(low[3], high[3], share),
        mixed(low[4], high[4], share),
        mixed(low[5], high[5], share),
        low[6] + (high[6] - low[6]) * share,
    )
