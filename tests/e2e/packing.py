"""What a device does with packs: it offers them in a sync, puts them where the answer says, and checks the receipts."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from nacl.signing import VerifyKey

from chalicelib.domain.receipts import signed_message
from tests.e2e.people import DeviceCaller, JsonObject, sha256_base64, sha256_hex
from tests.pack_files import BOOT_ID, Shot, sealed
from tests.tiny_jpegs import tiny_jpeg

TEN = datetime(2025, 12, 26, 10, tzinfo=UTC)
INTERVAL = timedelta(seconds=30)
STORED, DONE = 200, 412
"""What a PUT answers that need not be repeated."""


def text(at: datetime) -> str:
    """As the API writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def taken_at(seq: int) -> datetime:
    """Of the shots below that have a clock."""
    return TEN + seq * INTERVAL


def shots(seqs: Iterable[int], *, since: datetime = TEN, boot_id: str = BOOT_ID) -> list[Shot]:
    """Good photos of a camera with a synced clock, one each half minute by their seqs."""
    return [
        Shot(seq, tiny_jpeg(seq), since + seq * INTERVAL, clock_synced=True, uptime_ms=30_000 * seq, boot_id=boot_id)
        for seq in seqs
    ]


@dataclass(frozen=True)
class Offered:
    """An object on a card, and how a sync names it."""

    body: bytes
    named: JsonObject

    @property
    def content_type(self) -> str:
        return "application/zip" if "first_seq" in self.named else "image/jpeg"

    @property
    def sent(self) -> JsonObject:
        return {**self.named, "sent": True}

    def pack_key(self, device_id: str) -> str:
        """Where a pack goes, as docs/protocol.md says."""
        first, last, sha256 = self.named["first_seq"], self.named["last_seq"], self.named["sha256"]
        return f"devices/{device_id}/packs/{first:016d}-{last:016d}-{sha256[:12]}.zip"

    def thumbnails_key(self, device_id: str) -> str:
        return self.pack_key(device_id).replace("/packs/", "/thumbnails/packs/")


def pack(device: DeviceCaller, content: Iterable[Shot], body: bytes | None = None) -> Offered:
    """A sealed pack; or `body` under the name of one with these captures."""
    content = list(content)
    body = sealed(content, device_id=device.device_id) if body is None else body
    seqs = [shot.seq for shot in content]
    return _offered(body, first_seq=min(seqs), last_seq=max(seqs))


def single(seq: int, jpeg: bytes, **told: object) -> Offered:
    return _offered(jpeg, seq=seq, **told)


def _offered(body: bytes, **named: Any) -> Offered:
    return Offered(body, {**named, "size_bytes": len(body), "sha256": sha256_hex(body)})


def sync(device: DeviceCaller, **told: object) -> JsonObject:
    return device.ask("POST", "/devices/sync", json=told)


def put(device: DeviceCaller, uploads: JsonObject, answer: JsonObject, offered: Offered) -> httpx.Response:
    url = f"{uploads['origin']}{uploads['path_prefix']}{answer['tail']}?{uploads['query']}{answer['signature']}"
    headers = {
        "Content-Type": offered.content_type,
        "x-amz-checksum-sha256": sha256_base64(offered.body),
        "If-None-Match": "*",
    }
    return device.s3.put(url, headers=headers, content=offered.body)


def send(device: DeviceCaller, *offered: Offered, **told: object) -> None:
    """All of them are wanted and put, under one answer."""
    answer = sync(device, objects=[each.named for each in offered], **told)
    for each, wanted in zip(offered, answer["objects"], strict=True):
        stored = put(device, answer["uploads"], wanted, each)
        assert stored.status_code == STORED, f"{stored.status_code} {stored.text}"


def receipts(device: DeviceCaller, *offered: Offered, **told: object) -> list[JsonObject]:
    """What a device hears of what it has put."""
    found: list[JsonObject] = sync(device, objects=[each.sent for each in offered], **told)["objects"]
    return found


def believed(device: DeviceCaller, offered: Offered, answer: JsonObject, keys: JsonObject | None = None) -> str:
    """The state in a receipt, which must verify."""
    receipt, named = answer["receipt"], offered.named
    tail = answer.get("object_key_tail")
    key = f"devices/{device.device_id}/{tail}" if tail else offered.pack_key(device.device_id)
    message = signed_message(
        receipt["state"], receipt["key_id"], device.device_id, key, named["size_bytes"], named["sha256"]
    )
    public = (keys or device.activation["receipt_keys"])[receipt["key_id"]]
    VerifyKey(b64decode(public)).verify(message, b64decode(receipt["signature"]))
    return str(receipt["state"])
