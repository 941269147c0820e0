"""Pairing codes for cameras that speak the device protocol, and which cameras are shut out: a file that only the
command line writes, and the running station reads when a camera asks.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from frameferry_station import documents
from frameferry_station.clock import Clock, from_text, to_text
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StationError
from frameferry_station.files import Files, held_alone
from frameferry_station.gateway.cameras import kept_cameras
from frameferry_station.identity import Entropy
from frameferry_station.photos import SourceName, source_name

LIFETIME = timedelta(minutes=10)
_DIGITS = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FORM = re.compile(f"[{_ALPHABET}]{{{_DIGITS}}}")
_MEANT = str.maketrans("OIL", "011", "- \t")
_FOLDER, _FILE = "gateway-codes", "codes.json"


@dataclass(frozen=True)
class LanCode:
    """Good from `made_at` until LIFETIME later, for the camera of this source. `digest` is a hash of the code."""

    digest: str
    source: SourceName
    made_at: datetime

    def is_good(self, now: datetime) -> bool:
        return self.made_at <= now < self.made_at + LIFETIME


@dataclass(frozen=True)
class LanOrders:
    """`ended` are digests of codes: the cameras that were paired by them are shut out."""

    codes: tuple[LanCode, ...] = ()
    ended: frozenset[str] = frozenset()


def digest_of(typed: str) -> str | None:
    """Of what was meant: case, blanks and dashes do not matter, O, I and L are read as 0, 1 and 1. None where it cannot
    be a code."""
    digits = typed.upper().translate(_MEANT)
    return hashlib.sha256(digits.encode()).hexdigest() if _FORM.fullmatch(digits) else None


def lan_code(state: Path, files: Files, clock: Clock, entropy: Entropy, *, name: str) -> str:
    """A new code for the camera `name`, whose photos will be those of the source `lan-<name>`. One that had this name
    before keeps its photos and its numbers, and its token ends when the code is used.

    Gives the lines to print. Raises ValueError, OSError, StateDamaged, StateInUse.
    """
    source = source_name(f"lan-{name}")
    number = int.from_bytes(entropy(7), "big") >> 6
    digits = "".join(_ALPHABET[number >> shift & 31] for shift in range(5 * (_DIGITS - 1), -1, -5))
    digest, now = hashlib.sha256(digits.encode()).hexdigest(), clock.utc()
    with held_alone(state / _FOLDER):
        given = read(state, files)
        kept = [each for each in given.codes if each.is_good(now) and each.source != source]
        _save(state, files, LanOrders((*kept, LanCode(digest, source, now)), given.ended))
    minutes = int(LIFETIME.total_seconds()) // 60
    return f"{digits[:5]}-{digits[5:]}\nGood once, for {minutes} minutes. Its photos will be those of {source}."


def forget_camera(state: Path, files: Files, *, name: str) -> str:
    """Its token ends at once, and so does a code for it; its photos stay. A new code lets it in again.

    Gives the line to print. Raises StationError, ValueError, OSError.
    """
    source = source_name(f"lan-{name}")
    with held_alone(state / _FOLDER):
        given = read(state, files)
        known = {each.source: each.code_digest for each in kept_cameras(state, files)}
        codes = tuple(each for each in given.codes if each.source != source)
        if source not in known and codes == given.codes:
            raise StationError(f"no camera {name} was paired; there are: {', '.join(known) or 'none'}")
        ended = given.ended & frozenset(known.values()) | {known[source]} if source in known else given.ended
        _save(state, files, LanOrders(codes, ended))
    return f"{source} is shut out. Its photos stay."


def read(state: Path, files: Files) -> LanOrders:
    """Raises OSError, StateDamaged."""
    stored = documents.load(state / _FOLDER / _FILE, files) or {"codes": [], "ended": []}
    codes = tuple(
        LanCode(each["digest"], SourceName(each["source"]), from_text(each["made_at"])) for each in stored["codes"]
    )
    return LanOrders(codes, frozenset(stored["ended"]))


def _save(state: Path, files: Files, orders: LanOrders) -> None:
    codes = [
        {"digest": code.digest, "source": code.source, "made_at": to_text(code.made_at)} for code in orders.codes
    ]
    JsonFile(state / _FOLDER / _FILE, files).save({"codes": codes, "ended": sorted(orders.ended)})
