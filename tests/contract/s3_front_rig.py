"""A strict S3 front over an in-process moto server, and a client that sends exactly what it is told to."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import logging
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import boto3
from botocore.config import Config
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from infra.local.faults import Faults
from infra.local.s3_events import S3Change
from infra.local.s3_front import S3Front
from infra.local.s3_signature import Credential
from infra.local.stats import Stats

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"
JPEG = b"\xff\xd8\xff\xe0 some photo \xff\xd9"


def sha256_base64(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


class MovableClock:
    """The machine's clock, which botocore signs by, moved by `ahead` or standing at `stopped_at`."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.stopped_at: datetime | None = None

    def __call__(self) -> datetime:
        return self.stopped_at or datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def code(self) -> str:
        return ElementTree.fromstring(self.body).findtext("Code") or ""

    @property
    def message(self) -> str:
        return ElementTree.fromstring(self.body).findtext("Message") or ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Upload:
    """A presigned PUT and the header fields that its holder must send."""

    url: str
    headers: dict[str, str]
    key: str


@dataclass
class Rig:
    front: S3Front
    moto: Any
    clock: MovableClock
    credentials: dict[str, Credential]
    bucket: str
    changes: list[S3Change] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def sdk(self, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY, **options: Any) -> Any:
        """A boto3 client that talks to the front."""
        return boto3.client(
            "s3",
            endpoint_url=self.front.url,
            region_name=options.pop("region_name", REGION),
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=options.pop("session_token", None),
            config=Config(
                signature_version=options.pop("signature_version", "s3v4"),
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
                **options,
            ),
        )

    def presign_put(self, key: str | None = None, body: bytes = JPEG, expires_s: int = 300, **sdk: Any) -> Upload:
        """The project's form: five signed header fields, host among them."""
        key = key or f"devices/{uuid.uuid4()}.jpg"
        checksum = sha256_base64(body)
        url = self.sdk(**sdk).generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self.bucket,
                "Key": key,
                "ContentType": "image/jpeg",
                "ContentLength": len(body),
                "ChecksumSHA256": checksum,
                "IfNoneMatch": "*",
            },
            ExpiresIn=expires_s,
        )
        headers = {
            "Content-Type": "image/jpeg",
            "Content-Length": str(len(body)),
            "x-amz-checksum-sha256": checksum,
            "If-None-Match": "*",
        }
        return Upload(url, headers, key)

    def presign_bare_put(self, key: str | None = None, **params: Any) -> Upload:
        """Only the host is signed, and what `params` names."""
        key = key or f"devices/{uuid.uuid4()}.jpg"
        client = self.sdk(request_checksum_calculation="when_required")
        url = client.generate_presigned_url("put_object", Params={"Bucket": self.bucket, "Key": key, **params})
        return Upload(url, {}, key)

    def put(self, upload: Upload, body: bytes = JPEG, /, **changed: str | None) -> Reply:
        """Send the upload; `changed` sets or, with None, leaves out header fields (`_` stands for `-`)."""
        headers = dict(upload.headers)
        for name, value in changed.items():
            wanted = name.replace("_", "-").lower()
            headers = {given: text for given, text in headers.items() if given.lower() != wanted}
            if value is not None:
                headers[wanted] = value
        return self.send("PUT", upload.url, body, headers)

    def send(self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
        parts = urlsplit(url)
        target = url.partition(parts.netloc)[2]
        connection = http.client.HTTPConnection(parts.netloc, timeout=5)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    @contextmanager
    def socket(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.front.port), timeout=5) as connection:
            yield connection

    def raw_head(self, method: str, url: str, headers: dict[str, str]) -> bytes:
        parts = urlsplit(url)
        lines = [f"{method} {url.partition(parts.netloc)[2]} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def stored(self, key: str) -> bytes | None:
        """What moto holds, asked past the front."""
        keys = {found["Key"] for found in self.moto.list_objects_v2(Bucket=self.bucket).get("Contents", [])}
        if key not in keys:
            return None
        body: bytes = self.moto.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def control(self, method: str, what: str, body: Any = None) -> Reply:
        data = None if body is None else json.dumps(body).encode()
        return self.send(method, f"{self.front.url}/_local/{what}", data)

    def new_bucket(self) -> str:
        name = f"bucket-{uuid.uuid4()}"
        self.moto.create_bucket(Bucket=name)
        self.moto.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name


@contextmanager
def running_rig(idle_timeout_s: float = 20.0) -> Iterator[Rig]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    moto = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    credentials = {ACCESS_KEY: Credential(SECRET_KEY)}
    clock = MovableClock()
    changes: list[S3Change] = []
    log: list[str] = []
    front = S3Front(
        f"http://{host}:{port}",
        credentials.get,
        moto,
        clock,
        changes.append,
        Stats(),
        Faults(),
        port=0,
        log=log.append,
        idle_timeout_s=idle_timeout_s,
    )
    with front:
        rig = Rig(front, moto, clock, credentials, "", changes, log)
        rig.bucket = rig.new_bucket()
        yield rig
    moto.close()
    server.stop()
