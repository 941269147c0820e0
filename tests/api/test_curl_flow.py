"""The flow that a newcomer types with curl: these very bodies, in this order."""

from __future__ import annotations

from chalicelib.api import functions
from tests.api.client import Client
from tests.api.s3_events import created
from tests.api.scene import World
from tests.tiny_jpegs import tiny_jpeg


def test_pair_activate_upload_ingest_as_typed_with_curl(world: World, owner: Client, nobody: Client) -> None:
    paired = owner.send("POST", "/devices/pair", body=b'{"name":"esp32-proto"}', headers=JSON).json
    assert paired.keys() == {"device_id", "pairing_code", "expires_at"}

    activation = b'{"pairing_code":"%s"}' % paired["pairing_code"].encode()
    activated = nobody.send("POST", "/devices/activate", body=activation, headers=JSON).json
    assert activated["device_id"] == paired["device_id"]
    assert activated["device_token"].startswith("devtok_")

    device = Client({"X-Device-Token": activated["device_token"]})
    asked = b'{"filename":"2025-12-26T10-15-30Z_000123.jpg","content_type":"image/jpeg","seq":123}'
    target = device.send("POST", "/devices/upload-url", body=asked, headers=JSON).json
    key = f"devices/{paired['device_id']}/2025/12/26/0000000000000123-2025-12-26T10-15-30Z_000123.jpg"
    assert target["object_key"] == key
    assert target["upload_url"] == f"https://{target['upload_host']}{target['upload_path']}"
    assert target["upload_port"] == 443
    assert target["headers"]["Content-Type"] == "image/jpeg"

    world.captures.upload(key, tiny_jpeg(1), if_none_match=False)
    confirmation = (
        b'{"object_key":"%s","captured_at":"2025-12-26T10:15:30Z","seq":123,"ntp_synced":true}' % key.encode()
    )
    queued = device.send("POST", "/devices/ingest", body=confirmation, headers=JSON).json
    assert queued["status"] == "queued"
    assert queued.keys() >= {"status", "item_id", "task_id"}

    again = device.send("POST", "/devices/ingest", body=confirmation, headers=JSON).json
    assert again == {"status": "duplicate", "item_id": queued["item_id"]}


def test_what_was_typed_ends_in_the_gallery(world: World, owner: Client) -> None:
    paired = owner.post("/devices/pair", {"name": "esp32-proto"}).json
    activated = Client().post("/devices/activate", {"pairing_code": paired["pairing_code"]}).json
    device = Client({"X-Device-Token": activated["device_token"]})
    asked = {"filename": "2025-12-26T10-15-30Z_000123.jpg", "content_type": "image/jpeg", "seq": 123}
    key = device.post("/devices/upload-url", asked).json["object_key"]
    world.captures.upload(key, tiny_jpeg(1))
    device.post(
        "/devices/ingest",
        {"object_key": key, "captured_at": "2025-12-26T10:15:30Z", "seq": 123, "ntp_synced": True},
    )

    functions.process_objects(created(key))

    (item,) = owner.get("/items").json["items"]
    assert item["status"] == "processed"
    assert item["captured_at"] == "2025-12-26T10:15:30.000Z"
    assert item["captured_at_confidence"] == "ntp"
    assert (item["width"], item["height"]) == (16, 12)


JSON = {"Content-Type": "application/json"}
