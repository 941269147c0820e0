"""The cameras that speak the device protocol with this station: who they are, on disk."""

from __future__ import annotations

import hashlib
import hmac
import threading
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from frameferry_station import documents
from frameferry_station.documents import JsonFile
from frameferry_station.files import Files
from frameferry_station.gateway.signing import StationKey
from frameferry_station.identity import Entropy
from frameferry_station.photos import SourceName

FOLDER = "gateway"
"""Of the station's state."""
_FILE = "cameras.json"


@dataclass(frozen=True)
class Camera:
    """`code_digest` and `nonce_hash` are of the activation that its token comes from; the hash is None where there was
    no nonce."""

    device_id: str
    source: SourceName
    token_hash: str = field(repr=False)
    code_digest: str = field(repr=False)
    nonce_hash: str | None = field(repr=False)


class Cameras:
    """Thread-safe. Raises OSError, and StateDamaged where the file is damaged."""

    def __init__(self, folder: Path, files: Files, key: StationKey, entropy: Entropy) -> None:
        self._file = JsonFile(folder / _FILE, files)
        self._key = key
        self._entropy = entropy
        self._lock = threading.Lock()
        self._cameras = _parsed(self._file.load())

    def all(self) -> list[Camera]:
        with self._lock:
            return list(self._cameras.values())

    def activate(self, source: SourceName, code_digest: str, nonce: str | None) -> tuple[Camera, str] | None:
        """The camera and its token: a new one, or that of this source anew, which ends its old token. None where the
        code has been used with another nonce. Raises OSError."""
        with self._lock:
            known = next((each for each in self._cameras.values() if each.source == source), None)
            is_used = known is not None and known.code_digest == code_digest
            nonce_hash = _hashed(nonce) if nonce is not None else None
            if known and is_used and (nonce_hash is None or known.nonce_hash != nonce_hash):
                return None
            device_id = known.device_id if known else str(uuid.UUID(bytes=self._entropy(16), version=4))
            token = self._key.token(device_id, code_digest, nonce or self._entropy(16).hex())
            camera = Camera(device_id, source, _hashed(token), code_digest, nonce_hash)
            if not is_used:
                self._save(camera)
            return camera, token

    def holder(self, token: str) -> Camera | None:
        """Whose token it is."""
        device_id = token.removeprefix("devtok_")[:36]
        with self._lock:
            camera = self._cameras.get(device_id)
        hashed = _hashed(token)
        return camera if camera and hmac.compare_digest(camera.token_hash, hashed) else None

    def _save(self, camera: Camera) -> None:
        cameras = {**self._cameras, camera.device_id: camera}
        self._file.save({"cameras": [asdict(each) for each in cameras.values()]})
        self._cameras = cameras


def kept_cameras(state: Path, files: Files) -> list[Camera]:
    """What the running station has on disk, for who only looks. Raises OSError, StateDamaged."""
    return sorted(_parsed(documents.load(state / FOLDER / _FILE, files)).values(), key=lambda each: each.source)


def _parsed(stored: dict[str, Any] | None) -> dict[str, Camera]:
    return {each["device_id"]: Camera(**each) for each in (stored or {"cameras": []})["cameras"]}


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
