"""What devices and owners get to reach an object directly: presigned PUTs and GETs."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from chalicelib.domain.content_types import content_type_of
from chalicelib.domain.storage import Download, PutWanted, UploadBatch, UploadTarget
from chalicelib.stores.presign import Presigner, PutRequest

UPLOAD_LIFETIME_S = 900
BATCH_LIFETIME_S = 3600
"""A batch is put one after the other: 50 packs at 500 kbit/s take half an hour."""
DOWNLOAD_LIFETIME_S = 3600


class S3UploadSigner:
    """UploadSigner."""

    def __init__(self, presigner: Presigner) -> None:
        self._presigner = presigner

    def put(self, key: str, *, content_type: str, size_bytes: int | None, sha256: str | None) -> UploadTarget:
        """S3 honours `If-None-Match: *` when it is sent unsigned, and does not miss it when it is not."""
        told = size_bytes is not None or sha256 is not None
        signed = self._presigner.put(
            key,
            content_type=content_type,
            size_bytes=size_bytes,
            sha256=None if sha256 is None else bytes.fromhex(sha256),
            expires_in_s=UPLOAD_LIFETIME_S,
            if_none_match=told,
        )
        return UploadTarget(
            upload_url=signed.url,
            upload_host=signed.host,
            upload_port=signed.port,
            upload_path=signed.path,
            headers={**signed.headers, "If-None-Match": "*"},
            expires_at=signed.expires_at,
        )

    def put_many(self, key_prefix: str, wanted: Sequence[PutWanted]) -> UploadBatch:
        requests = [
            PutRequest(each.key_tail, each.content_type, each.size_bytes, bytes.fromhex(each.sha256)) for each in wanted
        ]
        signed = self._presigner.put_many(key_prefix, requests, expires_in_s=BATCH_LIFETIME_S, if_none_match=True)
        return UploadBatch(
            origin=signed.origin,
            host=signed.host,
            port=signed.port,
            path_prefix=signed.path_prefix,
            query=signed.query,
            expires_at=signed.expires_at,
            path_tails=signed.path_tails,
            signatures=signed.signatures,
        )


class S3DownloadSigner:
    """DownloadSigner."""

    def __init__(self, presigner: Presigner) -> None:
        self._presigner = presigner

    def get(self, key: str, *, version_id: str | None = None, filename: str | None = None) -> Download:
        """Type (which the key tells) and disposition are ours, whatever headers the upload was stored with: a camera
        does not choose what its owner's browser makes of a photo. `filename` is what it is saved as (RFC 6266 section
        4.3).
        """
        name = "" if filename is None else f"; filename*=UTF-8''{quote(filename, safe='')}"
        signed = self._presigner.get(
            key,
            expires_in_s=DOWNLOAD_LIFETIME_S,
            version_id=version_id,
            response_content_type=content_type_of(key),
            response_content_disposition="inline" + name,
        )
        return Download(signed.url, signed.expires_at)
