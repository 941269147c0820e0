"""The console's files as they are served: each under a name that says which version of all of them it is.

A browser keeps them for a year; after a deploy the page names others. Their imports (`from "./api.js"`) name the
same version, so that no page is made of two.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parents[1] / "console"
PAGE: Final = "index.html"
_MEDIA_TYPES: Final = MappingProxyType(
    {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
)
_VERSION_DIGITS: Final = 12
_REFERENCE: Final = re.compile(r'(["\'])(\./|assets/)([a-z0-9-]+)\.(js|css|svg)\1')


class Asset(NamedTuple):
    text: str
    media_type: str


def page() -> Asset:
    """It names the assets, and is never kept."""
    return _asset(PAGE)


def versioned(name: str) -> Asset | None:
    """The file of a name that this version's page or modules use."""
    stem, _, ending = name.partition(f".{version()}.")
    file = f"{stem}.{ending}"
    return _asset(file) if file in _files() and file != PAGE else None


@cache
def version() -> str:
    """Of all files together."""
    digest = sha256()
    for name, text in sorted(_files().items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:_VERSION_DIGITS]


@cache
def _files() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in FOLDER.iterdir() if path.suffix in _MEDIA_TYPES}


@cache
def _asset(file: str) -> Asset:
    text = _REFERENCE.sub(rf"\1\2\3.{version()}.\4\1", _files()[file])
    return Asset(text, f"{_MEDIA_TYPES[Path(file).suffix]}; charset=utf-8")
