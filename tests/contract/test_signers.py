"""UploadSigner and DownloadSigner, in memory and over SigV4."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from chalicelib.services import ports
from chalicelib.stores.presign import Credentials, Presigner
from chalicelib.stores.signing import S3DownloadSigner, S3UploadSigner
from tests.fakes.clock import FakeClock
from tests.fakes.objects import FakeDownloadSigner, FakeUploadSigner

KEY = "devices/d1/2026/05/04/0000000000000001-cam.jpg"
SHA256 = "ab" * 32


@dataclass(frozen=True)
class Signers:
    clock: FakeClock
    uploads: ports.UploadSigner
    downloads: ports.DownloadSigner


def presigned(clock: FakeClock) -> Signers:
    credentials = Credentials("AKIDEXAMPLE", "secret", None)
    presigner = Presigner(
        bucket="captures", region="eu-central-1", endpoint_url=None, credentials=lambda: credentials, clock=clock
    )
    return Signers(clock, S3UploadSigner(presigner), S3DownloadSigner(presigner))


@pytest.fixture
def on_s3() -> Signers:
    return presigned(FakeClock())


@pytest.fixture(params=["memory", "s3"])
def signers(request: pytest.FixtureRequest, on_s3: Signers) -> Signers:
    clock = FakeClock()
    return on_s3 if request.param == "s3" else Signers(clock, FakeUploadSigner(clock), FakeDownloadSigner(clock))


def upload(signers: Signers, *, size_bytes: int | None = None, sha256: str | None = None) -> ports.UploadTarget:
    return signers.uploads.put(KEY, content_type="image/jpeg", size_bytes=size_bytes, sha256=sha256)


def signed_headers(target: ports.UploadTarget) -> set[str]:
    return set(parse_qs(urlsplit(target.upload_url).query)["X-Amz-SignedHeaders"][0].split(";"))


@pytest.mark.parametrize(
    ("size_bytes", "sha256", "names"),
    [
        (None, None, {"Content-Type"}),
        (5, None, {"Content-Type", "Content-Length"}),
        (None, SHA256, {"Content-Type", "x-amz-checksum-sha256"}),
        (0, SHA256, {"Content-Type", "Content-Length", "x-amz-checksum-sha256"}),
    ],
)
def test_the_headers_to_send_bind_what_the_device_told(
    signers: Signers, size_bytes: int | None, sha256: str | None, names: set[str]
) -> None:
    target = upload(signers, size_bytes=size_bytes, sha256=sha256)

    assert set(target.headers) == names | {"If-None-Match"}
    assert target.headers["If-None-Match"] == "*"
    assert target.headers["Content-Type"] == "image/jpeg"


def test_an_upload_url_and_its_parts_say_the_same(signers: Signers) -> None:
    target = upload(signers)

    parts = urlsplit(target.upload_url)
    assert parts.hostname == target.upload_host
    assert (parts.scheme, target.upload_port) == ("https", 443)
    assert f"{parts.path}?{parts.query}" == target.upload_path
    assert parts.path.endswith(KEY)


def test_an_upload_url_lives_15_minutes_and_a_download_url_an_hour(signers: Signers) -> None:
    assert upload(signers).expires_at == signers.clock() + timedelta(minutes=15)
    assert signers.downloads.get(KEY).expires_at == signers.clock() + timedelta(hours=1)


def test_a_batch_of_uploads_has_a_url_for_each_in_order_and_lives_an_hour(signers: Signers) -> None:
    wanted = [ports.PutWanted(f"2026/05/04/{seq:016d}-cam.jpg", "image/jpeg", 5, SHA256) for seq in range(3)]

    batch = signers.uploads.put_many("devices/d1/", wanted)

    assert batch.expires_at == signers.clock() + timedelta(hours=1)
    assert batch.path_tails == [each.key_tail for each in wanted]
    assert len(set(batch.signatures)) == 3
    assert urlsplit(batch.origin).hostname == batch.host
    assert (urlsplit(batch.origin).scheme, batch.port) == ("https", 443)
    assert batch.path_prefix.endswith("/devices/d1/")
    assert batch.query.endswith("X-Amz-Signature=")


def test_a_batch_of_nothing_is_empty(signers: Signers) -> None:
    batch = signers.uploads.put_many("devices/d1/", [])

    assert (batch.path_tails, batch.signatures) == ([], [])


def test_a_batch_signs_what_a_single_upload_signs(on_s3: Signers) -> None:
    batch = on_s3.uploads.put_many("devices/d1/", [ports.PutWanted("x.zip", "application/zip", 5, SHA256)])
    alone = upload(on_s3, size_bytes=5, sha256=SHA256)

    assert set(parse_qs(batch.query)["X-Amz-SignedHeaders"][0].split(";")) == signed_headers(alone)


def test_a_download_names_its_version_and_its_filename(signers: Signers) -> None:
    url = signers.downloads.get(KEY, version_id="v/1+2", filename="cam 1.jpg").url

    assert "v/1+2" in unquote(url)
    assert "cam 1.jpg" in unquote(unquote(url))
    assert urlsplit(url).path.endswith(KEY)


def test_no_url_shows_in_a_repr(signers: Signers) -> None:
    batch = signers.uploads.put_many("devices/d1/", [ports.PutWanted("x.zip", "application/zip", 5, SHA256)])

    assert "Signature" not in repr(upload(signers)) + repr(signers.downloads.get(KEY)) + repr(batch)


@pytest.mark.parametrize(("size_bytes", "sha256"), [(5, None), (None, SHA256), (5, SHA256)])
def test_what_the_device_told_is_signed_and_so_is_if_none_match(
    on_s3: Signers, size_bytes: int | None, sha256: str | None
) -> None:
    target = upload(on_s3, size_bytes=size_bytes, sha256=sha256)

    assert signed_headers(target) == {"host", *(name.lower() for name in target.headers)}


def test_a_device_that_told_nothing_may_send_content_type_alone(on_s3: Signers) -> None:
    assert signed_headers(upload(on_s3)) == {"host", "content-type"}


def test_the_checksum_header_is_the_base64_of_the_sha256(on_s3: Signers) -> None:
    assert (
        upload(on_s3, sha256=SHA256).headers["x-amz-checksum-sha256"] == "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="
    )


def test_a_filename_cannot_write_a_header_of_its_own(on_s3: Signers) -> None:
    url = on_s3.downloads.get(KEY, filename='a"; filename="b.exe\r\nX: ü').url

    (disposition,) = parse_qs(urlsplit(url).query)["response-content-disposition"]
    assert disposition == "inline; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe%0D%0AX%3A%20%C3%BC"


def test_what_an_upload_was_stored_with_does_not_decide_how_a_browser_takes_it(on_s3: Signers) -> None:
    query = parse_qs(urlsplit(on_s3.downloads.get(KEY).url).query)

    assert query["response-content-type"] == ["image/jpeg"]
    assert query["response-content-disposition"] == ["inline"]


def test_a_clip_is_given_to_the_browser_as_one(on_s3: Signers) -> None:
    query = parse_qs(urlsplit(on_s3.downloads.get(KEY.replace(".jpg", ".mp4")).url).query)

    assert query["response-content-type"] == ["video/mp4"]
