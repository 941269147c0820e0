"""What a bucket really holds, past the strict S3 front."""

from __future__ import annotations

from typing import Any


class Bucket:
    def __init__(self, s3: Any, name: str) -> None:
        self._s3 = s3
        self.name = name

    def versions(self, prefix: str) -> list[str]:
        """The key of each version and of each delete marker under a prefix."""
        page = self._s3.list_object_versions(Bucket=self.name, Prefix=prefix)
        return [entry["Key"] for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]]

    def of_device(self, device_id: str) -> list[str]:
        return self.versions(f"devices/{device_id}/")

    def body(self, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def all_bodies(self, key: str) -> list[bytes]:
        """Of each version of one key."""
        page = self._s3.list_object_versions(Bucket=self.name, Prefix=key)
        versions = [entry["VersionId"] for entry in page.get("Versions", [])]
        return [self._s3.get_object(Bucket=self.name, Key=key, VersionId=one)["Body"].read() for one in versions]

    def remove(self, key: str) -> None:
        """All versions of one key, as an owner does by hand."""
        page = self._s3.list_object_versions(Bucket=self.name, Prefix=key)
        for entry in page.get("Versions", []):
            self._s3.delete_object(Bucket=self.name, Key=key, VersionId=entry["VersionId"])
