"""Owners: an OIDC access token (RFC 9068, or as Amazon Cognito writes it) in `Authorization: Bearer`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from chalice.app import Request

from chalicelib import wiring
from chalicelib.api import http
from chalicelib.domain.errors import InvalidCredential, MissingCredential, Unavailable
from chalicelib.domain.ids import OwnerId
from chalicelib.services import devices

if TYPE_CHECKING:
    from jwt import PyJWK

SCHEME = "Bearer"
JWKS_LIFETIME_S = 3600
JWKS_COOLDOWN_S = 30
"""An unknown key id may be a new key: the JWKS is fetched again, but not at the caller's pace."""
_JWKS_TIMEOUT_S = 3
_RETRY_AFTER_S = 5
_LEEWAY_S = 10
_MAX_SUB_LENGTH = 200


def owner_of(request: Request) -> OwnerId:
    """Counts the request against the owner's rate. Raises MissingCredential, InvalidCredential, RateLimited, and
    Unavailable where the issuer's keys cannot be had.
    """
    scheme, _, token = http.header(request, "authorization").partition(" ")
    if not scheme:
        raise MissingCredential("The request carries no Authorization.")
    if scheme.lower() != SCHEME.lower():
        raise InvalidCredential
    stack = wiring.current()
    wanted = stack.settings
    owner_id = _verifier(wanted.oidc_issuer, wanted.oidc_client_id, wanted.oidc_jwks_url).owner_of(token.strip())
    devices.limit_owner(owner_id, rates=stack.rates, clock=stack.clock)
    return owner_id


class AccessTokens:
    """Verifies the access tokens of one issuer for one client. Keeps the issuer's keys."""

    def __init__(self, issuer: str, client_id: str, jwks_url: str, *, cooldown_s: float = JWKS_COOLDOWN_S) -> None:
        from jwt import PyJWKClient  # 80 ms that no device's request needs

        self._issuer = issuer
        self._client_id = client_id
        self._keys = PyJWKClient(
            jwks_url, lifespan=JWKS_LIFETIME_S, timeout=_JWKS_TIMEOUT_S, cooldown_duration=cooldown_s
        )

    def owner_of(self, token: str) -> OwnerId:
        """The token's `sub`. Raises InvalidCredential whatever is wrong with it, and Unavailable."""
        import jwt

        try:
            claims = jwt.decode(
                token,
                self._key(jwt.get_unverified_header(token)),
                algorithms=["RS256"],
                issuer=self._issuer,
                leeway=_LEEWAY_S,
                # Cognito's access tokens have no aud, others no client_id: `_is_for_us` takes either.
                options={"require": ["exp", "iss", "sub"], "verify_aud": False},
            )
        except jwt.PyJWTError:
            raise InvalidCredential from None
        if not self._is_for_us(claims):
            raise InvalidCredential
        return OwnerId(claims["sub"])

    def _key(self, header: dict[str, Any]) -> PyJWK:
        from jwt.exceptions import PyJWKClientConnectionError, PyJWKClientError, PyJWTError

        if not isinstance(header.get("kid"), str):
            raise InvalidCredential
        try:
            self._keys.get_signing_keys()
        except (PyJWTError, OSError, ValueError):
            raise Unavailable(_RETRY_AFTER_S) from None
        try:
            return self._keys.get_signing_key(header["kid"])
        except (PyJWKClientConnectionError, OSError, ValueError):
            raise Unavailable(_RETRY_AFTER_S) from None
        except PyJWKClientError:
            raise InvalidCredential from None

    def _is_for_us(self, claims: dict[str, Any]) -> bool:
        audience = claims.get("aud", [])
        audiences = audience if isinstance(audience, list) else [audience]
        ours = claims.get("client_id") == self._client_id or self._client_id in audiences
        is_access = claims.get("token_use", "access") == "access"
        return ours and is_access and 0 < len(claims["sub"]) <= _MAX_SUB_LENGTH


@cache
def _verifier(issuer: str, client_id: str, jwks_url: str) -> AccessTokens:
    return AccessTokens(issuer, client_id, jwks_url)
