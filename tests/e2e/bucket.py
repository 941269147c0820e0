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
