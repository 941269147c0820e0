"""The app without a network: requests go in as API Gateway's events, answers come out as HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from chalice.local import RouteMatcher

from app import app
from infra.local.proxy_event import HttpRequest, http_answer, proxy_event
from tests.api.conformance import assert_conforms

REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """Of an error; None for success."""
        return None if self.status == 200 else self.json["error"]["code"]


@dataclass(frozen=True)
class Client:
    """One caller. Every answer is held to /openapi.json."""

    headers: Mapping[str, str] = field(default_factory=dict)
    source: str = "192.0.2.7"

    def get(self, path: str, **query: object) -> Answer:
        return self.send("GET", path, query=query)

    def get_document(self, path: str) -> Answer:
        """What is no JSON."""
        answer = self._sent("GET", path)[1]
        assert (answer.status, answer.headers["x-content-type-options"]) == (200, "nosniff")
        return answer

    def get_redirect(self, path: str) -> str:
        """Where it leads."""
        answer = self._sent("GET", path)[1]
        assert answer.status == 302, answer
        return answer.headers["location"]

    def post(self, path: str, body: object = None) -> Answer:
        return self.send("POST", path, body=body)

    def patch(self, path: str, body: object) -> Answer:
        return self.send("PATCH", path, body=body)

    def delete(self, path: str) -> Answer:
        return self.send("DELETE", path)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, object] | str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Bytes go out as they are; anything else but None as JSON. Header names are kept as they are written."""
        route, answer = self._sent(method, path, body, query, headers)
        assert_conforms(method, route, answer.status, answer.json)
        assert {name: answer.headers.get(name) for name in _ON_EVERY_ANSWER} == _ON_EVERY_ANSWER
        return answer

    def _sent(
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, object] | str = "",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[str, Answer]:
        """The route that answered, and the answer."""
        sent = {**self.headers, **({} if isinstance(body, bytes) or body is None else _JSON), **(headers or {})}
        encoded = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        text = query if isinstance(query, str) else urlencode(query)
        match = RouteMatcher(list(app.routes)).match_route(path or "/")
        request = HttpRequest(method, path, text, list(sent.items()), encoded, self.source, 443)
        event = proxy_event(
            request,
            route=match.route,
            captured=match.captured,
            binary_types=app.api.binary_types,
            request_id=REQUEST_ID,
        )
        # As Lambda does: through JSON and back.
        returned = json.loads(json.dumps(app(json.loads(json.dumps(event)), None)))
        http = http_answer(returned, accept=None, binary_types=app.api.binary_types)
        return match.route, Answer(http.status, {name.lower(): value for name, value in http.headers}, http.body)


_ON_EVERY_ANSWER = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}
_JSON = {"Content-Type": "application/json"}
