"""An OIDC issuer on this machine: one that signs tokens, and serves its keys over HTTP."""

from __future__ import annotations

import json
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://issuer.test/pool"
CLIENT_ID = "console-client"


@cache
def private_key(kid: str) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def jwk(kid: str) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(private_key(kid).public_key(), as_dict=True), "kid": kid, "use": "sig"}


def claims(**changed: object) -> dict[str, Any]:
    """An access token's claims as Cognito writes them; a claim set to None is left out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "sub": "owner-1",
        "client_id": CLIENT_ID,
        "token_use": "access",
        "iat": now,
        "exp": now + 3600,
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def token(kid: str = "key-1", **changed: object) -> str:
    return jwt.encode(claims(**changed), private_key(kid), algorithm="RS256", headers={"kid": kid})


class JwksServer:
    """Serves the public halves of `kids` at `url`, and counts how often it is asked."""

    def __init__(self, *kids: str) -> None:
        self.kids = list(kids)
        self.body: bytes | None = None
        """If set, what is served instead."""
        self.requests = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        jwks = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                jwks.requests += 1
                served = json.dumps({"keys": [jwk(kid) for kid in jwks.kids]}).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(served if jwks.body is None else jwks.body)

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        return Handler
