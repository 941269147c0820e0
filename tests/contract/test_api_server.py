"""The API server does what API Gateway and Lambda do around the app, seen through real sockets."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from chalice.app import Chalice, CORSConfig, Response

from infra.local.api_server import INTEGRATION_TIMEOUT_S, ApiServer, RoutesClash
from infra.local.stats import Stats

JPEG = b"\xff\xd8\xff\xe0 not text \x00\xff"


def tiny_app() -> Chalice:
    """A few routes that show what reaches the app."""
    app = Chalice("tiny")
    app.log.disabled = True

    @app.route("/")
    def root() -> Response:
        return Response("<p>", headers={"Content-Type": "text/html"})

    @app.route("/echo/{name}", methods=["GET", "POST"], content_types=["application/json", "text/plain", "image/jpeg"])
    def echo(name: str) -> dict[str, Any]:
        request: Any = app.current_request
        event: dict[str, Any] = request.to_original_event()
        context = app.lambda_context
        return {
            "name": name,
            "event": event,
            "size": len(request.raw_body),
            "function": context.function_name,
            "remaining_ms": context.get_remaining_time_in_millis(),
        }

    @app.route("/slow-echo/{name}")
    def slow_echo(name: str) -> dict[str, Any]:
        time.sleep(0.02)
        request: Any = app.current_request
        return {"asked": request.uri_params["name"], "given": name}

    @app.route("/picture")
    def picture() -> Response:
        return Response(JPEG, headers={"Content-Type": "image/jpeg", "Server": "mine"})

    @app.route("/fails")
    def fails() -> Response:
        raise ValueError("inside")

    @app.route("/two-cookies")
    def two_cookies() -> Response:
        return Response({}, headers={"Set-Cookie": ["a=1", "b=2"]}, status_code=201)

    @app.route("/shared", methods=["PUT"], cors=CORSConfig(allow_origin="https://console.example"))
    def shared() -> dict[str, Any]:
        return {}

    @app.route("/hangs")
    def hangs() -> dict[str, Any]:
        time.sleep(1.0)
        return {}

    @app.route("/bomb")
    def bomb() -> Response:
        return Response("x" * 6_400_000, headers={"Content-Type": "text/plain"})

    return app


@pytest.fixture
def stats() -> Stats:
    return Stats()


@pytest.fixture
def server(stats: Stats) -> Iterator[ApiServer]:
    server = ApiServer(stats)
    server.start(tiny_app())
    yield server
    server.stop()


@pytest.fixture
def impatient_server(stats: Stats) -> Iterator[ApiServer]:
    server = ApiServer(stats, integration_timeout_s=0.1)
    server.start(tiny_app())
    yield server
    server.stop()


@pytest.fixture
def api(server: ApiServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client


def error_code(answer: httpx.Response) -> str:
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "request_id"}
    assert error["request_id"] == answer.headers["x-amzn-RequestId"]
    return str(error["code"])


def test_event_carries_path_query_and_parameters_as_api_gateway_decodes_them(api: httpx.Client) -> None:
    event = api.get("/echo/a%20b%2Fc?x=1&x=2%20&flag=").json()["event"]
    assert event["pathParameters"] == {"name": "a b/c"}
    assert event["queryStringParameters"] == {"x": "2 ", "flag": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2 "], "flag": [""]}
    assert event["resource"] == "/echo/{name}"


def test_event_without_query_has_null_and_no_empty_query(api: httpx.Client) -> None:
    event = api.get("/echo/a").json()["event"]
    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None


def test_request_context_names_stage_route_and_source(api: httpx.Client, server: ApiServer) -> None:
    answer = api.get("/echo/a", headers={"User-Agent": "camera/1"})
    context = answer.json()["event"]["requestContext"]
    assert (context["stage"], context["resourcePath"], context["path"]) == ("api", "/echo/{name}", "/api/echo/a")
    assert context["httpMethod"] == "GET"
    assert context["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "camera/1"}
    assert context["domainName"] == f"127.0.0.1:{server.port}"
    assert context["requestId"] == answer.headers["x-amzn-RequestId"]


def test_headers_reach_the_app_repeated_ones_in_a_list_and_hop_by_hop_ones_not(api: httpx.Client) -> None:
    headers = [("X-Device-Token", "devtok"), ("X-Two", "1"), ("X-Two", "2"), ("Connection", "keep-alive"), ("TE", "x")]
    event = api.get("/echo/a", headers=headers).json()["event"]
    lower = {name.lower() for name in event["headers"]}
    assert event["headers"]["X-Device-Token"] == "devtok"
    assert event["headers"]["X-Two"] == "2"
    assert event["multiValueHeaders"]["X-Two"] == ["1", "2"]
    assert not {"connection", "te"} & lower


def test_forwarded_for_keeps_what_the_client_claims_and_appends_its_address(api: httpx.Client) -> None:
    headers = api.get("/echo/a", headers={"X-Forwarded-For": "10.0.0.1"}).json()["event"]["headers"]
    assert headers["X-Forwarded-For"] == "10.0.0.1, 127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"


def test_function_knows_its_name_and_its_time_left(api: httpx.Client) -> None:
    answer = api.get("/echo/a").json()
    assert answer["function"] == "api_handler"
    assert 0 < answer["remaining_ms"] <= 1000 * INTEGRATION_TIMEOUT_S


def test_text_body_arrives_as_text_and_binary_body_as_base64(api: httpx.Client) -> None:
    text = api.post("/echo/a", content=b'{"a": 1}', headers={"Content-Type": "application/json; charset=utf-8"})
    binary = api.post("/echo/a", content=JPEG, headers={"Content-Type": "image/jpeg"})
    assert (text.json()["event"]["body"], text.json()["event"]["isBase64Encoded"]) == ('{"a": 1}', False)
    assert (binary.json()["event"]["body"], binary.json()["size"]) == (base64.b64encode(JPEG).decode(), len(JPEG))
    assert binary.json()["event"]["isBase64Encoded"] is True


def test_text_body_that_is_no_utf8_is_replaced_not_refused(api: httpx.Client) -> None:
    event = api.post("/echo/a", content=b"\xff", headers={"Content-Type": "text/plain"}).json()["event"]
    assert event["body"] == "\ufffd"


def test_absent_body_is_null(api: httpx.Client) -> None:
    event = api.post("/echo/a").json()["event"]
    assert (event["body"], event["isBase64Encoded"]) == (None, False)


def test_chunked_body_is_put_together_and_the_connection_is_kept(api: httpx.Client, stats: Stats) -> None:
    headers = {"Content-Type": "text/plain"}
    for _ in range(2):
        answer = api.post("/echo/a", content=iter([b"one ", b"two"]), headers=headers)
        assert answer.json()["event"]["body"] == "one two"
    assert stats.snapshot()["connections"] == {"api": 1}


@pytest.mark.parametrize("accept", ["image/jpeg", "image/jpeg, */*", "image/jpeg;q=0.9,text/html"])
def test_binary_answer_is_decoded_where_the_first_accept_is_binary(api: httpx.Client, accept: str) -> None:
    assert api.get("/picture", headers={"Accept": accept}).content == JPEG


def test_binary_answer_stays_base64_where_only_a_later_accept_is_binary(stats: Stats) -> None:
    picture = {
        "statusCode": 200,
        "isBase64Encoded": True,
        "body": base64.b64encode(JPEG).decode(),
        "headers": {"Content-Type": "image/jpeg"},
    }
    answer = _ask_function(stats, lambda event, context: picture, accept="text/html, image/jpeg")
    assert answer.content == base64.b64encode(JPEG)


def test_names_that_api_gateway_keeps_for_itself_are_remapped_in_answers(api: httpx.Client) -> None:
    answer = api.get("/picture", headers={"Accept": "image/jpeg"})
    assert answer.headers["x-amzn-Remapped-Server"] == "mine"
    assert "Server" not in answer.headers


def test_repeated_answer_headers_stay_apart(api: httpx.Client) -> None:
    answer = api.get("/two-cookies")
    assert answer.status_code == 201
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("GET", "/echo/a/b"), ("DELETE", "/echo/a"), ("OPTIONS", "/echo/a"), ("HEAD", "/nothing")],
)
def test_unknown_path_and_unknown_method_are_both_not_found(api: httpx.Client, method: str, path: str) -> None:
    answer = api.request(method, path)
    assert answer.status_code == 404
    if method != "HEAD":
        assert error_code(answer) == "not_found"


@pytest.mark.parametrize("path", ["/apix/echo/a", "/echo/a", "/api%2Fecho/a"])
def test_nothing_is_served_outside_the_stage(server: ApiServer, path: str) -> None:
    answer = httpx.get(f"http://127.0.0.1:{server.port}{path}", trust_env=False)
    assert (answer.status_code, error_code(answer)) == (404, "not_found")


def test_root_of_the_server_leads_to_the_console(server: ApiServer) -> None:
    answer = httpx.get(f"http://127.0.0.1:{server.port}/", follow_redirects=True, trust_env=False)
    assert (str(answer.url.path), answer.text) == ("/api/", "<p>")


def test_preflight_is_answered_for_a_route_with_cors(api: httpx.Client) -> None:
    answer = api.options("/shared", headers={"Origin": "https://console.example"})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://console.example"
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT,OPTIONS"


def test_request_over_10_mb_is_refused_by_the_gateway(api: httpx.Client) -> None:
    answer = api.post("/echo/a", content=b"x" * (10 * 1024 * 1024 + 1))
    assert (answer.status_code, error_code(answer)) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("size_bytes", "content_type", "status"),
    [
        (4_600_000, "image/jpeg", 200),
        (4_800_000, "image/jpeg", 413),
        (6_200_000, "text/plain", 200),
        (6_300_000, "text/plain", 413),
    ],
)
def test_lambda_counts_the_event_with_its_base64(stats: Stats, size_bytes: int, content_type: str, status: int) -> None:
    app = Chalice("sink")
    app.route("/sink", methods=["POST"], content_types=[content_type])(lambda: {})
    server = ApiServer(stats)
    server.start(app)
    headers = {"Content-Type": content_type}
    answer = httpx.post(f"{server.url}/sink", content=b"x" * size_bytes, headers=headers, trust_env=False)
    server.stop()
    assert answer.status_code == status


def test_answer_over_6_mb_is_a_bad_gateway(api: httpx.Client) -> None:
    answer = api.get("/bomb")
    assert (answer.status_code, error_code(answer)) == (502, "bad_gateway")


def test_headers_over_10240_bytes_are_refused(api: httpx.Client) -> None:
    assert api.get("/echo/a", headers={"X-Long": "x" * 9_900}).status_code == 200
    answer = api.get("/echo/a", headers={"X-Long": "x" * 10_240})
    assert (answer.status_code, error_code(answer)) == (431, "headers_too_large")


def test_function_that_takes_too_long_is_a_timeout(impatient_server: ApiServer) -> None:
    answer = httpx.get(f"{impatient_server.url}/hangs", trust_env=False)
    assert (answer.status_code, error_code(answer)) == (504, "timeout")


def test_exception_in_a_view_is_chalices_own_500(api: httpx.Client) -> None:
    answer = api.get("/fails")
    assert (answer.status_code, answer.json()["Code"]) == (500, "InternalServerError")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        {},
        {"statusCode": "abc"},
        {"statusCode": 99},
        {"statusCode": True},
        {"statusCode": 200, "body": {}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"X": {"a": 1}}},
        {"statusCode": 200, "headers": {"X": "a\r\nY: b"}},
        {"statusCode": 200, "isBase64Encoded": True, "body": "no base64!", "headers": {"Content-Type": "image/jpeg"}},
    ],
)
def test_malformed_answer_of_the_function_is_a_bad_gateway(stats: Stats, answer: object) -> None:
    refused = _ask_function(stats, lambda event, context: answer)
    assert (refused.status_code, error_code(refused)) == (502, "bad_gateway")


def test_function_that_raises_is_a_bad_gateway_and_tells_nothing(stats: Stats) -> None:
    def raises(event: Any, context: Any) -> Any:
        raise RuntimeError("secret inside")

    refused = _ask_function(stats, raises)
    assert (refused.status_code, error_code(refused)) == (502, "bad_gateway")
    assert "secret" not in refused.text


def test_overlapping_requests_keep_to_their_own(api: httpx.Client) -> None:
    names = [f"n{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: api.get(f"/slow-echo/{name}").json(), names))
    assert answers == [{"asked": name, "given": name} for name in names]


def test_one_connection_serves_many_requests_and_each_is_counted_by_its_route(
    api: httpx.Client, server: ApiServer, stats: Stats
) -> None:
    for name in ("a", "b", "c"):
        api.get(f"/echo/{name}")
    api.get("/nothing")
    counted = _settled(stats, requests=4)
    assert counted["connections"] == {"api": 1}
    assert counted["requests"]["api:GET /echo/{name}"]["count"] == 3
    assert counted["requests"]["api:unmatched"]["statuses"] == {"404": 1}


def test_bytes_are_those_on_the_wire(server: ApiServer, stats: Stats) -> None:
    request = b"POST /api/echo/a HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    counted = _settled(stats, requests=1)["requests"]["api:POST /echo/{name}"]
    assert (counted["bytes_in"], counted["bytes_out"]) == (len(request), len(answer))


def test_expect_100_continue_is_answered_before_the_body_is_sent(server: ApiServer) -> None:
    head = b"POST /api/echo/a HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(head + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        assert client.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hi")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["event"]["body"] == "hi"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"POST /api/echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        b"POST /api/echo/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_proper_http_is_a_bad_request(server: ApiServer, request_bytes: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(request_bytes)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "bad_request"


def test_body_cut_short_never_reaches_the_app(stats: Stats) -> None:
    seen = threading.Event()
    app = _app_of(lambda event, context: seen.set())
    server = ApiServer(stats)
    server.start(app)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(b"POST /api/only HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1024) == b""
    server.stop()
    assert not seen.is_set()


def test_routes_that_api_gateway_refuses_are_refused_here(stats: Stats) -> None:
    app = Chalice("clash")
    app.route("/devices/{device_id}")(lambda device_id: {})
    app.route("/devices/{id}/events")(lambda id: {})
    server = ApiServer(stats)
    with pytest.raises(RoutesClash, match="device_id"):
        server.start(app)
    server.stop()


def test_taken_port_is_an_error_at_once(server: ApiServer, stats: Stats) -> None:
    with pytest.raises(OSError, match="in use"):
        ApiServer(stats, port=server.port)


def _app_of(handler: Any) -> Chalice:
    """A Chalice app with the routes `GET` and `POST /only`, whose handler is replaced."""
    app = Chalice("only")
    app.route("/only", methods=["GET", "POST"])(lambda: None)
    app.__class__ = type("Only", (Chalice,), {"__call__": lambda self, event, context: handler(event, context)})
    return app


def _ask_function(stats: Stats, handler: Any, accept: str = "image/jpeg") -> httpx.Response:
    server = ApiServer(stats)
    server.start(_app_of(handler))
    answer = httpx.get(f"{server.url}/only", headers={"Accept": accept}, trust_env=False)
    server.stop()
    return answer


def _settled(stats: Stats, requests: int) -> dict[str, Any]:
    """A request is counted right after its answer, so the client may be a moment early."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        counted = stats.snapshot()
        if sum(kind["count"] for kind in counted["requests"].values()) >= requests:
            return counted
        time.sleep(0.005)
    raise TimeoutError
