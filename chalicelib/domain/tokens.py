"""Device tokens: made, written, hashed and compared. Only keyed hashes are ever stored.

A token reads `devtok_<device_id>_<secret>`; the secret is 43 URL-safe base64 characters (256 bits).
Secrets that must come out the same on a retry (activation with a nonce, rotation) are derived with the
pepper as the key, so that no plain token is kept anywhere.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NewType

from chalicelib.domain.errors import InvalidCredential
from chalicelib.domain.ids import DeviceId, Entropy, is_device_id

TokenHash = NewType("TokenHash", str)
"""`<pepper id>$<64 hex digits>`: BLAKE2b-256 of the token, keyed by that pepper (RFC 7693)."""

_PREFIX = "devtok_"
_SECRET_LENGTH = 43
_TOKEN_PERSON = b"frameferry-token"
_DERIVE_PERSON = b"frameferry-deriv"
_LOOKUP_PERSON = b"frameferry-look."


@dataclass(frozen=True)
class DeviceToken:
    device_id: DeviceId
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"{_PREFIX}{self.device_id}_{self.secret}"


@dataclass(frozen=True)
class Peppers:
    """The keys of all token hashes: `current` names the one for new hashes, old ones still verify."""

    current: str
    by_id: Mapping[str, bytes] = field(repr=False)

    def hash(self, token: DeviceToken) -> TokenHash:
        return TokenHash(f"{self.current}${_keyed(str(token).encode(), self.by_id[self.current], _TOKEN_PERSON)}")

    def verifies(self, token: DeviceToken, stored: TokenHash) -> bool:
        """Constant-time comparison under the pepper that `stored` names; False if that pepper is gone."""
        pepper_id, _, digest = stored.partition("$")
        pepper = self.by_id.get(pepper_id)
        return pepper is not None and hmac.compare_digest(_keyed(str(token).encode(), pepper, _TOKEN_PERSON), digest)

    def derived_token(self, device_id: DeviceId, *purpose: str, pepper_id: str | None = None) -> DeviceToken:
        """The token that `purpose` always leads to, under the named pepper (default: the current one)."""
        pepper = self.by_id[pepper_id or self.current]
        digest = _keyed(_joined(device_id, *purpose), pepper, _DERIVE_PERSON)
        return DeviceToken(device_id, _text(bytes.fromhex(digest)))

    def lookup_key(self, kind: str, value: str) -> str:
        """What a secret or an address is filed under; nothing about it can be read back."""
        return f"{kind}#{_keyed(_joined(kind, value), self.by_id[min(self.by_id)], _LOOKUP_PERSON)}"


def new_token(device_id: DeviceId, entropy: Entropy) -> DeviceToken:
    return DeviceToken(device_id, _text(entropy(32)))


def parse_token(text: str) -> DeviceToken:
    """Raises InvalidCredential unless `text` has a token's form; says nothing about its truth."""
    device_id, _, secret = text.removeprefix(_PREFIX).partition("_")
    well_formed = text.startswith(_PREFIX) and len(secret) == _SECRET_LENGTH and secret.isascii()
    if not well_formed or not is_device_id(device_id):
        raise InvalidCredential
    return DeviceToken(DeviceId(device_id), secret)


def _text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def _joined(*parts: str) -> bytes:
    return b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)


def _keyed(message: bytes, key: bytes, person: bytes) -> str:
    return blake2b(message, digest_size=32, key=key, person=person).hexdigest()
