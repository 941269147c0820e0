"""Pairing codes: short enough to type on a phone, long enough not to be guessed in ten minutes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.errors import PairingCodeInvalid
from chalicelib.domain.ids import DeviceId, Entropy, OwnerId, base32

LIFETIME = timedelta(minutes=10)
_DIGITS = 10
_FORM = re.compile(r"[0-9ABCDEFGHJKMNPQRSTVWXYZ]{10}")
_LOOKALIKES = str.maketrans("OIL", "011", "- \t")


@dataclass(frozen=True)
class Pairing:
    """One code as it is stored, under a hash of the code."""

    pairing_key: str
    device_id: DeviceId
    owner_id: OwnerId
    expires_at: datetime
    used_at: datetime | None = None
    nonce_key: str | None = None
    """A hash of the nonce that the code was used with; the same nonce may use it again until it expires."""
    pepper_id: str | None = None
    """The pepper that the token was derived with, so that a rotation in between changes no answer."""


def new_code(entropy: Entropy) -> str:
    """50 random bits as Crockford base32 in two groups: `7ZK3M-Q9V1A` (cf. RFC 8628 section 6.1)."""
    digits = base32(int.from_bytes(entropy(7)) >> 6, _DIGITS)
    return f"{digits[:5]}-{digits[5:]}"


def normalised(typed: str) -> str:
    """What was meant: case, blanks and dashes dropped, O read as 0, I and L as 1.

    Raises PairingCodeInvalid, as for a code that does not exist.
    """
    digits = typed.upper().translate(_LOOKALIKES)
    if not _FORM.fullmatch(digits):
        raise PairingCodeInvalid
    return digits
