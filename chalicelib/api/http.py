"""A request's parts, parsed and checked; an answer's parts, put together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType

from chalice.app import Request, Response

from chalicelib.api.errors import COMMON_HEADERS
from chalicelib.domain.errors import BodyTooLarge, InvalidParameter, UnsupportedMediaType
from chalicelib.domain.ids import MAX_SEQ, DeviceId, Seq, is_device_id
from chalicelib.wire import json, queries

JpegBody = NewType("JpegBody", bytes)
Source = NewType("Source", str)
"""The network that a request came from: an IPv4 address, or the /64 of an IPv6 address."""
CommandId = NewType("CommandId", str)
AssetName = NewType("AssetName", str)
OwnPath = NewType("OwnPath", str)
"""The request's path as its sender wrote it, with the stage or the base path of a domain."""

MAX_JSON_BYTES = 64 * 2**10


@dataclass(frozen=True)
class Document:
    """An answer that is no JSON: text of this media type, kept as `cache_control` says."""

    text: str
    media_type: str
    cache_control: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


COMMAND_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
ASSET_NAME = re.compile(r"[a-z0-9-]{1,40}\.[0-9a-f]{12}\.(js|css|svg)")


def json_body[F: json.Request](request: Request, form: type[F]) -> F:
    """A body whose fields are all optional may be left out.

    Raises UnsupportedMediaType, BodyTooLarge, InvalidJson, InvalidBody.
    """
    body = _body(request)
    if body and _media_type(request) not in ("application/json", ""):
        raise UnsupportedMediaType("This route takes application/json.")
    if len(body) > MAX_JSON_BYTES:
        raise BodyTooLarge
    return json.decode(body or b"{}", form)


def jpeg_body(request: Request) -> JpegBody:
    """Whatever is sent as image/jpeg. Raises UnsupportedMediaType."""
    if _media_type(request) != "image/jpeg":
        raise UnsupportedMediaType("This route takes image/jpeg.")
    return JpegBody(_body(request))


def query[Q: queries.Query](request: Request, form: type[Q]) -> Q:
    """Raises InvalidParameter."""
    given = request.query_params
    return queries.decode({name: given.getlist(name) for name in given} if given else {}, form)


def device_id(text: str) -> DeviceId:
    """Raises InvalidParameter."""
    if not is_device_id(text):
        raise InvalidParameter("device_id is not a UUID in lower case.")
    return DeviceId(text)


def seq(text: str) -> Seq:
    """Raises InvalidParameter."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= MAX_SEQ):
        raise InvalidParameter(f"seq is not a whole number from 0 to {MAX_SEQ}.")
    return Seq(int(text))


def command_id(text: str) -> CommandId:
    """Raises InvalidParameter."""
    if not COMMAND_ID.fullmatch(text):
        raise InvalidParameter("command_id is not one that this API gave.")
    return CommandId(text)


def asset_name(text: str) -> AssetName:
    """Raises InvalidParameter."""
    if not ASSET_NAME.fullmatch(text):
        raise InvalidParameter("name is not that of an asset.")
    return AssetName(text)


def source(request: Request) -> Source:
    address = str(request.context.get("identity", {}).get("sourceIp", ""))
    if ":" not in address:
        return Source(address)
    from ipaddress import ip_network  # 4 ms that only an activation over IPv6 needs

    return Source(str(ip_network(f"{address}/64", strict=False)))


def own_path(request: Request) -> OwnPath:
    """The part of API Gateway's event that has the stage: `path` is the same with and without a slash at its end."""
    return OwnPath(str(request.context.get("path", "")))


def header(request: Request, name: str) -> str:
    return str(request.headers.get(name, "")).strip()


def request_id(request: Request) -> str:
    return str(request.context.get("requestId", ""))


def answer(body: json.Response | Document | bytes) -> Response:
    """200 with a wire struct or with JSON that is encoded already; a document under its own status."""
    if isinstance(body, Document):
        own = {"Content-Type": body.media_type, "Cache-Control": body.cache_control}
        return Response(body.text, {**COMMON_HEADERS, **own, **body.headers}, body.status)
    encoded = body if isinstance(body, bytes) else json.encode(body)
    # Chalice hands bytes on as they are, and Lambda takes none.
    return Response(encoded.decode(), {**COMMON_HEADERS})


def _body(request: Request) -> bytes:
    raw = request.raw_body
    return raw if isinstance(raw, bytes) else raw.encode()


def _media_type(request: Request) -> str:
    return header(request, "content-type").partition(";")[0].strip().lower()
