"""ListObjectVersions of moto 5.2.5, put right: a key marker without a version id.

S3 goes on after the marker, whether a key has that name or not. moto drops the first version that is not before
the marker, so that a list from the beginning of a day loses that day's first photo. Importing this module mends it
in this process.
"""

from __future__ import annotations

from typing import Any

from moto.core.utils import unix_time_millis
from moto.s3.models import S3Backend

_as_moto_lists = S3Backend.list_object_versions


def list_object_versions(
    self: S3Backend,
    bucket_name: str,
    delimiter: str | None = None,
    key_marker: str | None = None,
    max_keys: int | None = 1000,
    prefix: str = "",
    version_id_marker: str | None = None,
) -> Any:
    """With the last version that is not after the marker named in full, which moto understands."""
    if key_marker is not None and not version_id_marker:
        key_marker, version_id_marker = _last_version_up_to(self, bucket_name, key_marker)
    return _as_moto_lists(self, bucket_name, delimiter, key_marker, max_keys, prefix, version_id_marker)


def _last_version_up_to(backend: S3Backend, bucket_name: str, key_marker: str) -> tuple[str | None, str | None]:
    passed = [
        (key, versions) for key, versions in backend.get_bucket(bucket_name).keys.iterlists() if key <= key_marker
    ]
    if not passed:
        return None, None
    key, versions = max(passed, key=lambda entry: entry[0])
    newest_first = sorted(versions, key=lambda version: -unix_time_millis(version.last_modified))
    return key, newest_first[-1].version_id


S3Backend.list_object_versions = list_object_versions  # type: ignore[method-assign]
