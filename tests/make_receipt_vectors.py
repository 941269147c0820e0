"""Makes the golden receipts of tests/vectors: `python -m tests.make_receipt_vectors`.

They are signed here by PyNaCl over bytes that are put together here, and not by the app.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

FILE = Path(__file__).parent / "vectors" / "receipts.json"
SEEDS = {"r1": bytes(range(32, 64)), "r2": bytes(range(64, 96))}
"""The key before and after a rotation."""

_DEVICE = "3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70"
_OTHER_DEVICE = "9d3f8a52-11aa-4c7e-b1c2-64b7e1f0a9d4"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_OTHER_SHA256 = _SHA256[:-1] + "9"
_KEYS = {
    "single": "2025/12/26/0000000000000123-2025-12-26T10-15-30Z_000123.jpg",
    "single of a sync": "2025/12/26/0000000000000141-n1766744130000.jpg",
    "single without a time": "undated/9007199254740991-b8f3c1a90b2d4e677-999999999999.jpg",
    "pack": f"packs/0000000000000101-0000000000000120-{_SHA256[:12]}.zip",
}
_SIZES = {"single": 81_234, "single of a sync": 1, "single without a time": 32 * 2**20, "pack": 64 * 2**20}


def document() -> dict[str, Any]:
    return {
        "about": "docs/protocol.md, Receipts. message is what is signed, with \\n for the line ends; device_id is the "
        "device's own. A receipt of a sync carries state, key_id and signature; the rest is what the device named.",
        "keys": {key_id: _key(seed) for key_id, seed in SEEDS.items()},
        "valid": [
            _receipt(f"{what}, {state}, signed with {key_id}", state, key_id, what)
            for what in _KEYS
            for state in ("held", "deleted")
            for key_id in SEEDS
        ],
        "invalid": list(_invalid()),
    }


def _key(seed: bytes) -> dict[str, str]:
    return {"seed": seed.hex(), "public": b64encode(bytes(SigningKey(seed).verify_key)).decode()}


def _receipt(what: str, state: str, key_id: str, kind: str) -> dict[str, Any]:
    object_key = f"devices/{_DEVICE}/{_KEYS[kind]}"
    lines = ("frameferry-receipt-v1", state, key_id, _DEVICE, object_key, str(_SIZES[kind]), _SHA256)
    message = "\n".join(lines)
    signature = SigningKey(SEEDS[key_id]).sign(message.encode("ascii")).signature
    return {
        "what": what,
        "state": state,
        "key_id": key_id,
        "device_id": _DEVICE,
        "object_key": object_key,
        "size_bytes": _SIZES[kind],
        "sha256": _SHA256,
        "message": message,
        "signature": b64encode(signature).decode(),
    }


def _invalid() -> list[dict[str, Any]]:
    """Receipts to be refused; `message` is what a device that believed them would have checked."""
    good = _receipt("", "held", "r1", "pack")
    signature = good["signature"]
    changes: list[tuple[str, dict[str, Any]]] = [
        ("deleted made of held", {"state": "deleted"}),
        ("an unknown state", {"state": "promised"}),
        ("the other key's id", {"key_id": "r2"}),
        ("an unknown key", {"key_id": "r3"}),
        ("another device", {"device_id": _OTHER_DEVICE}),
        ("another object", {"object_key": good["object_key"].replace("0120-", "0121-")}),
        ("another size", {"size_bytes": good["size_bytes"] - 1}),
        ("other bytes", {"sha256": _OTHER_SHA256}),
        ("a flipped bit in the signature", {"signature": ("1" if signature[0] != "1" else "2") + signature[1:]}),
        ("half a signature", {"signature": signature[: len(signature) // 2]}),
        ("no signature", {"signature": ""}),
        ("a signature of zeros", {"signature": b64encode(bytes(64)).decode()}),
    ]
    return [_with_message({**good, "what": what, **change}) for what, change in changes]


def _with_message(receipt: dict[str, Any]) -> dict[str, Any]:
    named = (receipt[name] for name in ("state", "key_id", "device_id", "object_key", "size_bytes", "sha256"))
    return {**receipt, "message": "\n".join(("frameferry-receipt-v1", *map(str, named)))}


if __name__ == "__main__":
    FILE.write_text(json.dumps(document(), indent=1) + "\n", "utf-8")
