"""Retries and connections of the app's own AWS clients, over a server that misbehaves."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import Unavailable
from chalicelib.stores.aws_clients import JsonClient
from chalicelib.stores.aws_errors import AwsError, AwsUnreachable
from chalicelib.stores.aws_http import MAX_ATTEMPTS, Endpoint
from chalicelib.stores.dynamodb import Table
from chalicelib.stores.presign import Credentials
from infra.local.http_server import Exchange, HttpServer
from tests.contract.aws_clients_rig import REGION, dynamodb, endpoint, objects

KEY = {"device_id": {"S": "d"}, "seq": {"N": "1"}}
NOBODY_LISTENS = "http://127.0.0.1:9"
HEADERS_OF_AN_OBJECT = [("Last-Modified", "Mon, 04 May 2026 12:00:00 GMT"), ("ETag", '"said"')]


@dataclass
class Script:
    """What a server answers, one after the other and the last for ever; `None` drops the connection."""

    answers: list[tuple[int, dict[str, Any] | bytes] | None]
    asked: list[Exchange] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)
    url: str = ""
    before: threading.Barrier = field(default_factory=lambda: threading.Barrier(1))

    def serve(self, exchange: Exchange) -> None:
        exchange.read(exchange.body_bytes or 0)
        self.before.wait(5)
        self.asked.append(exchange)
        self.connections.add(exchange.client_address)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            exchange.abort()
        else:
            status, told = answer
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
            exchange.respond(status, [("Content-Type", "application/x-amz-json-1.0"), *HEADERS_OF_AN_OBJECT], body)


@pytest.fixture
def scripted() -> Iterator[Callable[..., tuple[str, Script]]]:
    servers: list[HttpServer] = []

    def start(*answers: tuple[int, dict[str, Any] | bytes] | None) -> tuple[str, Script]:
        script = Script(list(answers))
        server = HttpServer("127.0.0.1", 0, script.serve, lambda status: (status, [], b""), idle_timeout_s=5)
        servers.append(server)
        server.start()
        return f"http://127.0.0.1:{server.port}", script

    yield start
    for server in servers:
        server.stop()


Scripted = Callable[..., tuple[str, Script]]
OK = (200, {"Item": KEY})
BUSY = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow down"})


@pytest.mark.parametrize("trouble", [None, BUSY, (500, {}), (503, {"__type": "ServiceUnavailable"})])
def test_trouble_that_passes_is_not_seen(scripted: Scripted, trouble: Any) -> None:
    url, script = scripted(trouble, trouble, OK)
    waits: list[float] = []

    found = dynamodb(url, sleep=waits.append, uniform=lambda: 1.0).get_item(TableName="items", Key=KEY)

    assert found == OK[1]
    assert waits == [1.0, 2.0]
    assert len(script.asked) == MAX_ATTEMPTS


@pytest.mark.parametrize(
    ("status", "code"), [(409, b"ConditionalRequestConflict"), (400, b"RequestTimeout"), (503, b"SlowDown")]
)
def test_trouble_of_s3_that_passes_is_not_seen(scripted: Scripted, status: int, code: bytes) -> None:
    trouble = b"<?xml version='1.0'?><Error><Code>" + code + b"</Code><Message>slow &amp; busy</Message></Error>"
    url, script = scripted((status, trouble), (200, b"a photo"))

    found = objects(url, sleep=lambda _: None).get_object(Bucket="captures", Key="photo")

    assert found["Body"].read() == b"a photo"
    assert len(script.asked) == 2


@pytest.mark.parametrize(("most_bytes", "body"), [(7, b"a photo"), (6, b"")])
def test_a_body_that_is_longer_than_asked_for_is_not_read(scripted: Scripted, most_bytes: int, body: bytes) -> None:
    url, _ = scripted((200, b"a photo"))

    answer = endpoint("s3", url).send("GET", "/photo", is_busy=lambda _: False, most_bytes=most_bytes)

    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, body, "7")


def test_trouble_that_stays_is_told_after_three_attempts(scripted: Scripted) -> None:
    busy_url, busy = scripted(BUSY)
    gone_url, gone = scripted(None)

    with pytest.raises(AwsError, match="ThrottlingException"):
        dynamodb(busy_url, sleep=lambda _: None).get_item(TableName="items", Key=KEY)
    with pytest.raises(AwsUnreachable):
        dynamodb(gone_url, sleep=lambda _: None).get_item(TableName="items", Key=KEY)

    assert (len(busy.asked), len(gone.asked)) == (MAX_ATTEMPTS, MAX_ATTEMPTS)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_would_not_be_otherwise_the_next_time_is_asked_once(scripted: Scripted, status: int) -> None:
    url, script = scripted((status, {"__type": "x#AccessDeniedException", "Message": "no"}))

    with pytest.raises(AwsError, match="AccessDeniedException: no"):
        dynamodb(url).get_item(TableName="items", Key=KEY)

    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "make_url", [lambda start: start(BUSY)[0], lambda start: start(None)[0], lambda _: NOBODY_LISTENS]
)
def test_trouble_that_stays_is_unavailable_to_who_asked_the_store(
    scripted: Scripted, make_url: Callable[[Scripted], str]
) -> None:
    table: Any = dynamodb(make_url(scripted), sleep=lambda _: None)

    with pytest.raises(Unavailable):
        Table(table, "items").get({"device_id": "d", "seq": 1})


def test_requests_one_after_the_other_share_a_connection(scripted: Scripted) -> None:
    url, script = scripted(OK)
    client = dynamodb(url)

    for _ in range(3):
        client.get_item(TableName="items", Key=KEY)

    assert len(script.connections) == 1


def test_a_connection_that_ended_while_idle_costs_no_wait(scripted: Scripted) -> None:
    url, script = scripted(OK)
    waits: list[float] = []
    client = dynamodb(url, sleep=waits.append)

    for _ in range(3):
        client.get_item(TableName="items", Key=KEY)
        script.asked[-1].connection.shutdown(socket.SHUT_WR)

    assert len(script.connections) == 3
    assert waits == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, with its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = utc_now()
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM) + key.private_bytes(*plain))
    return path


@pytest.fixture
def over_tls(certificate: Path) -> Iterator[Script]:
    script = Script([OK])
    server = HttpServer("127.0.0.1", 0, script.serve, lambda status: (status, [], b""), idle_timeout_s=5)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.start()
    script.url = f"https://127.0.0.1:{server.port}"
    yield script
    server.stop()


def test_over_tls_too_requests_share_a_connection(over_tls: Script, certificate: Path) -> None:
    client = dynamodb(over_tls.url, tls=lambda: ssl.create_default_context(cafile=str(certificate)))

    for _ in range(3):
        assert client.get_item(TableName="items", Key=KEY) == OK[1]

    assert len(over_tls.connections) == 1


def test_who_is_not_vouched_for_is_told_nothing(over_tls: Script) -> None:
    with pytest.raises(AwsUnreachable, match="SSLCertVerificationError"):
        dynamodb(over_tls.url, sleep=lambda _: None).get_item(TableName="items", Key=KEY)

    assert over_tls.asked == []


def test_requests_at_the_same_time_do_not_share_a_connection(scripted: Scripted) -> None:
    url, script = scripted(OK)
    script.before = threading.Barrier(4)
    client = dynamodb(url)

    threads = [threading.Thread(target=client.get_item, kwargs={"TableName": "items", "Key": KEY}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert len(script.connections) == 4


def test_credentials_and_clock_are_asked_at_each_request(scripted: Scripted) -> None:
    url, script = scripted(OK)
    tokens = iter(["old", "new"])
    at = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
    client = JsonClient(
        Endpoint(
            "dynamodb",
            url,
            region=REGION,
            credentials=lambda: Credentials("key", "secret", next(tokens)),
            clock=lambda: at,
        ),
        target_prefix="DynamoDB_20120810",
        version="1.0",
    )

    sent = []
    for _ in range(2):
        client.get_item(TableName="items", Key=KEY)
        sent.append((script.asked[-1].headers["X-Amz-Security-Token"], script.asked[-1].headers["X-Amz-Date"]))

    assert sent == [("old", "20260504T120000Z"), ("new", "20260504T120000Z")]
