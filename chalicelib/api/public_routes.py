"""What anybody may call."""

from __future__ import annotations

from chalicelib.api import console_routes, device_routes, owner_routes
from chalicelib.api.errors import in_our_form
from chalicelib.api.routes import Routes
from chalicelib.wire.responses import StatusResponse

routes = Routes(__name__)
routes.blueprint.register_middleware(in_our_form, "http")


@routes.add("GET", "/health", "Whether the API answers; it touches nothing")
def health() -> StatusResponse:
    return StatusResponse(status="ok")


@routes.add("GET", "/openapi.json", "This API in OpenAPI 3.1")
def read_openapi() -> bytes:
    from chalicelib.api import openapi

    return openapi.encoded(*all_routes())


def all_routes() -> tuple[Routes, ...]:
    """The whole table."""
    return device_routes.routes, owner_routes.routes, console_routes.routes, routes
