"""The use cases. `services.uploads` is imported when it is first asked for: a cold start pays for its own request's."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.services import conflicts as conflicts
    from chalicelib.services import deleting as deleting
    from chalicelib.services import devices as devices
    from chalicelib.services import forgetting as forgetting
    from chalicelib.services import forward as forward
    from chalicelib.services import gallery as gallery
    from chalicelib.services import health as health
    from chalicelib.services import inbox as inbox
    from chalicelib.services import pairing as pairing
    from chalicelib.services import sync as sync
    from chalicelib.services import timeline as timeline
    from chalicelib.services import uploads as uploads
    from chalicelib.services import usage as usage


def __getattr__(name: str) -> ModuleType:
    """Raises AttributeError where there is no such module."""
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(name) from None
