"""What a check of the station finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Finding:
    """`text` is one line without anything secret; `remedy` says what to do."""

    level: Level
    text: str
    remedy: str | None = None


@dataclass(frozen=True)
class Check:
    """`look` may take as long as it likes: nobody waits for it beyond the deadline. It raises what it likes, too."""

    subject: str
    look: Callable[[], list[Finding]]


def ok(text: str) -> Finding:
    return Finding("ok", text)


def note(text: str, remedy: str | None = None) -> Finding:
    return Finding("note", text, remedy)


def wrong(text: str, remedy: str) -> Finding:
    return Finding("wrong", text, remedy)
