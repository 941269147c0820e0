"""A camera in the test's hands that says what the test wants, byte for byte."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from frameferry_station.captures import Seq
from frameferry_station.packs import CaptureRecord, PackIdentity, encode_directory, encode_entry
from frameferry_station.receipts import Receipt, ReceiptVerifier
from frameferry_station.sync_protocol import NamedPack
from werkzeug.test import TestResponse

from tests.station.fake_cloud import CODE
from tests.station.gateway.gateways import HOST, GatewayRig

NONCE = "0123456789abcdef"
BOOT_ID = "00000000000000ca"
ADDRESS = "192.168.1.7"


@dataclass(frozen=True)
class Shot:
    """`at` is by the camera's clock, where that was synced."""

    seq: int
    jpeg: bytes
    at: datetime | None = None
    uptime_ms: int = 0
    boot_id: str = BOOT_ID


def pack_of(device_id: str, shots: Sequence[Shot]) -> tuple[dict[str, Any], bytes]:
    """As a sync names it, and its bytes."""
    content, entries = b"", []
    for shot in shots:
        record = CaptureRecord(Seq(shot.seq), shot.boot_id, shot.uptime_ms, shot.at, shot.at is not None)
        entry, header = encode_entry(PackIdentity(device_id, 7), record, shot.jpeg, at=len(content))
        content += header + shot.jpeg
        entries.append(entry)
    content += encode_directory(entries)
    return named(content, shots[0].seq, shots[-1].seq), content


def named(content: bytes, first_seq: int, last_seq: int) -> dict[str, Any]:
    sha256 = hashlib.sha256(content).hexdigest()
    return {"first_seq": first_seq, "last_seq": last_seq, "size_bytes": len(content), "sha256": sha256}


def put_headers(content: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/zip",
        "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(content).digest()).decode(),
        "If-None-Match": "*",
    }


@dataclass
class Camera:
    rig: GatewayRig
    token: str = ""
    device_id: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def paired(cls, rig: GatewayRig, name: str = "barn", code: str = CODE) -> Camera:
        rig.make_code(name, code)
        camera = cls(rig)
        answer = camera.activate(code).get_json()
        camera.token, camera.device_id, camera.keys = (
            answer[name] for name in ("device_token", "device_id", "receipt_keys")
        )
        return camera

    def activate(self, code: str = CODE, nonce: str | None = NONCE, of: str = ADDRESS) -> TestResponse:
        body = {"pairing_code": code} | ({"nonce": nonce} if nonce else {})
        return self.ask("/api/devices/activate", json=body, of=of)

    def sync(self, **said: Any) -> TestResponse:
        return self.ask("/api/devices/sync", json=said)

    def ask(self, path: str, *, method: str = "POST", of: str = ADDRESS, **more: Any) -> TestResponse:
        headers = {"Host": HOST, "X-Device-Token": self.token, **more.pop("headers", {})}
        return self.rig.client.open(
            path, method=method, headers=headers, environ_overrides={"REMOTE_ADDR": of}, **more
        )

    def place(self, pack: dict[str, Any]) -> str:
        """Where a sync wants it, as path and query."""
        answer = self.sync(objects=[pack]).get_json()
        uploads, [wanted] = answer["uploads"], answer["objects"]
        assert uploads["origin"] == f"http://{HOST}"
        return str(uploads["path_prefix"] + wanted["tail"] + "?" + uploads["query"] + wanted["signature"])

    def put(self, content: bytes, place: str, **headers: str) -> TestResponse:
        return self.ask(place, method="PUT", data=content, headers=put_headers(content) | headers)

    def send(self, *shots: Shot) -> dict[str, Any]:
        """Gives the pack as it is named."""
        pack, content = pack_of(self.device_id, shots)
        answer = self.put(content, self.place(pack))
        assert answer.status_code == 200, answer.data
        return pack

    def holds(self, pack: dict[str, Any]) -> bool:
        """By a receipt that verifies."""
        [answer] = self.sync(objects=[pack | {"sent": True}]).get_json()["objects"]
        if "receipt" not in answer:
            return False
        own = NamedPack(**pack)
        key = f"devices/{self.device_id}/packs/{own.first_seq:016d}-{own.last_seq:016d}-{own.sha256[:12]}.zip"
        said = answer["receipt"]
        receipt = Receipt(said["state"], said["key_id"], key, own.size_bytes, own.sha256, said["signature"])
        ReceiptVerifier(self.device_id, self.keys).verify(receipt, own, key)
        return True
