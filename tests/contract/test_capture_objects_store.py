"""CaptureObjects and DerivedObjects, in memory and on S3."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest

from chalicelib.domain.item import StoredObject
from chalicelib.domain.storage import Fetched
from tests.contract.conftest import Stores

KEY = "devices/d1/2026/05/04/0000000000000001-cam.jpg"
BODY = b"\xff\xd8\xff photo \xff\xd9"
OTHER = b"\xff\xd8\xff another photo \xff\xd9"


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


def uploaded(stores: Stores, key: str = KEY, body: bytes = BODY, *, named: bool = True) -> StoredObject:
    """An object that a device PUT, over whatever was there."""
    found = stores.upload(key, body, digest(body) if named else None, False)
    assert found is not None
    return found


def version_of(found: StoredObject) -> str:
    assert found.version_id is not None
    return found.version_id


def bytes_of(stores: Stores, key: str, version_id: str | None = None) -> bytes | None:
    found = stores.captures.fetch(key, version_id, at_most_bytes=1000)
    return found.body if found else None


def listed(stores: Stores, prefix: str, start_after: str | None = None, limit: int = 100) -> list[str]:
    return [found.key for found in stores.captures.list_versions(prefix, start_after, limit)]


def test_an_unknown_key_has_no_head_and_no_bytes(stores: Stores) -> None:
    assert stores.captures.head(KEY) is None
    assert stores.captures.fetch(KEY, None, at_most_bytes=1000) is None


def test_head_tells_the_sha256_that_the_upload_named(stores: Stores) -> None:
    found = uploaded(stores)

    assert stores.captures.head(KEY) == found
    assert (found.key, found.size_bytes, found.sha256) == (KEY, len(BODY), digest(BODY))


def test_head_tells_no_sha256_where_the_upload_named_none(stores: Stores) -> None:
    assert uploaded(stores, named=False).sha256 is None


def test_head_tells_when_the_object_came_in_whole_seconds_of_utc(stores: Stores) -> None:
    stored_at = uploaded(stores).stored_at

    assert stored_at.utcoffset() == timedelta(0)
    assert stored_at.microsecond == 0


@pytest.mark.parametrize("named", [True, False])
def test_the_whole_object_is_fetched_with_what_its_head_tells(stores: Stores, named: bool) -> None:
    found = uploaded(stores, named=named)

    got = stores.captures.fetch(KEY, None, at_most_bytes=len(BODY))
    assert got is not None
    assert (got.object, got.body) == (found, BODY)


def test_of_more_than_was_asked_for_only_the_head_is_fetched(stores: Stores) -> None:
    found = uploaded(stores)

    got = stores.captures.fetch(KEY, None, at_most_bytes=len(BODY) - 1)
    assert got is not None
    assert (got.object, got.body) == (found, None)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("length", [1, len(BODY), len(BODY) + 1])
def test_the_start_of_an_object_is_fetched_with_what_the_head_of_the_whole_tells(
    stores: Stores, named: bool, length: int
) -> None:
    found = uploaded(stores, named=named)
    uploaded(stores, body=OTHER)

    got = stores.captures.fetch_start(KEY, found.version_id, at_most_bytes=length)
    assert got is not None
    assert (got.object, got.body) == (found, BODY[:length])


def test_of_an_empty_object_the_start_is_empty(stores: Stores) -> None:
    found = uploaded(stores, body=b"")

    got = stores.captures.fetch_start(KEY, None, at_most_bytes=10)
    assert got is not None
    assert (got.object, got.body) == (found, b"")


def test_of_what_is_not_there_there_is_no_start(stores: Stores) -> None:
    gone = version_of(uploaded(stores))
    stores.captures.delete_version(KEY, gone)
    uploaded(stores)

    assert stores.captures.fetch_start(KEY, gone, at_most_bytes=10) is None
    assert stores.captures.fetch_start("devices/d1/none.mp4", None, at_most_bytes=10) is None


def test_an_empty_object_is_an_object(stores: Stores) -> None:
    found = uploaded(stores, body=b"")

    assert found.size_bytes == 0
    assert bytes_of(stores, KEY) == b""


def test_an_upload_with_if_none_match_never_replaces(stores: Stores) -> None:
    first = uploaded(stores)

    assert stores.upload(KEY, OTHER, None, True) is None
    assert stores.captures.head(KEY) == first


def test_an_upload_without_if_none_match_lies_over_the_first_and_both_are_kept(stores: Stores) -> None:
    first, second = uploaded(stores), uploaded(stores, body=OTHER)

    assert stores.captures.head(KEY) == second
    assert stores.captures.head(KEY, first.version_id) == first
    assert bytes_of(stores, KEY, first.version_id) == BODY
    assert bytes_of(stores, KEY) == OTHER


def test_a_version_that_is_not_there_is_none(stores: Stores) -> None:
    gone = version_of(uploaded(stores))
    stores.captures.delete_version(KEY, gone)
    uploaded(stores)

    assert stores.captures.head(KEY, gone) is None
    assert bytes_of(stores, KEY, gone) is None


def test_put_creates_with_the_checksum(stores: Stores) -> None:
    assert stores.captures.put(KEY, BODY, "image/jpeg", digest(BODY))

    found = stores.captures.head(KEY)
    assert found is not None
    assert (found.size_bytes, found.sha256) == (len(BODY), digest(BODY))


def test_put_never_replaces(stores: Stores) -> None:
    first = uploaded(stores)

    assert not stores.captures.put(KEY, OTHER, "image/jpeg", digest(OTHER))
    assert not stores.captures.put(KEY, BODY, "image/jpeg", digest(BODY))
    assert [found.version_id for found in stores.captures.list_versions(KEY, None, 10)] == [first.version_id]


def test_a_moved_version_is_under_its_new_key_only_with_its_sha256_known(stores: Stores) -> None:
    found = uploaded(stores, named=False)

    stores.captures.move_version(KEY, version_of(found), "devices/d1/conflicts/1.jpg")

    moved = stores.captures.head("devices/d1/conflicts/1.jpg")
    assert moved is not None
    assert (moved.size_bytes, moved.sha256) == (len(BODY), digest(BODY))
    assert bytes_of(stores, "devices/d1/conflicts/1.jpg") == BODY
    assert stores.captures.head(KEY) is None


def test_moving_the_version_on_top_brings_back_the_one_under_it(stores: Stores) -> None:
    first, second = uploaded(stores), uploaded(stores, body=OTHER)

    stores.captures.move_version(KEY, version_of(second), "aside")

    assert stores.captures.head(KEY) == first
    assert bytes_of(stores, "aside") == OTHER


def test_moving_the_version_below_leaves_the_one_on_top(stores: Stores) -> None:
    first, second = uploaded(stores), uploaded(stores, body=OTHER)

    stores.captures.move_version(KEY, version_of(first), "aside")

    assert listed(stores, "") == ["aside", KEY]
    assert stores.captures.head(KEY) == second


def test_a_move_can_be_repeated(stores: Stores) -> None:
    version_id = version_of(uploaded(stores))
    for _ in range(2):
        stores.captures.move_version(KEY, version_id, "aside")

    assert listed(stores, "") == ["aside"]


def test_a_move_that_broke_off_after_the_copy_is_finished_without_a_second_copy(stores: Stores) -> None:
    version_id = version_of(uploaded(stores))
    uploaded(stores, "aside")

    stores.captures.move_version(KEY, version_id, "aside")

    assert listed(stores, "") == ["aside"]


def test_a_deleted_version_is_gone_and_the_older_one_is_current(stores: Stores) -> None:
    first, second = uploaded(stores), uploaded(stores, body=OTHER)

    stores.captures.delete_version(KEY, version_of(second))
    stores.captures.delete_version(KEY, version_of(second))

    assert stores.captures.head(KEY) == first
    assert stores.captures.list_versions(KEY, None, 10)[0].version_id == first.version_id


def test_deleting_all_versions_deletes_every_one_and_no_other_key(stores: Stores) -> None:
    for _ in range(3):
        uploaded(stores)
    longer = uploaded(stores, KEY + ".bak")
    shorter = uploaded(stores, KEY[:-1])

    stores.captures.delete_all_versions(KEY)

    assert listed(stores, "") == [shorter.key, longer.key]
    assert stores.captures.head(KEY) is None


def test_deleting_all_versions_of_what_is_not_there_is_no_error(stores: Stores) -> None:
    stores.captures.delete_all_versions(KEY)

    assert listed(stores, "") == []


def test_a_key_whose_versions_are_all_deleted_is_free_again(stores: Stores) -> None:
    uploaded(stores)
    stores.captures.delete_all_versions(KEY)

    assert stores.captures.put(KEY, BODY, "image/jpeg", digest(BODY))


def test_a_list_is_in_the_order_of_keys_and_of_one_prefix(stores: Stores) -> None:
    for key in ("devices/a/2", "devices/b/1", "devices/a/10", "devices/a/1"):
        uploaded(stores, key)

    assert listed(stores, "devices/a/") == ["devices/a/1", "devices/a/10", "devices/a/2"]


def test_a_list_goes_on_after_a_key(stores: Stores) -> None:
    for key in ("a/1", "a/2", "a/3"):
        uploaded(stores, key)

    assert listed(stores, "a/", "a/1") == ["a/2", "a/3"]
    assert listed(stores, "a/", "a/3") == []


def test_a_list_may_begin_where_there_is_no_key(stores: Stores) -> None:
    for key in ("a/2026/05/01/1", "a/2026/05/03/1", "a/2026/05/03/2"):
        uploaded(stores, key)

    assert listed(stores, "a/", "a/2026/05/02/") == ["a/2026/05/03/1", "a/2026/05/03/2"]
    assert listed(stores, "a/", "A") == ["a/2026/05/01/1", "a/2026/05/03/1", "a/2026/05/03/2"]
    assert listed(stores, "a/", "z") == []


def test_a_list_is_cut_at_its_limit(stores: Stores) -> None:
    for key in ("a/1", "a/2", "a/3"):
        uploaded(stores, key)

    assert listed(stores, "a/", None, 2) == ["a/1", "a/2"]
    assert listed(stores, "a/", "a/1", 1) == ["a/2"]


def test_a_list_holds_every_version_without_its_sha256(stores: Stores) -> None:
    first, second = uploaded(stores), uploaded(stores, body=OTHER)

    found = stores.captures.list_versions("devices/", None, 10)

    assert {(each.key, each.version_id, each.size_bytes, each.sha256) for each in found} == {
        (KEY, first.version_id, len(BODY), None),
        (KEY, second.version_id, len(OTHER), None),
    }


def test_a_list_of_several_pages_is_whole(stores: Stores) -> None:
    keys = [f"a/{number}" for number in range(8)]
    for key in keys:
        uploaded(stores, key)

    assert listed(stores, "a/", None, 100) == keys
    assert listed(stores, "a/", None, 7) == keys[:7]
    assert listed(stores, "a/", "a/1", 6) == keys[2:]


def test_more_versions_than_a_page_are_all_listed_and_all_deleted(stores: Stores) -> None:
    for _ in range(8):
        uploaded(stores)
    uploaded(stores, KEY + ".bak")
    assert listed(stores, KEY, None, 100) == [*[KEY] * 8, KEY + ".bak"]

    stores.captures.delete_all_versions(KEY)

    assert listed(stores, "") == [KEY + ".bak"]


def fetched(stores: Stores) -> Fetched:
    found = stores.captures.fetch(KEY, None, at_most_bytes=1000)
    assert found is not None
    return found


def rewritten(stores: Stores, seen: Fetched, body: bytes = OTHER) -> bool:
    return stores.captures.replace(KEY, body, "application/zip", digest(body), if_match=seen.etag, was=seen.object)


def test_a_rewritten_object_tells_what_it_hashes_to_what_it_was_sealed_with_and_when_it_came(stores: Stores) -> None:
    first = uploaded(stores)
    stores.clock.advance(60)

    assert rewritten(stores, fetched(stores))
    assert rewritten(stores, fetched(stores), BODY + b"more")

    after = fetched(stores)
    assert stores.captures.head(KEY) == after.object
    assert (after.body, after.object.sha256) == (BODY + b"more", digest(BODY + b"more"))
    assert (after.object.sealed_sha256, after.object.stored_at) == (digest(BODY), first.stored_at)


def test_an_object_that_has_changed_is_not_rewritten(stores: Stores) -> None:
    uploaded(stores)
    seen = fetched(stores)
    assert rewritten(stores, seen)

    assert not rewritten(stores, seen, BODY + b"more")

    assert bytes_of(stores, KEY) == OTHER


def test_an_object_that_is_gone_is_not_rewritten(stores: Stores) -> None:
    uploaded(stores)
    seen = fetched(stores)
    stores.captures.delete_all_versions(KEY)

    assert not rewritten(stores, seen)

    assert listed(stores, "") == []


def test_old_versions_are_deleted_and_the_current_one_stays(stores: Stores) -> None:
    uploaded(stores)
    rewritten(stores, fetched(stores))
    rewritten(stores, fetched(stores), BODY + b"more")
    other = uploaded(stores, KEY + ".bak", OTHER)

    for _ in range(2):
        stores.captures.delete_old_versions(KEY)

    assert listed(stores, "") == [KEY, other.key]
    assert bytes_of(stores, KEY) == BODY + b"more"


def test_there_may_be_no_old_versions(stores: Stores) -> None:
    stores.captures.delete_old_versions(KEY)

    assert listed(stores, "") == []


def test_what_is_derived_can_be_made_again(stores: Stores) -> None:
    for body in (BODY, OTHER):
        stores.derived.put("devices/d1/thumbnails/1.jpg", body, "image/jpeg")

    assert OTHER in stores.derived_bodies("devices/d1/thumbnails/1.jpg")


def test_what_is_derived_is_deleted_with_all_its_versions(stores: Stores) -> None:
    for key in ("thumbnails/1.jpg", "thumbnails/1.jpg", "thumbnails/1.jpg.bak"):
        stores.derived.put(key, BODY, "image/jpeg")

    stores.derived.delete_all_versions("thumbnails/1.jpg")
    stores.derived.delete_all_versions("thumbnails/1.jpg")

    assert stores.derived_bodies("thumbnails/1.jpg.bak") == [BODY]
    assert stores.captures.head("thumbnails/1.jpg") is None


PACK = "devices/d1/thumbnails/packs/1.zip"


def test_what_is_created_is_read_back(stores: Stores) -> None:
    assert stores.derived.read(PACK) is None
    assert stores.derived.create(PACK, BODY, "application/zip")

    content = stores.derived.read(PACK)
    assert content is not None
    assert content.body == BODY


def test_of_two_that_create_the_second_changes_nothing(stores: Stores) -> None:
    assert stores.derived.create(PACK, BODY, "application/zip")

    assert not stores.derived.create(PACK, OTHER, "application/zip")

    assert stores.derived_bodies(PACK) == [BODY]


def test_what_is_derived_is_replaced_only_as_it_was_read(stores: Stores) -> None:
    stores.derived.create(PACK, BODY, "application/zip")
    read = stores.derived.read(PACK)
    assert read is not None

    assert stores.derived.replace(PACK, OTHER, "application/zip", if_match=read.etag)
    assert not stores.derived.replace(PACK, BODY + b"more", "application/zip", if_match=read.etag)

    assert stores.derived_bodies(PACK) == [OTHER, BODY]
    stores.derived.delete_old_versions(PACK)
    assert stores.derived_bodies(PACK) == [OTHER]


def test_what_is_gone_is_not_replaced(stores: Stores) -> None:
    stores.derived.create(PACK, BODY, "application/zip")
    read = stores.derived.read(PACK)
    assert read is not None
    stores.derived.delete_all_versions(PACK)

    assert not stores.derived.replace(PACK, OTHER, "application/zip", if_match=read.etag)

    assert stores.derived_bodies(PACK) == []
