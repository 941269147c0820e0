"""Who the device is: its credential, kept apart from the photos, in files that only its user can read."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.protocol import Activation

Entropy = Callable[[int], bytes]
"""`entropy(n)` gives n unpredictable bytes (`secrets.token_bytes` outside tests)."""


@dataclass(frozen=True)
class Identity:
    """What an activation gave. `pending_token` is a rotation's new token until its first use has succeeded."""

    device_id: str
    device_token: str = field(repr=False)
    receipt_keys: Mapping[str, str]
    next_seq: int
    pairing: str = ""
    """A hash of the pairing code that was used, so that the same command line activates once."""
    pending_token: str | None = field(default=None, repr=False)


class IdentityStore:
    """The identity on disk. Also what the client asks for tokens (`client.Credentials`). Thread-safe."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._identity_file = JsonFile(folder / "identity.json", files)
        self._activation_file = JsonFile(folder / "activation.json", files)
        self._lock = threading.Lock()
        stored = _readable(self._identity_file)
        self._identity = Identity(**stored) if stored else None

    @property
    def identity(self) -> Identity | None:
        """None before the first activation, and where the file is damaged: then the device must be paired again."""
        return self._identity

    def begin(self, code: str, entropy: Entropy) -> str:
        """The nonce to activate with: kept before its first use, and the same for the same code. Raises OSError."""
        begun = _readable(self._activation_file)
        if begun is None or begun["code"] != code:
            begun = {"code": code, "nonce": entropy(16).hex()}
            self._activation_file.save(begun)
        return str(begun["nonce"])

    def begun_code(self) -> str | None:
        """The code of an activation that has not ended."""
        begun = _readable(self._activation_file)
        return str(begun["code"]) if begun else None

    def complete(self, activation: Activation, code: str) -> Identity:
        """Keep what the activation gave. Raises OSError."""
        identity = Identity(
            device_id=activation.device_id,
            device_token=activation.device_token,
            receipt_keys=dict(activation.receipt_keys),
            next_seq=activation.next_seq,
            pairing=_hashed(code),
        )
        with self._lock:
            self._save(identity)
        self._activation_file.remove()
        return identity

    def was_paired_by(self, code: str) -> bool:
        return self._identity is not None and self._identity.pairing == _hashed(code)

    def keep_pending(self, token: str) -> None:
        """A rotation's token, before it is used: the server ends the old one at its first use. Raises OSError."""
        with self._lock:
            if self._identity is not None and token != self._identity.device_token:
                self._save(replace(self._identity, pending_token=token))

    def keep_receipt_keys(self, keys: Mapping[str, str]) -> None:
        """All that the server signs with or ever signed with; known at once even if the disk is full."""
        with self._lock:
            if self._identity is not None and keys and keys != self._identity.receipt_keys:
                self._identity = replace(self._identity, receipt_keys=dict(keys))
                with suppress(OSError):
                    self._save(self._identity)

    def tokens(self) -> tuple[str, ...]:
        identity = self._identity
        if identity is None:
            return ("",)
        return (identity.pending_token, identity.device_token) if identity.pending_token else (identity.device_token,)

    def accepted(self, token: str) -> None:
        """The server took this token: where two were left, it is the only one from now on."""
        with self._lock:
            if self._identity is not None and self._identity.pending_token is not None:
                self._save(replace(self._identity, device_token=token, pending_token=None))

    def _save(self, identity: Identity) -> None:
        content: dict[str, Any] = vars(identity)
        self._identity_file.save(content)
        self._identity = identity


def _readable(file: JsonFile) -> dict[str, Any] | None:
    try:
        return file.load()
    except StateDamaged:
        return None


def _hashed(code: str) -> str:
    """Of what was meant by a typed code: case, blanks and dashes say nothing."""
    return hashlib.sha256("".join(code.upper().replace("-", "").split()).encode()).hexdigest()
