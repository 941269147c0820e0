"""A cloud in the test's own process: the device API and S3, as strict as the contract is.

Requests are decoded by the app's own wire structs, packs are read by its own reader and receipts are signed by its own
domain, so that what passes here is what the real API takes. Faults are scripted per route, each for one request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import msgspec

from chalicelib.domain.errors import FrameferryError
from chalicelib.domain.ids import Seq
from chalicelib.domain.inbox import CommandKind, CommandStatus
from chalicelib.domain.receipts import Receipt, ReceiptKeys, ReceiptState
from chalicelib.wire import object_keys, requests, responses, sync
from chalicelib.wire.json import decode, encode
from chalicelib.wire.packs import read_pack
from tests.station.samples import DEVICE_ID

CODE = "7ZK3M-Q9V1A"
KEYS = ReceiptKeys("k1", {"k1": bytes(range(32))})
FORGER = ReceiptKeys("k1", {"k1": bytes(32)})
PREFIX = f"devices/{DEVICE_ID}/"
QUERY = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature="


@dataclass(frozen=True)
class CutBefore:
    """The connection drops before anything is done."""


@dataclass(frozen=True)
class CutBody:
    """The connection drops after so many bytes of the body."""

    at_byte: int


@dataclass(frozen=True)
class LoseReply:
    """Everything is done, and the connection drops before a byte of the answer."""


@dataclass(frozen=True)
class NoReply:
    """The request waits, whoever else is served, until `until`; then the connection drops. Over sockets only."""

    until: threading.Event


@dataclass(frozen=True)
class Reply:
    """This answer instead of the route's own; nothing is done."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Fault = CutBefore | CutBody | LoseReply | NoReply | Reply

PORTAL = Reply(200, b"<html>Welcome to the hotspot, please log in</html>", {"Content-Type": "text/html"})


@cache
def digest_of(content: bytes) -> str:
    """Asked again and again for the same photos."""
    return hashlib.sha256(content).hexdigest()


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
        self.objects: dict[str, bytes] = {}
        self.items: dict[int, Held] = {}
        self.conflicts: list[tuple[int, str]] = []
        """Seq and sha256 of what came for a seq that was held with other bytes."""
        self.damaged: set[int] = set()
        """Seqs of captures whose bytes are not those that their records tell of."""
        self.ingested: list[requests.IngestRequest] = []
        self.syncs: list[sync.SyncRequest] = []
        self.events: dict[tuple[datetime, str], requests.EventRequest] = {}
        self.commands: dict[str, responses.CommandBody] = {}
        self.acks: list[sync.SyncAck] = []
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
        self.settings_version = 1
        self.signer = KEYS
        self.keys = KEYS
        """Whose public halves are told; usually the signer's."""
        self.refuses: set[int] = set()
        """First seqs of packs that make a sync a bad request."""
        self.trips_over: set[int] = set()
        """First seqs of packs that make a sync an internal error."""
        self.is_slow = False
        """No S3 event has come yet: of objects that were not said to be sent, nothing is known."""
        self.dead_urls: set[str] = set()
        self.urls: set[str] = set()
        self.base_url = "http://cloud.test"
        self.lock = threading.RLock()

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api"

    def script(self, route: str, *faults: Fault) -> None:
        self.faults[route].extend(faults)

    def hold(self, seq: int, content: bytes, key: str | None = None) -> None:
        """As if another upload had brought these bytes under this seq."""
        key = key or f"{PREFIX}2025/01/01/{seq:016d}-earlier.jpg"
        self.objects[key] = content
        self.items[seq] = Held(hashlib.sha256(content).hexdigest(), len(content), key)
        self.next_seq = max(self.next_seq, seq + 1)

    def command(self, command_id: str, kind: str, **arguments: str | int) -> None:
        """Of a pause and its end the settings tell too."""
        now = datetime.now(UTC).isoformat()
        if kind in ("pause", "resume"):
            self.change_settings(paused=kind == "pause")
        self.commands[command_id] = responses.CommandBody(
            command_id=command_id,
            kind=CommandKind(kind),
            status=CommandStatus.PENDING,
            created_at=now,
            expires_at=now,
            arguments=arguments,
        )

    def change_settings(self, **changes: object) -> None:
        self.settings = msgspec.structs.replace(self.settings, **changes)
        self.settings_version += 1

    def expire_urls(self) -> None:
        self.dead_urls |= self.urls

    def holds(self, content: bytes) -> list[int]:
        """The seqs under which these bytes are held."""
        digest = digest_of(content)
        return sorted(seq for seq, held in self.items.items() if held.sha256 == digest)

    def digests(self) -> set[str]:
        """Of all that is held."""
        return {held.sha256 for held in self.items.values()}

    def take_fault(self, route: str) -> Fault | None:
        self.requests.append(route)
        waiting = self.faults[route]
        return waiting.popleft() if waiting else None

    def answer(self, route: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        try:
            return self._answer(route, path, body, headers)
        except Answered as answered:
            return answered.reply
        except FrameferryError as error:
            return api_error(400, error.code)

    def _answer(self, route: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        if route == "put":
            return self._put(path, body, headers)
        if route == "activate":
            return self._activate(body)
        self._authenticate(headers.get("x-device-token"))
        if route == "sync":
            return self._sync(decode(body, sync.SyncRequest))
        if route == "upload-url":
            return self._upload_url(decode(body, requests.UploadUrlRequest))
        if route == "ingest":
            return self._ingest(decode(body, requests.IngestRequest))
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
                settings_version=self.settings_version,
                next_seq=self.next_seq,
                server_time=_time(),
                receipt_keys=self.keys.public_keys(),
            )
        )

    def _sync(self, asked: sync.SyncRequest) -> Reply:
        if any(offer.first_seq in self.refuses for offer in asked.objects):
            raise Answered(api_error(400, "invalid_body"))
        if any(offer.first_seq in self.trips_over for offer in asked.objects):
            raise Answered(api_error(500, "internal"))
        self.syncs.append(asked)
        if asked.clock:
            self.next_seq = max(self.next_seq, asked.clock.next_seq)
        acks = [self._acknowledge(ack) for ack in asked.acks]
        keys = self.keys.public_keys()
        has_settings = asked.settings_version == self.settings_version
        answers = [self._object(offer) for offer in asked.objects]
        return self._ok(
            sync.SyncResponse(
                server_time=_time(),
                settings_version=self.settings_version,
                settings=None if has_settings else self.settings,
                receipt_keys=None if asked.receipt_key_ids == sorted(keys) else keys,
                commands=list(self.commands.values()),
                events=[self._event(event) for event in asked.events],
                acks=acks,
                uploads=self._uploads() if any(answer.tail for answer in answers) else None,
                objects=answers,
            )
        )

    def _uploads(self) -> sync.UploadsBody:
        url = urlsplit(self.base_url)
        return sync.UploadsBody(
            origin=self.base_url,
            host=url.hostname or "",
            port=url.port or 80,
            path_prefix=f"/s3/captures/{PREFIX}",
            query=QUERY,
            expires_at=_time(timedelta(hours=1)),
        )

    def _event(self, event: requests.EventRequest) -> Literal["accepted", "duplicate"]:
        assert event.occurred_at is not None
        known = (event.occurred_at, event.kind) in self.events
        self.events.setdefault((event.occurred_at, event.kind), event)
        return "duplicate" if known else "accepted"

    def _acknowledge(self, ack: sync.SyncAck) -> Literal["done", "failed", "not_found", "command_finished"]:
        if self.commands.pop(ack.command_id, None) is None:
            return "not_found"
        self.acks.append(ack)
        return ack.status

    def _object(self, offer: sync.ObjectOffer) -> sync.ObjectAnswer:
        assert offer.first_seq is not None
        assert offer.last_seq is not None, "the device sends packs only"
        key = object_keys.pack(DEVICE_ID, Seq(offer.first_seq), Seq(offer.last_seq), offer.sha256)
        body = self.objects.get(key)
        is_held = body is not None and hashlib.sha256(body).hexdigest() == offer.sha256
        if body is not None and is_held and (offer.sent or not self.is_slow):
            signed = self.signer.sign(ReceiptState.HELD, DEVICE_ID, key, offer.size_bytes, offer.sha256)
            return sync.ObjectAnswer(
                receipt=sync.SyncReceipt(state=signed.state, key_id=signed.key_id, signature=signed.signature),
                exempt=self._exceptions(key, body),
            )
        if offer.sent:
            return sync.ObjectAnswer()
        tail = key.removeprefix(PREFIX)
        signature = hashlib.sha256(f"{tail} {offer.size_bytes} {offer.sha256} {len(self.urls)}".encode()).hexdigest()
        self.urls.add(signature)
        return sync.ObjectAnswer(tail=tail, signature=signature)

    def _exceptions(self, key: str, body: bytes) -> list[sync.ExceptBody]:
        found = []
        for seq, sha256 in self._captures(key, body):
            if self.items[seq].sha256 != sha256:
                found.append(sync.ExceptBody(seq=seq, next_seq=self.next_seq))
                self.next_seq += 1
        return found

    def _captures(self, key: str, body: bytes) -> list[tuple[int, str]]:
        named = object_keys.parse_pack(key)
        assert named is not None
        pack = read_pack(body, named)
        assert pack.faults == ()
        self.damaged |= {capture.seq for capture in pack.captures if capture.fault}
        return [(capture.seq, capture.sha256) for capture in pack.captures if not capture.fault]

    def _put(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        key = urlsplit(path).path.removeprefix("/s3/captures/")
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        is_pack = object_keys.parse_pack(key) is not None
        if "x-device-token" in headers or "authorization" in headers:
            raise Answered(s3_error(400, "InvalidArgument"))
        if headers.get("if-none-match") != "*" or headers.get("content-length") != str(len(body)):
            raise Answered(s3_error(403, "SignatureDoesNotMatch"))
        alone = "video/mp4" if key.endswith(".mp4") else "image/jpeg"
        if headers.get("content-type") != ("application/zip" if is_pack else alone):
            raise Answered(s3_error(403, "SignatureDoesNotMatch"))
        if is_pack:
            [signature] = parse_qs(urlsplit(path).query)["X-Amz-Signature"]
            if signature not in self.urls - self.dead_urls:
                raise Answered(s3_error(403, "AccessDenied"))
        if headers.get("x-amz-checksum-sha256") != checksum:
            raise Answered(s3_error(400, "BadDigest"))
        if key in self.objects:
            raise Answered(s3_error(412, "PreconditionFailed"))
        self.objects[key] = body
        if is_pack:
            self._process(key, body)
        return Reply(200)

    def _process(self, key: str, body: bytes) -> None:
        for seq, sha256 in self._captures(key, body):
            held = self.items.setdefault(seq, Held(sha256, 0, key))
            self.next_seq = max(self.next_seq, seq + 1)
            if held.sha256 != sha256:
                self.conflicts.append((seq, sha256))

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
                upload_port=url.port or 80,
                upload_path=path,
                headers={
                    "Content-Type": asked.content_type,
                    "Content-Length": str(asked.size_bytes),
                    "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(asked.sha256)).decode(),
                    "If-None-Match": "*",
                },
                object_key=key,
                expires_at=_time(timedelta(hours=1)),
                status="duplicate" if held else None,
                receipt=self._receipt(held) if held else None,
            )
        )

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

    def _receipt(self, held: Held) -> responses.ReceiptBody:
        signed: Receipt = self.signer.sign(
            ReceiptState.HELD, DEVICE_ID, held.object_key, held.size_bytes, held.sha256
        )
        fields = {name: getattr(signed, name) for name in responses.ReceiptBody.__struct_fields__}
        return responses.ReceiptBody(**fields)

    def _conflict(self) -> Reply:
        body = {"error": {"code": "conflict", "message": "no", "request_id": "r"}, "next_seq": self.next_seq}
        return Reply(409, json.dumps(body).encode())

    def _ok(self, body: msgspec.Struct) -> Reply:
        return Reply(200, encode(body), {"Content-Type": "application/json"})


def _time(later: timedelta = timedelta()) -> str:
    return (datetime.now(UTC) + later).isoformat()
