"""Cursors: where a page ended, inside the one partition that the service names.

A cursor never chooses that partition, so a forged one can only lead to another place in the caller's own rows.
"""

from __future__ import annotations

import re
from datetime import datetime

from chalicelib.domain.clock import from_text
from chalicelib.domain.errors import InvalidParameter
from chalicelib.domain.ids import DeviceId, is_device_id

_INSTANT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z"
_POSITION = re.compile(rf"{_INSTANT}#[0-9a-f-]{{36}}#[0-9]{{16}}#[0-9a-f]{{8}}", re.ASCII)
_WHEN = re.compile(_INSTANT, re.ASCII)
_COMMAND = re.compile(r"[\x21\x22\x24-\x7e]{1,100}")
_EVENT = re.compile(rf"{_INSTANT}#[\x21-\x7e]{{1,100}}", re.ASCII)
_NO_CURSOR = "cursor is not one that this route gave."


def device(cursor: str) -> DeviceId:
    """A device's id. Raises InvalidParameter."""
    if not is_device_id(cursor):
        raise InvalidParameter(_NO_CURSOR)
    return DeviceId(cursor)


def timeline_position(cursor: str) -> str:
    """The position of a timeline row. Raises InvalidParameter."""
    return _checked(cursor, _POSITION)


def command(cursor: str) -> str:
    """A command's id. Raises InvalidParameter."""
    return _checked(cursor, _COMMAND)


def event(cursor: str) -> str:
    """An event's `<occurred_at>#<event_id>`. Raises InvalidParameter."""
    return _checked(cursor, _EVENT)


def instant(cursor: str) -> datetime:
    """Raises InvalidParameter."""
    try:
        return from_text(_checked(cursor, _WHEN))
    except ValueError:
        raise InvalidParameter(_NO_CURSOR) from None


def _checked(cursor: str, form: re.Pattern[str]) -> str:
    if form.fullmatch(cursor) is None:
        raise InvalidParameter(_NO_CURSOR)
    return cursor
