"""The station's own word: receipts, signed by an Ed25519 key that never leaves it, and tokens that are made of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from frameferry_station.documents import JsonFile
from frameferry_station.files import Files
from frameferry_station.identity import Entropy
from frameferry_station.receipts import Receipt, signed_message
from frameferry_station.sync_protocol import NamedPack

_SEED_BYTES = 32


class StationKey:
    """One key for all cameras, made at the first start. Raises OSError, and StateDamaged where its file is damaged: all
    tokens and receipts hang on it, and nobody should make another one unasked."""

    def __init__(self, folder: Path, files: Files, entropy: Entropy) -> None:
        file = JsonFile(folder / "key.json", files)
        stored = file.load()
        if stored is None:
            stored = {"seed": entropy(_SEED_BYTES).hex()}
            file.save(stored)
        seed = bytes.fromhex(stored["seed"])
        self._seed = seed
        self._key = SigningKey(seed)
        public = bytes(self._key.verify_key)
        self.key_id = "s" + hashlib.sha256(public).hexdigest()[:8]
        self.public_keys = {self.key_id: base64.b64encode(public).decode()}

    def receipt(self, device_id: str, object_key: str, pack: NamedPack) -> dict[str, Any]:
        """That the station holds the captures of this pack, as a sync says it."""
        unsigned = Receipt("held", self.key_id, object_key, pack.size_bytes, pack.sha256, "")
        signature = self._key.sign(signed_message(device_id, unsigned)).signature
        return {"state": "held", "key_id": self.key_id, "signature": base64.b64encode(signature).decode()}

    def token(self, device_id: str, code_digest: str, nonce: str) -> str:
        """The same for the same code and nonce: an answer that was lost is given again, and no token is kept."""
        secret = hmac.digest(self._seed, f"token\n{device_id}\n{code_digest}\n{nonce}".encode(), "sha256")
        return f"devtok_{device_id}_{base64.urlsafe_b64encode(secret).rstrip(b'=').decode()}"
