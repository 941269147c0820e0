"""ListObjectVersions of moto 5.2.5, put right: a key marker without a version id, and what a list costs.

S3 goes on after the marker, whether a key has that name or not. moto drops the first version that is not before
the marker, so that a list from the beginning of a day loses that day's first photo. And it copies each version in the
bucket with its bytes, for a list of whatever few. Importing this module mends that in this process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from moto.core.utils import unix_time_millis
from moto.s3.models import FakeDeleteMarker, FakeKey, S3Backend

_as_moto_lists = S3Backend.list_object_versions


class _ListedKey(FakeKey):
    """A version with marks of its own for one list. Its bytes are the version's, and go with that one."""

    def __del__(self) -> None:
        """It has nothing to give back."""


class _Listed(list[Any]):
    """Versions of a key that moto need not copy again."""

    def __deepcopy__(self, memo: object) -> Self:
        return self


class _Excerpt:
    """A backend, its bucket, and the bucket's keys: as much of each as moto asks for to make a list."""

    def __init__(self, keys: list[tuple[str, list[Any]]]) -> None:
        self._keys = keys
        self.keys = self

    def get_bucket(self, _: str) -> Self:
        return self

    def iterlists(self) -> Iterator[tuple[str, list[Any]]]:
        for key, versions in self._keys:
            yield key, _Listed(map(_listed, versions))


def _listed(version: Any) -> Any:
    listed = object.__new__(_ListedKey if isinstance(version, FakeKey) else FakeDeleteMarker)
    listed.__dict__.update(version.__dict__)
    return listed


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
    keys = list(self.get_bucket(bucket_name).keys.iterlists())
    if key_marker is not None and not version_id_marker:
        key_marker, version_id_marker = _last_version_up_to(keys, key_marker)
    # What the marker names stays, whether it has the prefix or not: moto looks for it.
    asked = [
        (key, versions)
        for key, versions in keys
        if key == key_marker or (key.startswith(prefix) and (key_marker is None or key > key_marker))
    ]
    excerpt: Any = _Excerpt(asked)
    return _as_moto_lists(excerpt, bucket_name, delimiter, key_marker, max_keys, prefix, version_id_marker)


def _last_version_up_to(keys: list[tuple[str, list[Any]]], key_marker: str) -> tuple[str | None, str | None]:
    passed = [entry for entry in keys if entry[0] <= key_marker]
    if not passed:
        return None, None
    key, versions = max(passed, key=lambda entry: entry[0])
    newest_first = sorted(versions, key=lambda version: -unix_time_millis(version.last_modified))
    return key, newest_first[-1].version_id


S3Backend.list_object_versions = list_object_versions  # type: ignore[method-assign]
