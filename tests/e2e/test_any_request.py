"""Whatever is sent to whatever route: an answer as /openapi.json promises it, and never a 5xx."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.api.http import Document
from chalicelib.api.public_routes import all_routes
from infra.local.cloud import LocalCloud
from tests.api.conformance import assert_conforms, document
from tests.e2e.people import DeviceCaller, JsonObject, OwnerCaller

ROUTES = [(route.method, route.path) for table in all_routes() for route in table.entries]
DOCUMENTS = {route.path for table in all_routes() for route in table.entries if route.gives is Document}
EXAMPLES = settings().max_examples

OWN_DEVICE = "11111111-1111-4111-8111-111111111111"
"""Stands for the sender's device until the request is sent."""
FITTING = {
    "object_key": f"devices/{OWN_DEVICE}/undated/0000000000000001-a.jpg",
    "filename": "a.jpg",
    "content_type": "image/jpeg",
    "sha256": "0" * 64,
    "settings": {"interval_s": 5},
    "resolution": "VGA",
    "to": "2025-12-26T10:15:31Z",
}
FITTING_QUERY = {"from": "2025-12-26T00:00:00Z", "to": "2025-12-27T00:00:00Z"}

NOT_BY_GUESSING = {
    "GET /assets/{name}": "invalid_parameter",
    "POST /devices/activate": "pairing_code_invalid",
    "POST /devices/images": "unsupported_media_type",
    "POST /devices/commands/{command_id}/ack": "not_found",
    "DELETE /devices/{device_id}": "not_found",
}

odd_texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", ".", "..", "../..", "%00", "%", "\0", "\r\n", "null", "0", "-1", "1e3", str(2**53), "٣", "a" * 3000, "{x}"]
    ),
)
odd_numbers = st.one_of(
    st.integers(),
    st.sampled_from([-1, 2**31, 2**53 - 1, 2**53, 2**63, 2**64, 10**400, -(10**400)]),
    st.floats(),
)
odd_instants = st.sampled_from(
    [
        "2025-12-26T10:15:30Z",
        "2025-12-26T10:15:30",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "1969-12-31T23:59:59Z",
        "2025-02-30T00:00:00Z",
        "2025-12-26T10:15:60Z",
    ]
)
leaves = st.one_of(st.none(), st.booleans(), odd_numbers, odd_texts, odd_instants)
any_json = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_texts, inner, max_size=4), max_leaves=10
)


@dataclass(frozen=True)
class Request:
    method: str
    route: str
    """As /openapi.json spells it; its parameters are filled in when it is sent."""
    places: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[str, str]
    credential: str
    body: bytes


def fields_of(method: str, route: str) -> JsonObject:
    """The names that a route's body may have, with values that fit at first sight."""
    content = document()["paths"][route][method.lower()].get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
    if not reference:
        return {}
    properties: JsonObject = document()["components"]["schemas"][reference].get("properties", {})
    return {name: FITTING.get(name) or _fitting(schema) for name, schema in properties.items()}


def query_of(method: str, route: str) -> list[tuple[str, str]]:
    """What a route's query must have."""
    parameters = document()["paths"][route][method.lower()]["parameters"]
    needed = [one["name"] for one in parameters if one["in"] == "query" and one.get("required")]
    return [(name, FITTING_QUERY[name]) for name in needed]


def _fitting(schema: JsonObject) -> Any:
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    if "enum" in kinds[0]:
        return kinds[0]["enum"][0]
    fitting = {
        "integer": 1,
        "number": 1.5,
        "boolean": True,
        "string": "2025-12-26T10:15:30Z",
        "object": {},
        "array": [],
    }
    return fitting.get(str(kinds[0].get("type")))


def _names_in(route: str) -> list[str]:
    return [part[1:-1] for part in route.split("/") if part.startswith("{")]


def credential_of(method: str, route: str) -> str:
    """`owner`, `device`, or `none` where the route takes anybody."""
    security = document()["paths"][route][method.lower()].get("security", [{"none": []}])
    return str(next(iter(security[0])))


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    kinds: list[st.SearchStrategy[Any]] = [usual, usual, usual, odd]
    return st.integers(0, 3).flatmap(lambda number: kinds[number])


@st.composite
def bodies(draw: st.DrawFn, method: str, route: str) -> bytes:
    """Near the form that the route takes, or far from it."""
    kind = draw(st.sampled_from(["near", "near", "near", "json", "bytes", "none"]))
    if kind == "none":
        return b""
    if kind == "bytes":
        return draw(st.sampled_from([b"", b"\xff\xd8\xff"])) + draw(st.binary(max_size=200))
    content = draw(any_json)
    if kind == "near" and (fields := fields_of(method, route)):
        spoiled = draw(st.lists(st.sampled_from(sorted(fields)), max_size=2))
        kept = {name: value for name, value in fields.items() if value is not None}
        content = kept | {name: draw(any_json) for name in spoiled}
    # Python writes NaN and Infinity, which are no JSON, and lone surrogates, which are no UTF-8.
    return json.dumps(content).encode()


@st.composite
def requests(draw: st.DrawFn) -> Request:
    method, route = draw(st.sampled_from(ROUTES))
    parameters = document()["paths"][route][method.lower()]["parameters"]
    query_names = mostly(
        st.sampled_from([one["name"] for one in parameters if one["in"] == "query"] or ["a"]), odd_texts
    )
    return Request(
        method=method,
        route=route,
        places={name: draw(mostly(st.just("own"), odd_texts)) for name in _names_in(route)},
        query=draw(
            mostly(
                st.just(query_of(method, route)), st.lists(st.tuples(query_names, odd_texts | odd_instants), max_size=3)
            )
        ),
        headers=draw(
            st.fixed_dictionaries(
                {
                    "Content-Type": st.sampled_from(
                        ["application/json", "application/json", "image/jpeg", "", "x", ";;"]
                    )
                },
                optional={"Accept": st.sampled_from(["image/jpeg", "*/*", "", "x"]), "X-Odd": st.just("\xe4\xff")},
            )
        ),
        credential=draw(
            mostly(st.just(credential_of(method, route)), st.sampled_from(["device", "owner", "none", "odd"]))
        ),
        body=draw(bodies(method, route)),
    )


class Sender:
    """Keeps one connection, and knows an owner and a device."""

    def __init__(self, cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller) -> None:
        self._origin = urlsplit(cloud.api_url)
        self._device_id = device.device_id
        self._credentials = {"owner": owner.headers, "device": device.headers, "none": {}}
        self._connection = self.connect()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._origin.hostname or "", self._origin.port, timeout=20)

    def close(self) -> None:
        self._connection.close()

    def send(self, request: Request) -> tuple[int, Any]:
        path = request.route
        for name, value in request.places.items():
            path = path.replace(f"{{{name}}}", self._own(request, name) if value == "own" else _quoted(value))
        target = f"/api{path}" + (f"?{urlencode(request.query, errors='surrogatepass')}" if request.query else "")
        odd = {"X-Device-Token": "devtok_", "Authorization": "Bearer \xff"}
        headers = {"Connection": "keep-alive", **request.headers, **self._credentials.get(request.credential, odd)}
        body = request.body.replace(OWN_DEVICE.encode(), self._device_id.encode())
        self._connection.request(request.method, target, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if request.route in DOCUMENTS and answer.status == HTTPStatus.OK:
            assert answer.headers["Content-Type"].startswith("text/")
            return answer.status, content.decode()
        assert answer.headers["Content-Type"] == "application/json"
        return answer.status, json.loads(content)

    def _own(self, request: Request, name: str) -> str:
        """What is really there, but for the one request after which nothing would be allowed any more."""
        is_end = (request.method, request.route) == ("DELETE", "/devices/{device_id}")
        own = {"seq": "1", "command_id": "01KDD2G0EG000G40R40M30E209"}
        return own.get(name, "00000000-0000-4000-8000-000000000000" if is_end else self._device_id)


def _quoted(value: str) -> str:
    return quote(value, safe="", errors="surrogatepass")


@pytest.fixture
def sender(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller) -> Iterator[Sender]:
    with closing(Sender(cloud, owner, device)) as sender:
        yield sender


def test_any_request_gets_an_answer_as_documented(sender: Sender) -> None:
    @settings(max_examples=4 * EXAMPLES)
    @given(requests())
    def send(request: Request) -> None:
        status, body = sender.send(request)
        assert status < 500, body
        if status != 200:
            assert body["error"].keys() == {"code", "message", "request_id"}
        if all("/" not in place and place for place in request.places.values()):
            assert_conforms(request.method, request.route, status, body)

    send()


def test_each_route_answers_a_fitting_request(sender: Sender) -> None:
    """Else the search above would not come further than the first check of a route."""
    for method, route in ROUTES:
        places = dict.fromkeys(_names_in(route), "own")
        body = json.dumps(fields_of(method, route)).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(method, route, places, query_of(method, route), headers, credential_of(method, route), body)
        status, answer = sender.send(request)
        code = answer["error"]["code"] if status != 200 else None
        assert code == NOT_BY_GUESSING.get(f"{method} {route}"), (method, route, answer)


def test_bytes_that_are_hardly_http_get_an_answer_or_a_closed_connection(cloud: LocalCloud) -> None:
    origin = urlsplit(cloud.api_url)
    line_ends = st.sampled_from([b"\r\n", b"\n", b"\r\n\r\n", b" "])
    words = st.sampled_from(
        b"GET POST HTTP/1.1 HTTP/9.9 /api/health /api/devices/pair Host:x Content-Length:5 Content-Length:-1 zz %zz "
        b"Transfer-Encoding:chunked Expect:100-continue 5\r\nhello".split(b" ")
    )
    lumps = st.lists(words | st.binary(max_size=30) | line_ends, max_size=8).map(b" ".join)

    @settings(max_examples=EXAMPLES)
    @given(lumps)
    @example(b"GET /api/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    def send(lump: bytes) -> None:
        with socket.create_connection((origin.hostname or "", origin.port or 0), timeout=10) as connection:
            connection.sendall(lump)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.makefile("rb").read()
        assert not answer or answer.startswith(b"HTTP/1.1 ")
        assert not answer.startswith(b"HTTP/1.1 5")

    send()
    with closing(http.client.HTTPConnection(origin.hostname or "", origin.port, timeout=10)) as connection:
        connection.request("GET", "/api/health")
        assert connection.getresponse().read() == b'{"status":"ok"}'
