"""Which access tokens open the owner's routes, and which do not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib import wiring
from chalicelib.api.owner_auth import AccessTokens
from chalicelib.domain.errors import InvalidCredential, Unavailable
from tests.api import issuer
from tests.api.client import Client
from tests.api.scene import World, settings


def bearer(token: str) -> Client:
    return Client({"Authorization": f"Bearer {token}"})


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def unsigned() -> str:
    return f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'key-1'})}.{part(issuer.claims())}."


def signed_with_the_public_key(algorithm: str = "HS256") -> str:
    """The algorithm confusion of RFC 8725 section 2.1."""
    public = issuer.private_key("key-1").public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': 'key-1'})}.{part(issuer.claims())}"
    digest = hmac.digest(pem, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def signed_by(algorithm: str) -> str:
    return jwt.encode(issuer.claims(), issuer.private_key("key-1"), algorithm=algorithm, headers={"kid": "key-1"})


def signed_by_another_key() -> str:
    return jwt.encode(issuer.claims(), issuer.private_key("key-x"), algorithm="RS256", headers={"kid": "key-1"})


def without_kid() -> str:
    return jwt.encode(issuer.claims(), issuer.private_key("key-1"), algorithm="RS256")


def with_other_claims() -> str:
    """A good signature, of other claims."""
    head, _, signature = issuer.token().split(".")
    return f"{head}.{part(issuer.claims(sub='owner-2'))}.{signature}"


def in_s(seconds: int) -> int:
    return int(time.time()) + seconds


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "no JWT": lambda: "abc",
    "three empty parts": lambda: "..",
    "not base64": lambda: "a.b.c",
    "alg none": unsigned,
    "HS256 with the public key": signed_with_the_public_key,
    "RS256 in name, HMAC in fact": lambda: signed_with_the_public_key("RS256"),
    "RS512": lambda: signed_by("RS512"),
    "PS256": lambda: signed_by("PS256"),
    "signed by another key under our kid": signed_by_another_key,
    "claims changed after signing": with_other_claims,
    "no kid": without_kid,
    "unknown kid": lambda: issuer.token("key-unknown"),
    "another issuer": lambda: issuer.token(iss="https://issuer.test/other-pool"),
    "no issuer": lambda: issuer.token(iss=None),
    "another client": lambda: issuer.token(client_id="another-client"),
    "no client": lambda: issuer.token(client_id=None),
    "another audience": lambda: issuer.token(client_id=None, aud=["another-client"]),
    "expired": lambda: issuer.token(exp=in_s(-60)),
    "no expiry": lambda: issuer.token(exp=None),
    "expiry is text": lambda: issuer.token(exp="never"),
    "not valid yet": lambda: issuer.token(nbf=in_s(600)),
    "an id token": lambda: issuer.token(token_use="id"),
    "no sub": lambda: issuer.token(sub=None),
    "empty sub": lambda: issuer.token(sub=""),
    "endless sub": lambda: issuer.token(sub="a" * 201),
}


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_token_that_is_not_ours_to_take_opens_nothing(world: World, name: str) -> None:
    answer = bearer(BAD_TOKENS[name]()).get("/devices")

    assert (answer.status, answer.code) == (401, "invalid_credential")
    assert answer.headers["x-amzn-remapped-www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize(
    "good",
    [
        lambda: issuer.token(),
        lambda: issuer.token(client_id=None, token_use=None, aud=issuer.CLIENT_ID),
        lambda: issuer.token(client_id=None, aud=["other", issuer.CLIENT_ID]),
        lambda: issuer.token(exp=in_s(-5)),
    ],
    ids=["as Cognito writes it", "audience", "one of the audiences", "a clock 5 s apart"],
)
def test_an_access_token_of_the_issuer_for_us_opens_the_owners_routes(world: World, good: Callable[[], str]) -> None:
    assert bearer(good()).get("/devices").status == 200


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "missing_credential"),
        ("Basic b3duZXI6cGFzcw==", "invalid_credential"),
        ("TOKEN", "invalid_credential"),
        ("Bearer", "invalid_credential"),
        ("bearer  TOKEN", None),
    ],
    ids=["empty", "another scheme", "no scheme", "no token", "case and blanks"],
)
def test_the_header_is_a_bearer_token(world: World, value: str, code: str | None) -> None:
    sent = value.replace("TOKEN", issuer.token())

    assert Client({"Authorization": sent}).get("/devices").code == code


def test_a_missing_header_is_challenged(world: World, nobody: Client) -> None:
    answer = nobody.get("/devices")

    assert (answer.status, answer.code) == (401, "missing_credential")
    assert answer.headers["x-amzn-remapped-www-authenticate"] == "Bearer"


def test_two_owners_are_two_owners(owner: Client, stranger: Client) -> None:
    owner.post("/devices/pair")

    assert len(owner.get("/devices").json["items"]) == 1
    assert stranger.get("/devices").json["items"] == []


def test_an_owner_is_limited_and_another_is_not(world: World, owner: Client, stranger: Client) -> None:
    answers = [owner.get("/devices") for _ in range(302)]

    assert {answer.code for answer in answers[:300]} == {None}
    assert answers[-1].code == "rate_limited"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert stranger.get("/devices").status == 200


def test_keys_are_fetched_once_and_strangers_do_not_make_us_fetch_again() -> None:
    with issuer.JwksServer("key-1") as jwks:
        tokens = AccessTokens(issuer.ISSUER, issuer.CLIENT_ID, jwks.url)
        for _ in range(3):
            assert tokens.owner_of(issuer.token()) == "owner-1"
        for _ in range(3):
            with pytest.raises(InvalidCredential):
                tokens.owner_of(issuer.token("key-unknown"))

        assert jwks.requests == 1


def test_a_new_key_of_the_issuer_is_found() -> None:
    with issuer.JwksServer("key-1") as jwks:
        tokens = AccessTokens(issuer.ISSUER, issuer.CLIENT_ID, jwks.url, cooldown_s=0)
        tokens.owner_of(issuer.token())
        jwks.kids.append("key-2")

        assert tokens.owner_of(issuer.token("key-2")) == "owner-1"


@pytest.mark.parametrize("served", [b"<html>", b"[]", b"{}"], ids=["html", "a list", "no keys"])
def test_keys_that_cannot_be_read_make_us_unavailable_and_not_open(served: bytes) -> None:
    with issuer.JwksServer("key-1") as jwks:
        jwks.body = served
        with pytest.raises(Unavailable):
            AccessTokens(issuer.ISSUER, issuer.CLIENT_ID, jwks.url).owner_of(issuer.token())


def test_nothing_but_rs256_is_taken_even_where_a_key_says_otherwise() -> None:
    with issuer.JwksServer("key-1") as jwks:
        jwks.body = json.dumps({"keys": [{**issuer.jwk("key-1"), "alg": "RS512"}]}).encode()
        with pytest.raises(InvalidCredential):
            AccessTokens(issuer.ISSUER, issuer.CLIENT_ID, jwks.url).owner_of(signed_by("RS512"))


def test_an_issuer_out_of_reach_makes_us_unavailable(world: World, owner: Client) -> None:
    with issuer.JwksServer() as gone:
        nowhere = gone.url
    wiring.install(replace(world, settings=settings(nowhere)))

    answer = owner.get("/devices")

    assert (answer.status, answer.code) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
