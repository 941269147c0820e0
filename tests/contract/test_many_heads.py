"""CaptureObjects.head_many, in memory and on S3."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tests.contract.conftest import Stores

KEY = "devices/d1/packs/{:02d}.zip"


@pytest.mark.parametrize("count", [0, 1, 4, 5, 40])
def test_many_heads_tell_what_one_tells_in_their_order(stores: Stores, count: int) -> None:
    for number in range(0, count, 2):
        body = b"pack %d" % number
        stores.upload(KEY.format(number), body, sha256(body).hexdigest(), True)

    found = stores.captures.head_many([(KEY.format(number), None) for number in range(count)])

    assert found == [stores.captures.head(KEY.format(number)) for number in range(count)]
    assert [each is not None for each in found] == [number % 2 == 0 for number in range(count)]


def test_each_head_is_of_the_version_that_is_asked_for(stores: Stores) -> None:
    old = stores.upload(KEY, b"old", None, False)
    new = stores.upload(KEY, b"newer", None, False)
    assert old is not None
    assert new is not None

    found = stores.captures.head_many([(KEY, old.version_id), (KEY, None), (KEY, new.version_id)])

    assert [each and each.size_bytes for each in found] == [3, 5, 5]
