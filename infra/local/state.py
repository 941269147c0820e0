"""`.local/state.json`: what another program must know to use the running local cloud."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.local.owner import Owner


@dataclass(frozen=True, slots=True)
class CameraCredential:
    """The simulated camera's identity, once it has paired."""

    device_id: str
    device_token: str


@dataclass(frozen=True, slots=True)
class LocalState:
    """`api_url` ends in `/api`. The file's fields: `api_url`, `s3_url`, `owner.username`, `owner.password`,
    `owner.token`, `owner.sub`, and with a camera `device_id` and `device_token`."""

    api_url: str
    s3_url: str
    owner: Owner
    camera: CameraCredential | None = None

    def to_json(self) -> str:
        fields: dict[str, Any] = {"api_url": self.api_url, "s3_url": self.s3_url, "owner": asdict(self.owner)}
        if self.camera:
            fields |= asdict(self.camera)
        return json.dumps(fields, indent=2) + "\n"


def write_state(path: Path, state: LocalState) -> None:
    """Replace the file in one step, readable by its user alone: it holds credentials."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(state.to_json())
    draft.replace(path)
