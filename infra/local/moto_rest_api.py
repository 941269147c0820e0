"""What moto's API Gateway does not take from `chalice deploy`, taught to it.

moto 5.2.5 imports OpenAPI 3 only, and only with a description; Chalice sends Swagger 2.0 without one, which AWS takes.
As with `moto_resources`, importing this module before the first request is all that is needed.
"""

from __future__ import annotations

from typing import Any

from moto.apigateway.models import APIGatewayBackend, RestAPI, apigateway_backends

Document = dict[str, Any]


class SwaggerBackend(APIGatewayBackend):
    __module__ = APIGatewayBackend.__module__  # moto finds a backend's URLs beside its module

    def import_rest_api(self, api_doc: Document, fail_on_warnings: bool) -> RestAPI:
        return super().import_rest_api(_as_moto_likes_it(api_doc), fail_on_warnings)

    def put_rest_api(self, function_id: str, api_doc: Document, fail_on_warnings: bool, mode: str = "merge") -> RestAPI:
        return super().put_rest_api(function_id, _as_moto_likes_it(api_doc), fail_on_warnings, mode)


def _as_moto_likes_it(document: Document) -> Document:
    rest = {key: value for key, value in document.items() if key != "swagger"}
    return rest | {"openapi": "3.0.1", "info": {"description": ""} | document["info"]}


apigateway_backends.backend = SwaggerBackend
apigateway_backends.clear()
