"""What an owner sees of the photos that really came, and what nobody else does."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import pytest
from moto.cognitoidp.models import cognitoidp_backends
from PIL import Image

from chalicelib.api import owner_routes
from infra.local.cloud import REGION, LocalCloud
from tests.e2e.bucket import Bucket
from tests.e2e.people import DeviceCaller, OwnerCaller, sha256_hex
from tests.pictures import BLUE, GREEN, RED, YELLOW, photo, turned_photo
from tests.tiny_jpegs import tiny_jpeg

NewDevice = Callable[[], DeviceCaller]
NewOwner = Callable[[], OwnerCaller]


def seqs(items: list[dict[str, Any]]) -> list[int]:
    return [item["seq"] for item in items]


def send_hourly(device: DeviceCaller, first_hour: int, count: int) -> None:
    """Seq 1 at that hour of a day, seq 2 an hour later, and so on."""
    for seq in range(1, count + 1):
        hour = first_hour + seq - 1
        device.send(seq, tiny_jpeg(seq), captured_at=f"2026-01-01T{hour:02d}:00:00Z")


def test_list_is_newest_first_over_all_cameras_and_pages_hold_each_photo_once(
    cloud: LocalCloud, owner: OwnerCaller, new_device: NewDevice
) -> None:
    barn, door = new_device(), new_device()
    send_hourly(barn, 1, 3)
    send_hourly(door, 2, 2)
    cloud.settle()
    everything = owner.items()
    assert len(everything) == 5
    times = [item["captured_at"] for item in everything]
    assert times == sorted(times, reverse=True)
    assert owner.items(limit=2) == everything
    assert owner.items(limit=1) == everything
    assert seqs(owner.items(device_id=barn.device_id)) == [3, 2, 1]
    assert seqs(owner.items(device_id=door.device_id, limit=1)) == [2, 1]


def test_list_of_a_time_begins_with_from_and_ends_before_to(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    send_hourly(device, 1, 4)
    cloud.settle()
    assert seqs(owner.items(**{"from": "2026-01-01T02:00:00Z", "to": "2026-01-01T04:00:00Z"})) == [3, 2]
    assert seqs(owner.items(**{"from": "2026-01-01T03:00:00+01:00"})) == [4, 3, 2]
    assert seqs(owner.items(to="2026-01-01T01:00:00.001Z", device_id=device.device_id)) == [1]
    assert seqs(owner.items(limit=1, **{"from": "2026-01-01T02:00:00Z"})) == [4, 3, 2]
    assert owner.items(**{"from": "2027-01-01T00:00:00Z"}) == []


def test_urls_of_the_list_give_photo_and_thumbnail(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller) -> None:
    jpeg = photo(640, 480)
    device.send(1, jpeg)
    cloud.settle()
    page = owner.page()
    (item,) = page["items"]
    assert page["urls"].keys() == {item["photo"]["object_key"], item["thumbnail"]["object_key"]}
    assert owner.s3.get(page["urls"][item["photo"]["object_key"]]).content == jpeg
    thumbnail = owner.s3.get(page["urls"][item["thumbnail"]["object_key"]])
    assert thumbnail.headers["Content-Type"] == "image/jpeg"
    assert Image.open(BytesIO(thumbnail.content)).size == (320, 240)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_photo_comes_as_it_was_sent_and_its_thumbnail_upright(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, orientation: int
) -> None:
    jpeg = turned_photo(orientation, 320, 240)
    device.send(1, jpeg)
    cloud.settle()
    item = owner.item(device.device_id, 1)
    assert owner.photo(item) == jpeg
    assert (item["width"], item["height"]) == (320, 240)
    thumbnail = Image.open(BytesIO(owner.thumbnail(item))).convert("RGB")
    width, height = thumbnail.size
    assert (width, height) == (320, 240)
    near, far = 0.1, 0.9
    corners = {(near, near): RED, (far, near): GREEN, (near, far): BLUE, (far, far): YELLOW}
    for (x, y), colour in corners.items():
        seen = thumbnail.getpixel((int(width * x), int(height * y)))
        assert isinstance(seen, tuple)
        assert all(abs(a - b) < 40 for a, b in zip(seen, colour, strict=True)), (x, y)


def test_presigned_get_answers_a_range(cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller) -> None:
    jpeg = photo()
    device.send(1, jpeg)
    cloud.settle()
    url = owner.item(device.device_id, 1)["photo"]["url"]
    answer = owner.s3.get(url, headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, jpeg[10:20])
    assert answer.headers["Content-Range"] == f"bytes 10-19/{len(jpeg)}"
    beyond = owner.s3.get(url, headers={"Range": f"bytes={len(jpeg)}-"})
    assert beyond.status_code == 416


def test_presigned_get_does_not_let_anybody_write_or_read_more(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller
) -> None:
    device.send(1, tiny_jpeg(1))
    device.send(2, tiny_jpeg(2))
    cloud.settle()
    one, two = (owner.item(device.device_id, seq)["photo"] for seq in (1, 2))
    assert owner.s3.put(one["url"], content=b"mine").status_code == 403
    assert owner.s3.delete(one["url"]).status_code == 403
    assert owner.s3.get(one["url"].replace(one["object_key"], two["object_key"])).status_code == 403
    assert owner.photo(owner.item(device.device_id, 1)) == tiny_jpeg(1)


def test_deleted_photo_is_a_tombstone_and_its_urls_are_dead(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, derived: Bucket
) -> None:
    device.send(1, tiny_jpeg(1))
    device.send(2, tiny_jpeg(2))
    cloud.settle()
    item = owner.item(device.device_id, 1)
    deleted = owner.ask("DELETE", f"/items/{device.device_id}/1")
    assert (deleted["status"], deleted["item_id"]) == ("deleted", item["item_id"])
    for place in ("photo", "thumbnail"):
        assert place not in deleted
        assert owner.s3.get(item[place]["url"]).status_code == 404
    assert owner.ask("DELETE", f"/items/{device.device_id}/1") == deleted
    assert owner.item(device.device_id, 1) == deleted
    assert seqs(owner.items()) == [2]
    assert ["/0000000000000002-" in key for key in captures.of_device(device.device_id)] == [True]
    assert ["/0000000000000002." in key for key in derived.of_device(device.device_id)] == [True]


def test_live_url_cannot_bring_a_deleted_photo_back(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket, derived: Bucket
) -> None:
    jpeg = tiny_jpeg(1)
    bound, bare = device.target(1, jpeg), device.target(1, filename="again.jpg")
    device.send(1, jpeg)
    cloud.settle()
    owner.ask("DELETE", f"/items/{device.device_id}/1")
    assert device.put(bound, jpeg).status_code == 200
    assert device.put(bare, tiny_jpeg(2)).status_code == 200
    cloud.settle()
    # Other bytes are another photo: kept, and told.
    assert [key.split("/")[2] for key in captures.of_device(device.device_id)] == ["conflicts"]
    assert [event["kind"] for event in owner.events(device.device_id)] == ["conflict"]
    assert derived.of_device(device.device_id) == []
    assert owner.item(device.device_id, 1)["status"] == "deleted"
    assert owner.items() == []
    receipt = device.ingest(bound, 1, sha256=sha256_hex(jpeg))
    assert (receipt["status"], receipt["receipt"]["state"]) == ("duplicate", "deleted")
    again = device.target(1, jpeg)
    assert (again["status"], again["receipt"]["state"]) == ("duplicate", "deleted")


def test_photo_deleted_before_its_object_came_never_comes(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    jpeg = tiny_jpeg(1)
    target = device.target(1, jpeg)
    device.ingest(target, 1)
    assert owner.item(device.device_id, 1)["status"] == "awaiting_object"
    owner.ask("DELETE", f"/items/{device.device_id}/1")
    assert device.put(target, jpeg).status_code == 200
    cloud.settle()
    assert captures.of_device(device.device_id) == []
    assert owner.item(device.device_id, 1)["status"] == "deleted"


def test_other_bytes_for_a_held_seq_are_kept_aside_and_told(
    cloud: LocalCloud, owner: OwnerCaller, device: DeviceCaller, captures: Bucket
) -> None:
    first, other = tiny_jpeg(1), tiny_jpeg(2)
    late = device.target(1, filename="late.jpg")
    device.send(1, first)
    cloud.settle()
    refused = device.call(
        "POST",
        "/devices/upload-url",
        json={"filename": "b.jpg", "content_type": "image/jpeg", "seq": 1, "sha256": sha256_hex(other)},
    )
    assert (refused.status_code, refused.json()["error"]["code"], refused.json()["next_seq"]) == (409, "conflict", 2)
    assert device.put(late, other).status_code == 200
    cloud.settle()
    assert owner.photo(owner.item(device.device_id, 1)) == first
    (event,) = [event for event in owner.events(device.device_id) if event["kind"] == "conflict"]
    assert (event["details"]["seq"], event["details"]["sha256"]) == (1, sha256_hex(other))
    assert captures.body(event["details"]["object_key"]) == other
    assert len(captures.of_device(device.device_id)) == 2
    claimed = device.call("POST", "/devices/ingest", json={"object_key": late["object_key"], "seq": 1})
    assert (claimed.status_code, claimed.json()["next_seq"]) == (409, 2)


BODIES: dict[str, dict[str, object]] = {
    "PATCH /devices/{device_id}": {"name": "mine now", "settings": {"paused": True}},
    "POST /devices/{device_id}/commands": {"kind": "reboot"},
    "POST /devices/{device_id}/forget": {"from": "2025-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
}
OF_ONE_DEVICE = [route for route in owner_routes.routes.entries if "{device_id}" in route.path]


@pytest.mark.parametrize("route", OF_ONE_DEVICE, ids=lambda route: f"{route.method} {route.path}")
def test_other_owner_finds_nothing_there_and_changes_nothing(
    cloud: LocalCloud, owner: OwnerCaller, new_owner: NewOwner, device: DeviceCaller, route: Any
) -> None:
    device.send(1, tiny_jpeg(1))
    cloud.settle()
    path = route.path.replace("{device_id}", device.device_id).replace("{seq}", "1")
    before = (owner.ask("GET", f"/devices/{device.device_id}"), owner.page()["items"])
    answer = new_owner().call(route.method, path, json=BODIES.get(f"{route.method} {route.path}"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    unknown = path.replace(device.device_id, str(uuid.uuid4()))
    same = owner.call(route.method, unknown, json=BODIES.get(f"{route.method} {route.path}"))
    assert same.json()["error"] | {"request_id": ""} == answer.json()["error"] | {"request_id": ""}
    assert (owner.ask("GET", f"/devices/{device.device_id}"), owner.page()["items"]) == before
    assert owner.ask("GET", f"/devices/{device.device_id}/commands")["items"] == []
    assert device.call("GET", "/devices/commands").status_code == 200


def test_other_owners_lists_are_their_own(
    cloud: LocalCloud, owner: OwnerCaller, new_owner: NewOwner, device: DeviceCaller
) -> None:
    device.send(1, tiny_jpeg(1))
    cloud.settle()
    stranger = new_owner()
    own = stranger.pair("their own")["device_id"]
    assert stranger.items() == []
    assert [one["device_id"] for one in stranger.ask("GET", "/devices")["items"]] == [own]
    assert stranger.call("GET", "/items", params={"device_id": device.device_id}).status_code == 404
    assert [one["device_id"] for one in owner.ask("GET", "/devices")["items"]] == [device.device_id]


def test_cursor_of_one_owner_shows_another_nothing(
    cloud: LocalCloud, owner: OwnerCaller, new_owner: NewOwner, device: DeviceCaller
) -> None:
    send_hourly(device, 1, 3)
    cloud.settle()
    cursor = owner.page(limit=1)["cursor"]
    assert cursor
    assert len(owner.page(cursor=cursor)["items"]) == 2
    assert new_owner().page(cursor=cursor)["items"] == []


def token_of_another_pool(cloud: LocalCloud) -> str:
    cognito = cloud.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="another", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="owner", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="owner", Password="Pa55word-long", Permanent=True)
    result = cognito.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "owner", "PASSWORD": "Pa55word-long"},
    )
    return str(result["AuthenticationResult"]["AccessToken"])


def token_of_our_pool(cloud: LocalCloud, use: str = "access", *, client: str | None = None, expires_in_s: int) -> str:
    """Signed with the pool's own key, which only moto has."""
    (backend,) = [regions[REGION] for regions in cognitoidp_backends.values() if REGION in regions]
    pool = backend.user_pools[cloud.outputs.user_pool_id]
    token, _ = pool.create_jwt(client or cloud.outputs.user_pool_client_id, "owner", use, expires_in=expires_in_s)
    return str(token)


def with_other_signature(cloud: LocalCloud) -> str:
    signed, _, signature = cloud.owner.token.rpartition(".")
    return f"{signed}.{signature[::-1]}"


BAD_TOKENS: dict[str, Callable[[LocalCloud], str]] = {
    "another pool's": token_of_another_pool,
    "expired": lambda cloud: token_of_our_pool(cloud, expires_in_s=-60),
    "an id token": lambda cloud: token_of_our_pool(cloud, "id", expires_in_s=600),
    "another client's": lambda cloud: token_of_our_pool(cloud, client="another", expires_in_s=600),
    "with another signature": with_other_signature,
    "without a signature": lambda cloud: cloud.owner.token.rpartition(".")[0] + ".",
    "no token": lambda cloud: "rubbish",
    "three parts of nothing": lambda cloud: "..",
}


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_owner_token_that_is_not_good_is_refused(cloud: LocalCloud, name: str) -> None:
    answer = httpx.get(
        f"{cloud.api_url}/devices", headers={"Authorization": f"Bearer {BAD_TOKENS[name](cloud)}"}, trust_env=False
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_credential")
    assert answer.headers["x-amzn-Remapped-WWW-Authenticate"].startswith("Bearer")


def test_token_made_like_the_bad_ones_but_good_is_taken(cloud: LocalCloud) -> None:
    token = token_of_our_pool(cloud, expires_in_s=600)
    answer = httpx.get(f"{cloud.api_url}/devices", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert answer.status_code == 200


def test_owner_routes_take_no_device_token_and_no_silence(device: DeviceCaller) -> None:
    for route in owner_routes.routes.entries:
        path = route.path.replace("{device_id}", device.device_id).replace("{seq}", "1")
        silent = device.call(route.method, path, json={})
        assert (silent.status_code, silent.json()["error"]["code"]) == (401, "missing_credential"), route.path
        disguised = device.call(route.method, path, json={}, headers={"Authorization": f"Bearer {device.token}"})
        assert (disguised.status_code, disguised.json()["error"]["code"]) == (401, "invalid_credential"), route.path
