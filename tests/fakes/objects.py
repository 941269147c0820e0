"""The two buckets in memory, versioned, and the signers that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from hashlib import sha256 as new_sha256

from chalicelib.domain.clock import Clock
from chalicelib.domain.item import StoredObject
from chalicelib.domain.storage import Content, Download, Fetched, PutWanted, UploadBatch, UploadTarget


@dataclass(frozen=True)
class _Version:
    version_id: str
    body: bytes
    content_type: str
    sha256: str | None
    stored_at: datetime
    sealed_sha256: str | None = None

    @property
    def etag(self) -> str:
        return f'"{md5(self.body, usedforsecurity=False).hexdigest()}"'


class _Bucket:
    """Versions by key, oldest first; the last one is the current one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._versions: dict[str, list[_Version]] = {}
        self._count = 0

    def keys(self) -> list[str]:
        """For a test: every key that has a version, in S3's order."""
        return sorted(self._versions, key=str.encode)

    def bodies(self) -> dict[str, list[bytes]]:
        """For a test: the bytes of every version that remains, oldest first."""
        return {key: [version.body for version in self._versions[key]] for key in self.keys()}

    def delete_old_versions(self, key: str) -> None:
        if key in self._versions:
            self._versions[key] = self._versions[key][-1:]

    def delete_all_versions(self, key: str) -> None:
        self._versions.pop(key, None)

    def _is_current(self, key: str, etag: str) -> bool:
        current = self._find(key, None)
        return current is not None and current.etag == etag

    def _write(
        self, key: str, body: bytes, content_type: str, sha256: str | None, was: StoredObject | None = None
    ) -> _Version:
        self._count += 1
        # S3 tells the time of an object in whole seconds.
        stored_at = was.stored_at if was else self._clock().astimezone(UTC).replace(microsecond=0)
        sealed_sha256 = (was.sealed_sha256 or was.sha256) if was else None
        version = _Version(f"version{self._count:08d}", body, content_type, sha256, stored_at, sealed_sha256)
        self._versions.setdefault(key, []).append(version)
        return version

    def _find(self, key: str, version_id: str | None) -> _Version | None:
        versions = self._versions.get(key, [])
        if version_id is None:
            return versions[-1] if versions else None
        return next((version for version in versions if version.version_id == version_id), None)


class FakeCaptures(_Bucket):
    def upload(
        self, key: str, body: bytes, sha256: str | None = None, *, if_none_match: bool = True
    ) -> StoredObject | None:
        """A device's PUT, as S3 takes it; None where S3 refuses it: the key exists (412), the checksum is wrong (400).

        Without `if_none_match` another version comes to lie over the first.
        """
        exists = if_none_match and key in self._versions
        if exists or (sha256 is not None and sha256 != new_sha256(body).hexdigest()):
            return None
        return _described(key, self._write(key, body, "image/jpeg", sha256))

    def head(self, key: str, version_id: str | None = None) -> StoredObject | None:
        version = self._find(key, version_id)
        return None if version is None else _described(key, version)

    def fetch(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        version = self._find(key, version_id)
        if version is None:
            return None
        body = version.body if len(version.body) <= at_most_bytes else None
        return Fetched(_described(key, version), version.etag, body)

    def fetch_start(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        version = self._find(key, version_id)
        if version is None:
            return None
        return Fetched(_described(key, version), version.etag, version.body[:at_most_bytes])

    def head_many(self, places: Sequence[tuple[str, str | None]]) -> list[StoredObject | None]:
        return [self.head(*place) for place in places]

    def put(self, key: str, body: bytes, content_type: str, sha256: str) -> bool:
        if sha256 != new_sha256(body).hexdigest():
            raise AssertionError("S3 would answer BadDigest")
        if key in self._versions:
            return False
        self._write(key, body, content_type, sha256)
        return True

    def replace(
        self, key: str, body: bytes, content_type: str, sha256: str, *, if_match: str, was: StoredObject
    ) -> bool:
        if sha256 != new_sha256(body).hexdigest():
            raise AssertionError("S3 would answer BadDigest")
        if not self._is_current(key, if_match):
            return False
        self._write(key, body, content_type, sha256, was)
        return True

    def move_version(self, key: str, version_id: str, to_key: str) -> None:
        version = self._find(key, version_id)
        if version is None:
            return
        if to_key not in self._versions:
            self._write(to_key, version.body, version.content_type, new_sha256(version.body).hexdigest())
        self.delete_version(key, version_id)

    def delete_version(self, key: str, version_id: str) -> None:
        left = [version for version in self._versions.pop(key, []) if version.version_id != version_id]
        if left:
            self._versions[key] = left

    def list_versions(self, prefix: str, start_after: str | None, limit: int) -> list[StoredObject]:
        after = (start_after or "").encode()
        found = [key for key in self.keys() if key.startswith(prefix) and key.encode() > after]
        # S3 lists the newest version of a key first.
        return [
            StoredObject(key, version.version_id, len(version.body), None, version.stored_at)
            for key in found
            for version in reversed(self._versions[key])
        ][:limit]


class FakeDerived(_Bucket):
    def put(self, key: str, body: bytes, content_type: str) -> None:
        self._write(key, body, content_type, None)

    def create(self, key: str, body: bytes, content_type: str) -> bool:
        if key in self._versions:
            return False
        self.put(key, body, content_type)
        return True

    def read(self, key: str) -> Content | None:
        version = self._find(key, None)
        return None if version is None else Content(version.body, version.etag)

    def replace(self, key: str, body: bytes, content_type: str, *, if_match: str) -> bool:
        if not self._is_current(key, if_match):
            return False
        self.put(key, body, content_type)
        return True


def _described(key: str, version: _Version) -> StoredObject:
    return StoredObject(
        key,
        version.version_id,
        len(version.body),
        version.sha256,
        version.stored_at,
        sealed_sha256=version.sealed_sha256,
    )


class FakeUploadSigner:
    """URLs that name what was signed and lead nowhere."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def put(self, key: str, *, content_type: str, size_bytes: int | None, sha256: str | None) -> UploadTarget:
        headers = {"Content-Type": content_type, "If-None-Match": "*"}
        if size_bytes is not None:
            headers["Content-Length"] = str(size_bytes)
        if sha256 is not None:
            headers["x-amz-checksum-sha256"] = f"base64 of {sha256}"
        path = f"/{key}?X-Amz-Signature=fake"
        expires_at = self._clock().replace(microsecond=0) + timedelta(seconds=900)
        return UploadTarget(f"https://captures.test{path}", "captures.test", 443, path, headers, expires_at)

    def put_many(self, key_prefix: str, wanted: Sequence[PutWanted]) -> UploadBatch:
        tails = [each.key_tail for each in wanted]
        signatures = [f"{number:064x}" for number in range(len(tails))]
        expires_at = self._clock().replace(microsecond=0) + timedelta(seconds=3600)
        place = ("https://captures.test", "captures.test", 443, f"/{key_prefix}")
        return UploadBatch(*place, "X-Amz-Signature=", expires_at, tails, signatures)


class FakeDownloadSigner:
    """URLs that name what was signed and lead nowhere."""

    def __init__(self, clock: Clock, host: str = "captures.test") -> None:
        self._clock = clock
        self._host = host

    def get(self, key: str, *, version_id: str | None = None, filename: str | None = None) -> Download:
        query = f"versionId={version_id}&" if version_id else ""
        query += f"filename={filename}&" if filename else ""
        expires_at = self._clock().replace(microsecond=0) + timedelta(seconds=3600)
        return Download(f"https://{self._host}/{key}?{query}X-Amz-Signature=fake", expires_at)
