"""Answers held to /openapi.json, field by field: one that the document does not name is an error here."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator
from msgspec import json

from chalicelib.api import openapi
from chalicelib.api.public_routes import all_routes

FOREIGN_METHOD = 405
"""A method that the document does not name has no operation that could list this status."""


@cache
def document() -> Any:
    return json.decode(openapi.encoded(*all_routes()))


def assert_conforms(method: str, route: str, status: int, body: Any) -> None:
    if status != FOREIGN_METHOD:
        answer_form(method, route, status).validate(body)


@cache
def answer_form(method: str, route: str, status: int) -> Validator:
    operation = document()["paths"][route][method.lower()]
    (content,) = operation["responses"][str(status)]["content"].values()
    return validator(content["schema"])


@cache
def request_form(method: str, route: str) -> Validator:
    operation = document()["paths"][route][method.lower()]
    return validator(operation["requestBody"]["content"]["application/json"]["schema"])


def validator(schema: Any) -> Validator:
    components = copy.deepcopy(document()["components"])
    for form in components["schemas"].values():
        if "properties" in form:
            form.setdefault("additionalProperties", False)
    return Draft202012Validator({**schema, "components": components}, format_checker=FormatChecker())
