"""What the values of settings look like: each kind says what it wants, and makes a value of text or of TOML's own.

Every `parse` raises ValueError for what it does not want, and nothing else, whatever it is given. No message repeats a
value: it may be a password in the wrong place.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from frameferry_station.photos import STATION, source_name

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,15}) ?(B|KiB|MiB|GiB|TiB)?", re.ASCII)
_UNITS = {None: 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_LONGEST = 2000


@dataclass(frozen=True)
class Kind:
    """`wants` ends the sentence "X wants ..."."""

    wants: str
    parse: Callable[[object], Any]


def _text(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST or not value.isprintable():
        raise ValueError
    return value


def matching(wants: str, pattern: str) -> Kind:
    compiled = re.compile(pattern, re.ASCII)

    def parse(value: object) -> str:
        if not compiled.fullmatch(_text(value)):
            raise ValueError
        return _text(value)

    return Kind(wants, parse)


def choice(*options: str) -> Kind:
    def parse(value: object) -> str:
        if (text := _text(value).strip().lower()) not in options:
            raise ValueError
        return text

    return Kind(f"{', '.join(options[:-1])} or {options[-1]}", parse)


def choices(*options: str) -> Kind:
    one = choice(*options)

    def parse(value: object) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.parse(part) for part in _text(value).split(",")))

    return Kind(f"one or several of {', '.join(options)}, with commas between them", parse)


def whole_number(low: int, high: int) -> Kind:
    def parse(value: object) -> int:
        number = value if isinstance(value, int) and not isinstance(value, bool) else _digits(value)
        if not low <= number <= high:
            raise ValueError
        return number

    return Kind(f"a whole number from {low} to {high}", parse)


def _digits(value: object) -> int:
    text = _text(value).strip()
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        raise ValueError
    return int(text)


def seconds(low: float, high: float) -> Kind:
    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        try:
            number = float(_text(value) if isinstance(value, str) else value)
        except OverflowError:
            raise ValueError from None
        if not math.isfinite(number) or not low <= number <= high:
            raise ValueError
        return number

    return Kind(f"seconds from {low:g} to {high:g}", parse)


def size(low: str) -> Kind:
    def parse(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            size_bytes = value
        else:
            match = _SIZE.fullmatch(_text(value).strip())
            if match is None:
                raise ValueError
            size_bytes = int(match[1]) * _UNITS[match[2]]
        if not _size_of(low) <= size_bytes <= 2**60:
            raise ValueError
        return size_bytes

    return Kind(f'a size such as "16 GiB", at least {low}', parse)


def _size_of(text: str) -> int:
    number, unit = text.split()
    return int(number) * _UNITS[unit]


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if (text := _text(value).strip().lower()) not in _BOOLEANS:
        raise ValueError
    return _BOOLEANS[text]


def _address(value: object) -> str:
    """A host, and perhaps a port."""
    text = _text(value).strip()
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host = text
    if not _HOST.fullmatch(host) or (colon and not 1 <= _digits(port) <= 65535):
        raise ValueError
    return text


def _path(value: object) -> str:
    return os.path.expanduser(_text(value))


def _source(value: object) -> str:
    name = source_name(_text(value))
    if name == STATION or name.startswith("lan-"):
        raise ValueError
    return name


def _networks(value: object) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError
    return tuple(ip_network(_text(one)) for one in value)


def _long_password(value: object) -> str:
    if not 8 <= len(_text(value)) <= 200:
        raise ValueError
    return _text(value)


def url(*schemes: str, may_have_credentials: bool = False, may_have_query: bool = True) -> Kind:
    def parse(value: object) -> str:
        text = _text(value).strip()
        parts = urlsplit(text)
        if not text.isascii() or " " in text or parts.scheme not in schemes or not parts.hostname or parts.fragment:
            raise ValueError
        if has_credentials(parts) and not may_have_credentials:
            raise ValueError
        if parts.query and not may_have_query:
            raise ValueError
        if parts.port == 0 or not _HOST.fullmatch(parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}")):
            raise ValueError
        return text

    without = "" if may_have_credentials else ", without user name and password in it"
    without += "" if may_have_query else ", nor anything behind a ?"
    return Kind(f"a complete URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}{without}", parse)


def has_credentials(parts: SplitResult) -> bool:
    return "@" in parts.netloc


def holds_secret(value: str) -> bool:
    """A URL with a password in it, or something like one behind the question mark."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return True
    return has_credentials(parts) or bool(re.search(r"pass|pwd|token|secret|key|auth", parts.query, re.IGNORECASE))


TEXT = Kind("text in one line", _text)
BOOLEAN = Kind("true or false", _boolean)
PORT = whole_number(1, 65535)
HOST = matching("a host's name or IP address", r"[A-Za-z0-9](?:[A-Za-z0-9_.:-]{0,251}[A-Za-z0-9])?|::")
ADDRESS = Kind("a host's name or IP address, and perhaps :port", _address)
PATH = Kind("a path", _path)
SOURCE = Kind('1 to 40 of a-z, 0-9 and dashes, but not "station" nor "lan-..."', _source)
NETWORKS = Kind('a list of addresses or networks such as ["192.168.1.7", "192.168.2.0/24"]', _networks)
PASSWORD = Kind("8 to 200 characters", _long_password)
VARIABLE = matching("the name of an environment variable", r"[A-Za-z_][A-Za-z0-9_]{0,99}")
DEVICE_FILE = matching("a device file such as /dev/video0", r"/dev/[A-Za-z0-9_./:-]{1,200}")
