"""A cloud in the test's own process, on a loopback port: the device API and S3, as strict as the contract is.

Requests are decoded by the app's own wire structs and receipts are signed by its own domain, so that what passes here
is what the real API takes. Faults are scripted per route, each for one request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from frameferry_station.http import Connection

from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.inbox import CommandKind, CommandStatus
from chalicelib.domain.receipts import ReceiptKeys, ReceiptState
from chalicelib.wire import object_keys, requests, responses
from chalicelib.wire.json import decode, encode

DEVICE_ID = DeviceId("5f0c7a52-6f1e-4a0f-9d51-2f6f3a1c9b11")
CODE = "7ZK3M-Q9V1A"
KEYS = ReceiptKeys("k1", {"k1": bytes(range(32))})
FORGER = ReceiptKeys("k1", {"k1": bytes(32)})


@dataclass(frozen=True)
class CutBefore:
    """The connection drops before anything is done."""


@dataclass(frozen=True)
class LoseReply:
    """Everything is done, and the connection drops before a byte of the answer."""


@dataclass(frozen=True)
class Reply:
    """This answer instead of the route's own; nothing is done."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Fault = CutBefore | LoseReply | Reply

PORTAL = Reply(200, b"<html>Welcome to the hotspot, please log in</html>", {"Content-Type": "text/html"})


def api_error(status: int, code: str, **headers: str) -> Reply:
    body = {"error": {"code": code, "message": "no", "request_id": "r"}}
    return Reply(status, json.dumps(body).encode(), {name.replace("_", "-"): value for name, value in headers.items()})


def s3_error(status: int, code: str, **headers: str) -> Reply:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>no</Message></Error>'
    return Reply(status, body.encode(), {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True)
class Held:
    sha256: str
    size_bytes: int
    object_key: str


class Answered(Exception):
    """An error answer on its way to the client."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class FakeCloud:
    """One device's cloud. What it was asked and what it holds is open to tests."""

    def __init__(self) -> None:
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.requests: list[str] = []
        self.connections = 0
        self.objects: dict[str, bytes] = {}
        self.items: dict[int, Held] = {}
        self.ingested: list[requests.IngestRequest] = []
        self.heartbeats: list[requests.HeartbeatRequest] = []
        self.events: dict[tuple[datetime, str], requests.EventRequest] = {}
        self.commands: dict[str, responses.CommandBody] = {}
        self.acks: list[tuple[str, requests.AckRequest]] = []
        self.nonces: list[str] = []
        self.tokens = ["devtok_current"]
        self.rotated_token: str | None = None
        self.next_seq = 0
        self.settings = responses.SettingsBody(
            interval_s=30,
            jpeg_quality=12,
            resolution="UXGA",
            motion=False,
            upload_policy="oldest_first",
            paused=False,
            paused_until=None,
        )
        self.signer = KEYS
        self.clients: list[Connection] = []
        """Closed with the server."""
        self.base_url = ""
        self.lock = threading.Lock()

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api"

    def script(self, route: str, *faults: Fault) -> None:
        self.faults[route].extend(faults)

    def hold(self, seq: int, content: bytes, key: str | None = None) -> None:
        """As if another upload had brought these bytes under this seq."""
        key = key or f"devices/{DEVICE_ID}/2025/01/01/{seq:016d}-earlier.jpg"
        self.objects[key] = content
        self.items[seq] = Held(hashlib.sha256(content).hexdigest(), len(content), key)
        self.next_seq = max(self.next_seq, seq + 1)

    def command(self, command_id: str, kind: str, **arguments: str | int) -> None:
        now = datetime.now(UTC).isoformat()
        self.commands[command_id] = responses.CommandBody(
            command_id=command_id,
            kind=CommandKind(kind),
            status=CommandStatus.PENDING,
            created_at=now,
            expires_at=now,
            arguments=arguments,
        )

    def holds(self, content: bytes) -> list[int]:
        """The seqs under which these bytes are held."""
        digest = hashlib.sha256(content).hexdigest()
        return [seq for seq, held in self.items.items() if held.sha256 == digest]

    def take_fault(self, route: str) -> Fault | None:
        self.requests.append(route)
        waiting = self.faults[route]
        return waiting.popleft() if waiting else None

    def answer(self, route: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        if route == "put":
            return self._put(path, body, headers)
        if route == "activate":
            return self._activate(body)
        self._authenticate(headers.get("x-device-token"))
        return self._device_route(route, path, body)

    def _device_route(self, route: str, path: str, body: bytes) -> Reply:
        if route == "upload-url":
            return self._upload_url(decode(body, requests.UploadUrlRequest))
        if route == "ingest":
            return self._ingest(decode(body, requests.IngestRequest))
        if route == "images":
            return self._image(parse_qs(urlsplit(path).query), body)
        if route == "heartbeat":
            self.heartbeats.append(decode(body, requests.HeartbeatRequest))
            return self._ok(
                responses.HeartbeatResponse(
                    server_time=datetime.now(UTC).isoformat(),
                    settings=self.settings,
                    settings_version=1,
                    commands_waiting=len(self.commands),
                )
            )
        if route == "events":
            event = decode(body, requests.EventRequest)
            assert event.occurred_at is not None
            self.events.setdefault((event.occurred_at, event.kind), event)
            return self._ok(responses.EventAccepted(status="accepted", event_id="e"))
        if route == "commands":
            return self._ok(responses.CommandPage(items=list(self.commands.values())))
        if route == "ack":
            command_id = path.split("/")[-2]
            self.acks.append((command_id, decode(body, requests.AckRequest)))
            self.commands.pop(command_id, None)
            return self._ok(responses.AckResponse(command_id=command_id, status=CommandStatus.DONE))
        if route == "token":
            self.rotated_token = self.rotated_token or f"devtok_rotated{len(self.tokens)}"
            return self._ok(responses.TokenResponse(device_token=self.rotated_token))
        raise Answered(api_error(404, "not_found"))

    def _authenticate(self, token: str | None) -> None:
        if token is not None and token == self.rotated_token:
            self.tokens, self.rotated_token = [token], None
        if token not in self.tokens:
            raise Answered(api_error(401, "invalid_credential"))

    def _activate(self, body: bytes) -> Reply:
        asked = decode(body, requests.ActivateRequest)
        assert asked.nonce is not None
        if asked.pairing_code != CODE or (self.nonces and asked.nonce != self.nonces[0]):
            raise Answered(api_error(404, "pairing_code_invalid"))
        self.nonces.append(asked.nonce)
        return self._ok(
            responses.ActivateResponse(
                device_id=DEVICE_ID,
                device_token=self.tokens[0],
                settings=self.settings,
                settings_version=1,
                next_seq=self.next_seq,
                server_time=datetime.now(UTC).isoformat(),
                receipt_keys=KEYS.public_keys(),
            )
        )

    def _upload_url(self, asked: requests.UploadUrlRequest) -> Reply:
        assert asked.sha256 is not None
        assert asked.size_bytes is not None
        held = self.items.get(asked.seq)
        if held and held.sha256 != asked.sha256:
            raise Answered(self._conflict())
        key = object_keys.single(DEVICE_ID, Seq(asked.seq), asked.filename, asked.captured_at)
        path = f"/s3/captures/{key}?X-Amz-Signature=secret"
        url = urlsplit(self.base_url + path)
        return self._ok(
            responses.UploadUrlResponse(
                upload_url=self.base_url + path,
                upload_host=url.hostname or "",
                upload_port=url.port or 0,
                upload_path=path,
                headers={
                    "Content-Type": asked.content_type,
                    "Content-Length": str(asked.size_bytes),
                    "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(asked.sha256)).decode(),
                    "If-None-Match": "*",
                },
                object_key=key,
                expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat(),
                status="duplicate" if held else None,
                receipt=self._receipt(held) if held else None,
            )
        )

    def _put(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        key = urlsplit(path).path.removeprefix("/s3/captures/")
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if "x-device-token" in headers or "authorization" in headers:
            raise Answered(s3_error(400, "InvalidArgument"))
        if headers.get("if-none-match") != "*" or headers.get("content-type") != "image/jpeg":
            raise Answered(s3_error(403, "SignatureDoesNotMatch"))
        if headers.get("x-amz-checksum-sha256") != checksum:
            raise Answered(s3_error(400, "BadDigest"))
        if key in self.objects:
            raise Answered(s3_error(412, "PreconditionFailed"))
        self.objects[key] = body
        return Reply(200)

    def _ingest(self, asked: requests.IngestRequest) -> Reply:
        self.ingested.append(asked)
        content = self.objects.get(asked.object_key)
        held = self.items.get(asked.seq)
        if content is None and held is None:
            return self._ok(responses.IngestResponse(status="queued", item_id="i"))
        digest = hashlib.sha256(content or b"").hexdigest()
        fresh = held or Held(digest, len(content or b""), asked.object_key)
        if fresh.sha256 != asked.sha256:
            raise Answered(self._conflict())
        self.items[asked.seq] = fresh
        self.next_seq = max(self.next_seq, asked.seq + 1)
        status: responses.ClaimStatus = "duplicate" if held else "queued"
        return self._ok(responses.IngestResponse(status=status, item_id="i", receipt=self._receipt(fresh)))

    def _image(self, query: dict[str, list[str]], body: bytes) -> Reply:
        seq = int(query["seq"][0]) if "seq" in query else self.next_seq
        self.hold(seq, body)
        receipt = self._receipt(self.items[seq])
        return self._ok(responses.ImageResponse(status="queued", item_id="i", seq=seq, receipt=receipt))

    def _receipt(self, held: Held) -> responses.ReceiptBody:
        signed = self.signer.sign(ReceiptState.HELD, DEVICE_ID, held.object_key, held.size_bytes, held.sha256)
        fields = {name: getattr(signed, name) for name in responses.ReceiptBody.__struct_fields__}
        return responses.ReceiptBody(**fields)

    def _conflict(self) -> Reply:
        body = {"error": {"code": "conflict", "message": "no", "request_id": "r"}, "next_seq": self.next_seq}
        return Reply(409, json.dumps(body).encode())

    def _ok(self, body: msgspec.Struct) -> Reply:
        return Reply(200, encode(body), {"Content-Type": "application/json"})


def _route(path: str) -> str:
    parts = urlsplit(path).path.strip("/").split("/")
    if parts[0] == "s3":
        return "put"
    return "ack" if parts[-1] == "ack" else parts[-1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer's head and body leave in one packet, or Nagle's algorithm holds the second back.
    wbufsize = 64 * 1024
    cloud: FakeCloud

    def setup(self) -> None:
        super().setup()
        self.cloud.connections += 1

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.cloud.lock:
            fault = self.cloud.take_fault(_route(self.path))
            if isinstance(fault, CutBefore):
                self.close_connection = True
                return
            reply = fault if isinstance(fault, Reply) else self._answered(body, headers)
        if isinstance(fault, LoseReply):
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def _answered(self, body: bytes, headers: dict[str, str]) -> Reply:
        try:
            return self.cloud.answer(_route(self.path), self.path, body, headers)
        except Answered as answered:
            return answered.reply

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""


@contextmanager
def running(cloud: FakeCloud) -> Iterator[FakeCloud]:
    handler = type("Handler", (_Handler,), {"cloud": cloud})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    cloud.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield cloud
    finally:
        for client in cloud.clients:
            client.close()
        server.shutdown()
        server.server_close()
        thread.join()
