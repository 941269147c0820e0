"""What moto 5.2.5 and botocore do again and again, though nothing comes of it. Importing this module ends that in this
process.

moto works out anew at each request: which services it has, read from its folder; which methods a class of answers has;
and under which of a dozen spellings a table's item tells the type of a value, though it has only the one. Together
about half of what a request to a table costs it. For a dashboard it keeps each object that was ever made, with its
bytes, and each version of a row. It reads each template by PyYAML's own parser, where libyaml's takes an eighth of the
time, and finds the primes of one and the same RSA key for each user pool. botocore reads the description of a service
for each session, and builds the rules of its endpoints for each client.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from typing import Any

import botocore.regions
import botocore.session
import moto.cloudformation.models as cloudformation
import moto.cloudformation.responses as cloudformation_responses
import moto.cognitoidp.models as cognito
import yaml
from moto import backends
from moto.core import common_models, responses, serialize, utils
from moto.core.model import Shape
from moto.s3.models import FakeKey

_as_moto_lists_modules = backends.list_of_moto_modules
_as_moto_lists_methods = utils.method_names_from_class
_as_moto_finds_values = serialize.ResponseSerializer.get_value
_regions: Any = botocore.regions  # its stubs do not know what it imports
_session: Any = botocore.session
_as_moto_imports_keys = cognito.jwk.RSAKey.import_key
_as_botocore_resolves = _regions.EndpointProvider
_endpoint_rules: dict[tuple[int, int, frozenset[str]], tuple[Any, Any, Any]] = {}


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


def new_model(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Of which no list is kept."""
    return super(common_models.BaseModel, cls).__new__(cls)


def dispose(self: FakeKey) -> None:
    """When the last reference goes: moto, which has that list, warns of a key that it had not gone through."""
    self.dispose()


class TemplateLoader(getattr(yaml, "CLoader", yaml.Loader)):  # type: ignore[misc]
    """libyaml's, where PyYAML was built with it."""


class Yaml:
    """As much of PyYAML as moto reads templates with."""

    Loader = TemplateLoader
    load = staticmethod(yaml.load)

    @staticmethod
    def add_multi_constructor(tag_prefix: str, multi_constructor: Any) -> None:
        yaml.add_multi_constructor(tag_prefix, multi_constructor, Loader=TemplateLoader)


@cache
def _rsa_key(text: str) -> Any:
    return _as_moto_imports_keys(json.loads(text))


class RSAKey:
    """As much of joserfc's as moto asks for: the key that it signs all tokens with."""

    @staticmethod
    def import_key(key: dict[str, str]) -> Any:
        return _rsa_key(json.dumps(key))


class Jwk:
    RSAKey = RSAKey


def endpoint_provider(ruleset_data: Any, partition_data: Any, excluded_params: Collection[str] | None = None) -> Any:
    """One for each set of rules. A loader gives the same object for the same file; it is kept, so that no other one
    gets its id.
    """
    key = id(ruleset_data), id(partition_data), frozenset(excluded_params or ())
    if key not in _endpoint_rules:
        made = _as_botocore_resolves(ruleset_data, partition_data, excluded_params)
        _endpoint_rules[key] = ruleset_data, partition_data, made
    return _endpoint_rules[key][2]


backends.list_of_moto_modules = list_of_moto_modules
responses.method_names_from_class = method_names_from_class
serialize.ResponseSerializer.get_value = get_value  # type: ignore[method-assign]
common_models.BaseModel.__new__ = new_model  # type: ignore[method-assign]
FakeKey.__del__ = dispose  # type: ignore[method-assign]
cognito.jwk = Jwk  # type: ignore[assignment]
cloudformation.yaml = Yaml  # type: ignore[assignment]
cloudformation_responses.yaml = Yaml  # type: ignore[assignment]
_session.create_loader = cache(_session.create_loader)
_regions.EndpointProvider = endpoint_provider
