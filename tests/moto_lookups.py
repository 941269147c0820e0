"""Two look-ups that moto 5.2.5 does anew at each request, and that never change: which services it has, read from its
folder, and which methods a class of answers has. Together a tenth of what a request costs it. Importing this module
makes it remember them in this process.
"""

from __future__ import annotations

from functools import cache

from moto import backends
from moto.core import responses, utils

_as_moto_lists_modules = backends.list_of_moto_modules
_as_moto_lists_methods = utils.method_names_from_class


@cache
def list_of_moto_modules() -> tuple[str, ...]:
    return tuple(_as_moto_lists_modules())


@cache
def method_names_from_class(clazz: type) -> list[str]:
    return _as_moto_lists_methods(clazz)


backends.list_of_moto_modules = list_of_moto_modules
responses.method_names_from_class = method_names_from_class
