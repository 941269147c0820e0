"""Presigning a batch of 100 PUTs, as one sync answer carries it, against boto3 and against the bare hashing, in CPU
time.
"""

from __future__ import annotations

import hmac
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from bench.measure import Row, interleaved_ratio, median_s
from chalicelib.stores.presign import Credentials, PresignedPuts, Presigner, PutRequest

BUCKET, REGION = "frameferry-captures", "eu-central-1"
# A Lambda role's session token is about this long and full of characters that want escaping.
CREDENTIALS = Credentials("AKIDEXAMPLE", "a-secret", b64encode(bytes(range(256)) * 3).decode())
KEY_PREFIX = "devices/3f2b8a52-6d0c-4f0e-9a3e-0c6f4a1d2b77/packs/"
EXPIRES_IN_S = 900
BATCH_SIZE = 100
ROUNDS = 201
MOST_OVER_FLOOR = 1.5


def rows() -> list[Row]:
    requests = [_pack(number) for number in range(BATCH_SIZE)]
    presigner = Presigner(
        bucket=BUCKET,
        region=REGION,
        endpoint_url=None,
        credentials=lambda: CREDENTIALS,
        clock=lambda: datetime.now(UTC),
    )

    def batch() -> PresignedPuts:
        return presigner.put_many(KEY_PREFIX, requests, expires_in_s=EXPIRES_IN_S, if_none_match=True)

    floor = _bare_hashing(batch(), requests)
    by_boto3 = _by_boto3(requests)
    against_boto3 = interleaved_ratio(lambda: batch().urls(), by_boto3, clock=time.process_time)
    over_floor = interleaved_ratio(floor, batch, ROUNDS, time.process_time)
    hashing = f"{_us_a_url(floor, ROUNDS)}: one SHA-256, one HMAC"
    peer = f"boto3 generate_presigned_url: {_us_a_url(by_boto3)}"
    return [
        Row(
            f"presign {BATCH_SIZE} PUTs, complete URLs",
            against_boto3,
            "x",
            ">= 20",
            against_boto3 >= 20,
            peer=f"{_us_a_url(lambda: batch().urls())}; {peer}",
            floor=hashing,
        ),
        Row(
            f"presign {BATCH_SIZE} PUTs, key tails and signatures",
            over_floor,
            "x floor",
            f"<= {MOST_OVER_FLOOR}",
            over_floor <= MOST_OVER_FLOOR,
            peer=f"{_us_a_url(batch, ROUNDS)}; {peer}",
            floor=hashing,
        ),
    ]


def _us_a_url(sign: Callable[[], object], rounds: int = 31) -> str:
    return f"{median_s(sign, rounds, time.process_time) / BATCH_SIZE * 1e6:.2f} us a URL"


def _pack(number: int) -> PutRequest:
    digest = sha256(str(number).encode()).digest()
    name = f"{number * 20:016d}-{number * 20 + 19:016d}-{digest[:8].hex()}.zip"
    return PutRequest(name, "application/zip", 1_600_000 + number, digest)


def _by_boto3(requests: list[PutRequest]) -> Callable[[], list[str]]:
    client = boto3.client(
        "s3",
        region_name=REGION,
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=CREDENTIALS.secret_key,
        aws_session_token=CREDENTIALS.session_token,
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    every = [
        {
            "Bucket": BUCKET,
            "Key": KEY_PREFIX + request.key_tail,
            "ContentType": request.content_type,
            "ContentLength": request.size_bytes,
            "ChecksumSHA256": b64encode(request.sha256).decode(),
            "IfNoneMatch": "*",
        }
        for request in requests
    ]
    return lambda: [client.generate_presigned_url("put_object", Params=one, ExpiresIn=EXPIRES_IN_S) for one in every]


def _bare_hashing(batch: PresignedPuts, requests: list[PutRequest]) -> Callable[[], None]:
    """The hashing that no signer of these requests gets around, in the standard library's quickest calls: the
    SHA-256 of the canonical request, and an HMAC whose key is already taken in, over the string to sign.
    """
    url = batch.urls()[0]
    scope = _parameter(url, "X-Amz-Credential").partition("%2F")[2].replace("%2F", "/")
    head = f"AWS4-HMAC-SHA256\n{_parameter(url, 'X-Amz-Date')}\n{scope}\n"
    key = f"AWS4{CREDENTIALS.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    canonical = [_canonical_request(url, request) for url, request in zip(batch.urls(), requests, strict=True)]
    to_sign = [f"{head}{sha256(one).hexdigest()}".encode() for one in canonical]
    assert batch.signatures == [hmac.digest(key, one, "sha256").hex() for one in to_sign]
    keyed = hmac.new(key, digestmod="sha256")

    def hash_all() -> None:
        for request, string in zip(canonical, to_sign, strict=True):
            sha256(request).digest()
            mac = keyed.copy()
            mac.update(string)
            mac.digest()

    return hash_all


def _canonical_request(url: str, request: PutRequest) -> bytes:
    parts = urlsplit(url)
    headers = {
        "content-length": request.size_bytes,
        "content-type": request.content_type,
        "host": parts.netloc,
        "if-none-match": "*",
        "x-amz-checksum-sha256": b64encode(request.sha256).decode(),
    }
    query = "&".join(sorted(parts.query.rpartition("&")[0].split("&")))
    lines = [*(f"{name}:{value}" for name, value in headers.items()), "", ";".join(headers), "UNSIGNED-PAYLOAD"]
    return "\n".join(["PUT", parts.path, query, *lines]).encode()


def _parameter(url: str, name: str) -> str:
    return url.partition(f"{name}=")[2].partition("&")[0]
