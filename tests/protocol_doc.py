"""What docs/protocol.md says, in a form that can be compared."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

_TEXT = (Path(__file__).parents[1] / "docs" / "protocol.md").read_text("utf-8")
_ROUTE = re.compile(r"^### `([A-Z]+) (/\S*)`$", re.MULTILINE)
_JSON = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def examples() -> dict[tuple[str, str], list[Any]]:
    """By method and path: the JSON examples of that route's section, in order."""
    found = list(_ROUTE.finditer(_TEXT))
    return {(match[1], match[2]): [json.loads(each) for each in _JSON.findall(_section(match))] for match in found}


def _section(heading: re.Match[str]) -> str:
    return re.split(r"^##", _TEXT[heading.end() :], maxsplit=1, flags=re.MULTILINE)[0]


def error_codes() -> dict[str, int]:
    """The table of codes and statuses."""
    return {code: int(status) for code, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \|", _TEXT, re.MULTILINE)}


def receipt() -> tuple[dict[str, Any], bytes, str]:
    """The example: the receipt, the bytes that it signs, the public key."""
    chapter = _TEXT[_TEXT.index("\n## Receipts") : _TEXT.index("\n## Device routes")]
    message = re.search(r"^```text\n(.*?)\n```$", chapter, re.MULTILINE | re.DOTALL)
    key = re.search(r"public key of this example is `(\S+)`", chapter)
    assert message
    assert key
    return json.loads(_JSON.findall(chapter)[0]), message[1].encode("ascii"), key[1]
