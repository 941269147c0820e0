"""GET /openapi.json is the API: valid, and of the same routes, fields and codes as the code."""

from __future__ import annotations

from typing import Any, TypeGuard

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app import app
from chalicelib.api import openapi
from chalicelib.api.errors import GATEWAY_STATUSES, STATUSES
from chalicelib.api.http import JpegBody
from chalicelib.api.public_routes import all_routes
from chalicelib.api.routes import Route
from tests.api.client import Client
from tests.api.conformance import document

ROUTES = [route for table in all_routes() for route in table.entries]


def operation(route: Route) -> Any:
    return document()["paths"][route.path][route.method.lower()]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_the_served_document_is_valid_openapi(nobody: Client) -> None:
    served = nobody.get("/openapi.json")

    assert served.status == 200
    assert served.json["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(served.json).iter_errors()) == []


def test_the_document_names_every_route_of_the_app_and_no_other() -> None:
    served = {(method, path) for path, views in app.routes.items() for method in views}

    assert {(method.upper(), path) for path, item in document()["paths"].items() for method in item} == served
    assert {(route.method, route.path) for route in ROUTES} == served


def test_no_two_operations_share_an_id() -> None:
    ids = [operation(route)["operationId"] for route in ROUTES]

    assert len(ids) == len(set(ids))


def test_every_struct_has_its_fields_and_says_which_are_required() -> None:
    structs = {form.__name__: form for route in ROUTES for form in (route.body, route.gives) if is_struct(form)}

    for name, form in structs.items():
        schema = document()["components"]["schemas"][name]
        fields = msgspec.structs.fields(form)
        assert schema["properties"].keys() == {field.encode_name for field in fields}
        assert set(schema.get("required", [])) == {field.encode_name for field in fields if field.required}


def is_struct(form: Any) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(form, type) and issubclass(form, msgspec.Struct)


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_an_operation_names_its_parameters(route: Route) -> None:
    described = {(each["in"], each["name"]) for each in operation(route)["parameters"]}
    query = {("query", field.encode_name) for field in msgspec.structs.fields(route.query)}

    assert described == query | {("path", part[1:-1]) for part in route.path.split("/") if part.startswith("{")}


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_an_operation_refers_to_the_structs_of_its_view(route: Route) -> None:
    (media_type, body), *_ = operation(route).get("requestBody", {"content": {"": None}})["content"].items()
    expected = {None: "", JpegBody: "image/jpeg"}.get(route.body, "application/json")

    assert media_type == expected
    if is_struct(route.body):
        assert body["schema"]["$ref"].endswith(f"/{route.body.__name__}")
    if is_struct(route.gives):
        answer = operation(route)["responses"]["200"]["content"]["application/json"]["schema"]
        assert answer["$ref"].endswith(f"/{route.gives.__name__}")


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_an_operation_lists_each_code_under_its_status(route: Route) -> None:
    listed = {
        code: int(status)
        for status, answer in operation(route)["responses"].items()
        if int(status) >= 400
        for code in answer["content"]["application/json"]["schema"]["allOf"][1]["properties"]["error"]["properties"][
            "code"
        ]["enum"]
    }

    assert listed.keys() == openapi.codes(route)
    assert listed.keys() >= GATEWAY_STATUSES.keys()
    assert listed == {code: {**GATEWAY_STATUSES, **STATUSES}[code] for code in listed}


def test_who_may_call_is_said_of_every_route() -> None:
    public = {named(route) for route in ROUTES if "security" not in operation(route)}

    console = {"GET /", "GET /assets/{name}", "GET /console.json"}
    assert public == {"POST /devices/activate", "GET /health", "GET /openapi.json", *console}
