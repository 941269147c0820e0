"""What `make run` prints: where everything is, a curl line for each step, and what each photo does."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from infra.local.owner import Owner

_STYLES = {
    **{"captured": "cyan", "uploaded": "blue", "processed": "green", "confirmed": "dim"},
    **{"rejected": "red", "failed": "red", "evicted": "red", "set aside": "red"},
    **{"waiting": "yellow", "deferred": "yellow", "renumbered": "yellow"},
}
_BY_HAND = Path(__file__).with_name("by_hand.sh")


class Output:
    """Plain text where `file` is no terminal; lines are never wrapped, so that they can be pasted."""

    def __init__(self, file: TextIO) -> None:
        self._console = Console(file=file, highlight=False, markup=False, soft_wrap=True)

    def welcome(self, api_url: str, s3_url: str, owner: Owner, state_path: Path) -> None:
        self._line(Text("Frameferry's local cloud is up. Ctrl-C stops it; nothing is kept.", style="bold"))
        self._line("")
        for name, value in (
            ("Console", f"{api_url}/#/sign-in/{quote(owner.username)}/{quote(owner.password, safe='')}"),
            ("API", api_url),
            ("S3", s3_url),
            ("Owner", f"{owner.username}  password {owner.password}"),
            ("State", str(state_path)),
        ):
            self._line(Text.assemble((f"  {name:<8} ", "bold"), value))
        self._line("")
        self._line(Text("A photo by hand, step by step (photo.jpg is a JPEG of yours):", style="bold"))
        for step in curl_steps(api_url, state_path):
            self._line(step)
        self._line("")

    def photos(self, camera: str, seqs: tuple[int | None, int | None], step: str, detail: str = "") -> None:
        """One line for one step of a photo, of all those of a pack, or of the camera itself."""
        now = datetime.now().astimezone().strftime("%H:%M:%S")
        which = f"  {camera:<10} {_which(*seqs):<13} "
        line = Text.assemble((now, "dim"), which, (f"{step:<10}", _STYLES.get(step, "")))
        self._line(line.append(f" {detail}" if detail else ""))

    def note(self, text: str) -> None:
        self._line(text)

    def _line(self, line: str | Text) -> None:
        if isinstance(line, Text):
            line.rstrip()
        self._console.print(line)


def _which(first_seq: int | None, last_seq: int | None) -> str:
    if first_seq is None:
        return ""
    return f"photo {first_seq}" if first_seq == last_seq else f"photos {first_seq}-{last_seq}"


def curl_steps(api_url: str, state_path: Path) -> list[str]:
    """Shell lines that bring one photo from pairing to its thumbnail."""
    text = _BY_HAND.read_text(encoding="utf-8")
    return text.replace("API_URL", api_url).replace("STATE_PATH", shlex.quote(str(state_path))).splitlines()
