"""docs/protocol.md says what the code does: every route, every field of every example, every error code."""

from __future__ import annotations

import base64
import hashlib

import msgspec
import nacl.signing
import pytest

from chalicelib.api.errors import GATEWAY_STATUSES, STATUSES
from chalicelib.api.http import Document, JpegBody
from chalicelib.api.public_routes import all_routes
from chalicelib.api.routes import Route
from chalicelib.domain.receipts import signed_message
from tests import protocol_doc
from tests.api import conformance

ROUTES = {(route.method, route.path): route for table in all_routes() for route in table.entries}
EXAMPLE_DEVICE = "3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70"


def test_every_route_has_its_section_and_every_section_its_route() -> None:
    assert protocol_doc.examples().keys() == ROUTES.keys()


def test_every_code_stands_in_the_table_with_its_status() -> None:
    assert protocol_doc.error_codes() == {**GATEWAY_STATUSES, **STATUSES}


@pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: f"{route.method} {route.path}")
def test_the_examples_of_a_route_are_what_it_takes_and_gives(route: Route) -> None:
    examples = list(protocol_doc.examples()[route.method, route.path])
    if route.body not in (None, JpegBody):
        request = examples.pop(0)
        msgspec.convert(request, route.body)
        conformance.request_form(route.method, route.path).validate(request)
    if route.gives not in (bytes, Document):
        conformance.answer_form(route.method, route.path, 200).validate(examples.pop(0))
    assert examples == []


def test_the_receipt_of_the_example_verifies_as_the_page_says() -> None:
    receipt, message, public_key = protocol_doc.receipt()

    nacl.signing.VerifyKey(base64.b64decode(public_key)).verify(message, base64.b64decode(receipt["signature"]))
    fields = {name: value for name, value in receipt.items() if name != "signature"}
    assert message == signed_message(device_id=EXAMPLE_DEVICE, **fields)


def test_the_checksum_header_of_the_example_is_the_base64_of_its_sha256() -> None:
    asked, answered = protocol_doc.examples()["POST", "/devices/upload-url"]

    assert asked["sha256"] == hashlib.sha256(b"test").hexdigest()
    assert base64.b64decode(answered["headers"]["x-amz-checksum-sha256"]).hex() == asked["sha256"]
