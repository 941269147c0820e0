"""An owner and a camera as tests drive them: over real sockets, one call a method."""

from __future__ import annotations

import base64
import hashlib
import itertools
from types import TracebackType
from typing import Any, Self

import httpx

JsonObject = dict[str, Any]

CAPTURED_AT = "2025-12-26T10:15:30Z"
_TIMEOUT_S = 30.0
_addresses = itertools.count(1)


def sha256_hex(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def sha256_base64(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def another_address() -> str:
    """A loopback address that nobody else uses: guesses of pairing codes are limited by address."""
    number = next(_addresses)
    return f"127.1.{number // 250}.{number % 250 + 1}"


class Caller:
    """One who keeps a connection to the API and one to S3, both from `address`."""

    def __init__(self, api_url: str, headers: dict[str, str], address: str | None = None) -> None:
        self.api = _client(api_url, address)
        self.s3 = _client("", address)
        self.headers = headers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.api.close()
        self.s3.close()

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Sent with the caller's credential, unless `options` has headers that say otherwise."""
        headers = self.headers | options.pop("headers", {})
        return self.api.request(method, path, headers=headers, **options)

    def ask(self, method: str, path: str, **options: Any) -> JsonObject:
        """The body of an answer that must be 200."""
        answer = self.call(method, path, **options)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}"
        body: JsonObject = answer.json()
        return body


class OwnerCaller(Caller):
    """An owner; `token` is an access token."""

    def __init__(self, api_url: str, token: str) -> None:
        super().__init__(api_url, {"Authorization": f"Bearer {token}"})

    def pair(self, name: str = "camera") -> JsonObject:
        return self.ask("POST", "/devices/pair", json={"name": name})

    def item(self, device_id: str, seq: int) -> JsonObject:
        return self.ask("GET", f"/items/{device_id}/{seq}")

    def has_item(self, device_id: str, seq: int) -> bool:
        answer = self.call("GET", f"/items/{device_id}/{seq}")
        assert answer.status_code in (200, 404), answer.text
        return answer.status_code == 200

    def page(self, **query: str | int) -> JsonObject:
        return self.ask("GET", "/items", params=query)

    def items(self, **query: str | int) -> list[JsonObject]:
        """All pages."""
        found: list[JsonObject] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.page(**query, **cursor)
            found += page["items"]
            if page["cursor"] is None:
                return found
            cursor = {"cursor": page["cursor"]}

    def events(self, device_id: str) -> list[JsonObject]:
        found: list[JsonObject] = self.ask("GET", f"/devices/{device_id}/events")["items"]
        return found

    def photo(self, item: JsonObject) -> bytes:
        return self.download(item["photo"])

    def thumbnail(self, item: JsonObject) -> bytes:
        return self.download(item["thumbnail"])

    def download(self, place: JsonObject, urls: JsonObject | None = None) -> bytes:
        """What a place means: its object, or the range of it. Of a page `urls` are the page's."""
        url = place["url"] if urls is None else urls[place["object_key"]]
        if "offset" not in place:
            answer = self.s3.get(url)
            assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
            return answer.content
        last = place["offset"] + place["length"] - 1
        answer = self.s3.get(url, headers={"Range": f"bytes={place['offset']}-{last}"})
        assert answer.status_code == 206, f"{answer.status_code} {answer.text}"
        return answer.content


class DeviceCaller(Caller):
    """A camera that was activated with `pairing_code`."""

    def __init__(self, api_url: str, pairing_code: str) -> None:
        super().__init__(api_url, {}, another_address())
        self.activation = self.ask("POST", "/devices/activate", json={"pairing_code": pairing_code})
        self.device_id = str(self.activation["device_id"])
        self.use(self.activation["device_token"])

    def use(self, token: str) -> None:
        self.token = token
        self.headers = {"X-Device-Token": token}

    def target(self, seq: int, jpeg: bytes | None = None, **fields: object) -> JsonObject:
        """A presigned PUT; bound to length and sha256 where `jpeg` is given."""
        wanted: JsonObject = {"filename": f"photo_{seq:06d}.jpg", "content_type": "image/jpeg", "seq": seq}
        if jpeg is not None:
            wanted |= {"sha256": sha256_hex(jpeg), "size_bytes": len(jpeg)}
        return self.ask("POST", "/devices/upload-url", json=wanted | fields)

    def put(self, target: JsonObject, body: bytes) -> httpx.Response:
        return self.s3.put(target["upload_url"], headers=target["headers"], content=body)

    def ingest(self, target: JsonObject, seq: int, **fields: object) -> JsonObject:
        claim = {"object_key": target["object_key"], "seq": seq, "captured_at": CAPTURED_AT, "ntp_synced": True}
        return self.ask("POST", "/devices/ingest", json=claim | fields)

    def upload(self, seq: int, jpeg: bytes) -> JsonObject:
        """Everything but the ingest call; gives the target."""
        target = self.target(seq, jpeg)
        answer = self.put(target, jpeg)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return target

    def send(self, seq: int, jpeg: bytes, **fields: object) -> JsonObject:
        """A photo's whole way as a good camera goes it; gives the answer to its ingest call."""
        return self.ingest(self.upload(seq, jpeg), seq, sha256=sha256_hex(jpeg), **fields)

    def post_image(self, body: bytes, **query: str | int) -> httpx.Response:
        headers = {"Content-Type": "image/jpeg"}
        return self.call("POST", "/devices/images", content=body, headers=headers, params=query)


def _client(base_url: str, address: str | None) -> httpx.Client:
    # verify: nothing here is TLS, and reading the machine's certificates costs more than a request.
    transport = httpx.HTTPTransport(local_address=address, verify=False)
    return httpx.Client(base_url=base_url, transport=transport, timeout=_TIMEOUT_S)
