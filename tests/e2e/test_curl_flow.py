"""A photo by hand: the six steps that a newcomer types, with the real curl."""

from __future__ import annotations

import json
import subprocess
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from infra.local.cloud import LocalCloud
from tests.e2e.people import JsonObject, OwnerCaller
from tests.pictures import photo

PAIR = """\
curl -X POST "$API_BASE/devices/pair" \\
  -H "Authorization: Bearer $USER_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name":"esp32-proto"}'
"""
ACTIVATE = """\
curl -X POST "$API_BASE/devices/activate" \\
  -H "Content-Type: application/json" \\
  -d '{"pairing_code":"123456"}'
"""
UPLOAD_URL = """\
curl -X POST "$API_BASE/devices/upload-url" \\
  -H "X-Device-Token: $DEVICE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"filename":"2025-12-26T10-15-30Z_000123.jpg","content_type":"image/jpeg","seq":123}'
"""
PUT = """\
curl -X PUT "http://$UPLOAD_HOST:$UPLOAD_PORT$UPLOAD_PATH" \\
  -H "Content-Type: image/jpeg" \\
  --data-binary "@/path/to/file.jpg"
"""
INGEST = """\
curl -X POST "$API_BASE/devices/ingest" \\
  -H "X-Device-Token: $DEVICE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"object_key":"...","captured_at":"2025-12-26T10:15:30Z","seq":123,"ntp_synced":true}'
"""
LIST = 'curl "$API_BASE/items" -H "Authorization: Bearer $USER_TOKEN"'
ITEM = 'curl "$API_BASE/items/$DEVICE_ID/123" -H "Authorization: Bearer $USER_TOKEN"'


class Shell:
    """Runs curl lines; variables that it is told stay for the next line."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self._folder = folder
        self._variables = {"PATH": "/usr/bin:/bin:/usr/local/bin", "NO_PROXY": "127.0.0.1", **variables}

    def set(self, **variables: object) -> None:
        self._variables |= {name: str(value) for name, value in variables.items()}

    def run(self, line: str) -> bytes:
        done = subprocess.run(
            ["sh", "-ec", line], env=self._variables, cwd=self._folder, capture_output=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def ask(self, line: str) -> JsonObject:
        answer: JsonObject = json.loads(self.run(line))
        return answer


@pytest.fixture
def shell(cloud: LocalCloud, owner: OwnerCaller, tmp_path: Path) -> Shell:
    token = owner.headers["Authorization"].removeprefix("Bearer ")
    return Shell(tmp_path, API_BASE=cloud.api_url, USER_TOKEN=token)


def test_photo_by_hand_step_by_step(cloud: LocalCloud, shell: Shell, tmp_path: Path) -> None:
    jpeg = photo(640, 480)
    (tmp_path / "file.jpg").write_bytes(jpeg)

    paired = shell.ask(PAIR)
    assert paired.keys() >= {"device_id", "pairing_code", "expires_at"}

    activated = shell.ask(ACTIVATE.replace("123456", paired["pairing_code"]))
    assert activated["device_id"] == paired["device_id"]
    assert activated["device_token"].startswith("devtok_")
    shell.set(DEVICE_ID=activated["device_id"], DEVICE_TOKEN=activated["device_token"])

    target = shell.ask(UPLOAD_URL)
    assert (target["upload_host"], target["upload_port"]) == ("127.0.0.1", urlsplit(cloud.s3_url).port)
    assert target["object_key"].startswith(f"devices/{activated['device_id']}/2025/12/26/")
    assert target["object_key"].endswith("123-2025-12-26T10-15-30Z_000123.jpg")
    for name in ("upload_host", "upload_port", "upload_path"):
        shell.set(**{name.upper(): target[name]})

    assert shell.run(PUT.replace("/path/to/file.jpg", str(tmp_path / "file.jpg"))) == b""

    ingest = INGEST.replace('"..."', json.dumps(target["object_key"]))
    queued = shell.ask(ingest)
    assert queued["status"] == "queued"
    assert queued.keys() >= {"item_id", "task_id"}
    again = shell.ask(ingest)
    assert (again["status"], again["item_id"]) == ("duplicate", queued["item_id"])

    cloud.settle()
    (listed,) = shell.ask(LIST)["items"]
    assert (listed["item_id"], listed["seq"], listed["status"]) == (queued["item_id"], 123, "processed")
    assert listed["captured_at"] == "2025-12-26T10:15:30.000Z"

    item = shell.ask(ITEM)
    assert (item["width"], item["height"], item["size_bytes"]) == (640, 480, len(jpeg))
    shell.set(PHOTO_URL=item["photo"]["url"], THUMBNAIL_URL=item["thumbnail"]["url"])
    assert shell.run('curl -f "$PHOTO_URL"') == jpeg
    thumbnail = Image.open(BytesIO(shell.run('curl -f "$THUMBNAIL_URL"')))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (320, 240))


def test_ingest_may_come_before_the_object(cloud: LocalCloud, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file.jpg").write_bytes(photo())
    paired = shell.ask(PAIR)
    activated = shell.ask(ACTIVATE.replace("123456", paired["pairing_code"]))
    shell.set(DEVICE_ID=activated["device_id"], DEVICE_TOKEN=activated["device_token"])
    target = shell.ask(UPLOAD_URL)
    for name in ("upload_host", "upload_port", "upload_path"):
        shell.set(**{name.upper(): target[name]})
    ingest = INGEST.replace('"..."', json.dumps(target["object_key"]))
    assert shell.ask(ingest)["status"] == "queued"
    assert shell.ask(ITEM)["status"] == "awaiting_object"
    shell.run(PUT.replace("/path/to/file.jpg", str(tmp_path / "file.jpg")))
    cloud.settle()
    assert shell.ask(ITEM)["status"] == "processed"
