"""The device API: one method a route, typed results, errors of `frameferry_station.errors`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from frameferry_station import protocol
from frameferry_station.captures import Capture
from frameferry_station.clock import to_text
from frameferry_station.errors import ApiError, Busy, Conflict, CredentialRefused, ForeignAnswer, Refusal
from frameferry_station.http import Answer, Sender
from frameferry_station.protocol import Activation, Fields, Ingested, Malformed, UploadTarget
from frameferry_station.sync_protocol import SyncAnswer, SyncRequest, answer_to

T = TypeVar("T")

_CREDENTIAL_CODES = frozenset({"device_revoked", "invalid_credential", "missing_credential"})
_PASSING_STATUSES = frozenset({408, 425, 429})


class Credentials(Protocol):
    """The device's token, or two of them while a rotation is under way."""

    def tokens(self) -> tuple[str, ...]:
        """To try in this order."""

    def accepted(self, token: str) -> None:
        """The server took this one."""


class DeviceClient:
    """Every call raises Trouble (no answer, a foreign one, a busy server), Refusal, or CredentialRefused.

    `api_url` is complete with its stage: `https://host/api`.
    """

    def __init__(self, api_url: str, sender: Sender, credentials: Credentials) -> None:
        self._base = api_url.rstrip("/")
        self._sender = sender
        self._credentials = credentials

    def upload_url(self, capture: Capture) -> UploadTarget:
        """Raises Conflict where the seq is held with other bytes."""
        body = {
            "filename": capture.filename,
            "content_type": capture.content_type,
            "seq": capture.seq,
            "captured_at": _text(capture.meta.captured_at),
            "sha256": capture.sha256,
            "size_bytes": capture.size_bytes,
        }
        return self._post("/devices/upload-url", body, self._upload_target)

    def ingest(self, capture: Capture, object_key: str, *, ntp_synced: bool) -> Ingested:
        """Confirm an object that was put. Raises Conflict where the seq is held with other bytes."""
        body = {
            "object_key": object_key,
            "seq": capture.seq,
            "captured_at": _text(capture.meta.captured_at),
            "ntp_synced": ntp_synced,
            "sha256": capture.sha256,
        }
        return self._post("/devices/ingest", body, protocol.ingested)

    def sync(self, request: SyncRequest) -> SyncAnswer:
        """Everything at once. Told twice, it is told once."""
        is_tls = self._base.startswith("https://")
        return self._post("/devices/sync", request.as_json(), answer_to(request, is_tls=is_tls))

    def rotate_token(self) -> str:
        """A token that replaces the present one when it is first used; asked again, the same one."""
        return self._post("/devices/token", {}, lambda body: body.get("device_token", str))

    def _upload_target(self, body: Fields) -> UploadTarget:
        target = protocol.upload_target(body)
        schemes = ("https://",) if self._base.startswith("https://") else ("http://", "https://")
        if not target.upload_url.startswith(schemes):
            raise Malformed("upload_url would leave TLS")
        return target

    def _post(self, path: str, body: Mapping[str, Any], parse: Callable[[Fields], T]) -> T:
        content = _encoded(body)
        *others, last = self._credentials.tokens()
        for token in others:
            try:
                return self._with_token(token, path, content, parse)
            except CredentialRefused as error:
                if error.code != "invalid_credential":
                    raise
        return self._with_token(last, path, content, parse)

    def _with_token(self, token: str, path: str, content: bytes, parse: Callable[[Fields], T]) -> T:
        result = _call(self._sender, self._base + path, {"X-Device-Token": token}, content, parse)
        self._credentials.accepted(token)
        return result


def activate(api_url: str, sender: Sender, *, code: str, nonce: str, firmware_version: str) -> Activation:
    """Trade a pairing code for a token: for ten minutes the same code and nonce give the same one.

    Raises Trouble and Refusal (`pairing_code_invalid`).
    """
    body = {"pairing_code": code, "nonce": nonce, "firmware_version": firmware_version}
    url = api_url.rstrip("/") + "/devices/activate"
    return _call(sender, url, {}, _encoded(body), protocol.activation)


def _call(
    sender: Sender, url: str, headers: Mapping[str, str], content: bytes, parse: Callable[[Fields], T]
) -> T:
    answer = sender.send("POST", url, {**headers, "Content-Type": "application/json"}, content)
    if not 200 <= answer.status < 300:
        raise _error(answer)
    try:
        return parse(protocol.decoded(answer.body))
    except Malformed as error:
        # Captive portals say 200 to everything.
        raise ForeignAnswer(f"{answer.status} that is not the API's: {error}", answer.retry_after_s) from None


def _error(answer: Answer) -> ApiError | ForeignAnswer:
    try:
        body = protocol.decoded(answer.body)
        code = Fields(body.get("error", dict)).get("code", str)
        next_seq = body.find("next_seq", int)
    except Malformed:
        return ForeignAnswer(f"{answer.status} that is not the API's", answer.retry_after_s)
    if answer.status >= 500 or answer.status in _PASSING_STATUSES:
        return Busy(code, answer.status, answer.retry_after_s)
    if answer.status in (401, 403) and code in _CREDENTIAL_CODES:
        return CredentialRefused(code, answer.status)
    if code == "conflict" and next_seq is not None:
        return Conflict(next_seq)
    if answer.status < 400:
        return ForeignAnswer(f"{answer.status} where no redirect can be", answer.retry_after_s)
    return Refusal(code, answer.status, answer.retry_after_s)


def _encoded(body: Mapping[str, Any]) -> bytes:
    # As UTF-8: an escape is up to six times as long.
    text = json.dumps({name: value for name, value in body.items() if value is not None}, ensure_ascii=False)
    return text.encode(errors="replace")


def _text(at: datetime | None) -> str | None:
    return to_text(at) if at is not None else None
