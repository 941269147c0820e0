"""Three look-ups that moto 5.2.5 does anew at each request, and that never change: which services it has, read from its
folder; which methods a class of answers has; and under which of a dozen spellings a table's item tells the type of a
value, though it has only the one. Together about half of what a request to a table costs it. Importing this module
makes it remember them in this process.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from moto import backends
from moto.core import responses, serialize, utils
from moto.core.model import Shape

_as_moto_lists_modules = backends.list_of_moto_modules
_as_moto_lists_methods = utils.method_names_from_class
_as_moto_finds_values = serialize.ResponseSerializer.get_value


@cache
def list_of_moto_modules() -> tuple[str, ...]:
    return tuple(_as_moto_lists_modules())


@cache
def method_names_from_class(clazz: type) -> list[str]:
    return _as_moto_lists_methods(clazz)


def get_value(self: serialize.ResponseSerializer, value: Any, key: str, shape: Shape) -> Any:
    parent = getattr(shape, "parent", None)
    if type(value) is dict and parent is not None and parent.name == "AttributeValue":
        return value.get(key)
    return _as_moto_finds_values(self, value, key, shape)


backends.list_of_moto_modules = list_of_moto_modules
responses.method_names_from_class = method_names_from_class
serialize.ResponseSerializer.get_value = get_value  # type: ignore[method-assign]
