"""JSON bodies of sketches: small and shallow, read field by field. What is unknown is ignored, null is absent."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from frameferry_station.intake.refusals import Refused

MOST_BYTES = 4096
DEEPEST = 8


class Body:
    """One JSON object. Each reading gives None where the field is absent, and raises Refused (`invalid_body`) where it
    is something else than it should be."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def text(self, name: str, most: int = 64) -> str | None:
        value = self._fields.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > most):
            raise Refused("invalid_body", f"{name} has to be a text of at most {most} characters")
        return value

    def number(self, name: str, least: float, most: float) -> float | None:
        value = self._fields.get(name)
        if value is None:
            return None
        # A bool is an int to Python.
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise Refused("invalid_body", f"{name} has to be a number from {least:g} to {most:g}")
        return value

    def whole(self, name: str, least: int, most: int) -> int | None:
        value = self.number(name, least, most)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool | None:
        value = self._fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise Refused("invalid_body", f"{name} has to be true or false")
        return value


def parsed(body: bytes) -> Body:
    """Raises Refused: `body_too_large`, `invalid_json`, `invalid_body`."""
    if len(body) > MOST_BYTES:
        raise Refused("body_too_large", f"a JSON body has at most {MOST_BYTES} bytes")
    try:
        text = body.decode("utf-8")
        if _depth(text) > DEEPEST:
            raise Refused("invalid_json", f"the JSON is nested deeper than {DEEPEST}")
        fields = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Refused("invalid_json", "the body has to be JSON") from None
    if not isinstance(fields, dict):
        raise Refused("invalid_body", "the body has to be a JSON object")
    return Body(fields)


def shown(text: str | None) -> str:
    """Of a device's text what can be shown anywhere."""
    return "".join(each for each in text or "" if each.isascii() and each.isprintable())


def _depth(text: str) -> int:
    """At most this deep; brackets in a text count too, for no sketch sends so many."""
    depth = deepest = 0
    for each in text:
        if each in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif each in "]}":
            depth -= 1
    return deepest


def _no_number(_: str) -> NoReturn:
    raise ValueError


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value
