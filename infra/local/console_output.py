"""What `make run` prints: where everything is, a curl line for each step, and what each photo does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from infra.local.owner import Owner

_STYLES = {"captured": "cyan", "uploaded": "blue", "processed": "green", "rejected": "red", "failed": "red"}
# Seed flow in shell; each line uses what those before it set. `field` reads one value out of a JSON answer.
_STEPS = """\
field() { python3 -c 'import json,sys; v=json.load(sys.stdin)
for k in sys.argv[1:]: v=v[k]
print(v)' "$@"; }
API_BASE=API_URL; USER_TOKEN=$(field owner token < STATE_PATH); JSON="Content-Type: application/json"
# 1 pair
PAIRED=$(curl -sS -X POST "$API_BASE/devices/pair" -H "Authorization: Bearer $USER_TOKEN" -H "$JSON" \
-d '{"name":"esp32-proto"}'); echo "$PAIRED"
# 2 activate
ACTIVATED=$(curl -sS -X POST "$API_BASE/devices/activate" -H "$JSON" \
-d "{\"pairing_code\":\"$(echo "$PAIRED" | field pairing_code)\"}"); echo "$ACTIVATED"
DEVICE_ID=$(echo "$ACTIVATED" | field device_id); DEVICE_TOKEN=$(echo "$ACTIVATED" | field device_token)
# 3 upload URL
TARGET=$(curl -sS -X POST "$API_BASE/devices/upload-url" -H "X-Device-Token: $DEVICE_TOKEN" -H "$JSON" \
-d '{"filename":"2025-12-26T10-15-30Z_000123.jpg","content_type":"image/jpeg","seq":123}'); echo "$TARGET"
UPLOAD_HOST=$(echo "$TARGET" | field upload_host):$(echo "$TARGET" | field upload_port)
UPLOAD_PATH=$(echo "$TARGET" | field upload_path); OBJECT_KEY=$(echo "$TARGET" | field object_key)
# 4 upload
curl -sS -X PUT "http://$UPLOAD_HOST$UPLOAD_PATH" -H "Content-Type: image/jpeg" --data-binary "@photo.jpg"
# 5 ingest
curl -sS -X POST "$API_BASE/devices/ingest" -H "X-Device-Token: $DEVICE_TOKEN" -H "$JSON" \
-d "{\"object_key\":\"$OBJECT_KEY\",\"captured_at\":\"2025-12-26T10:15:30Z\",\"seq\":123,\"ntp_synced\":true}"
# 6 list items
curl -sS "$API_BASE/items?device_id=$DEVICE_ID" -H "Authorization: Bearer $USER_TOKEN"
# 7 thumbnail
ITEM=$(curl -sS "$API_BASE/items/$DEVICE_ID/123" -H "Authorization: Bearer $USER_TOKEN"); echo "$ITEM"
curl -sS -o thumbnail.jpg "$(echo "$ITEM" | field thumbnail url)"
"""


class Output:
    """Plain text where `file` is no terminal; lines are never wrapped, so that they can be pasted."""

    def __init__(self, file: TextIO) -> None:
        self._console = Console(file=file, highlight=False, markup=False, soft_wrap=True)

    def welcome(self, api_url: str, s3_url: str, owner: Owner, state_path: Path) -> None:
        self._line(Text("Frameferry's local cloud is up. Ctrl-C stops it; nothing is kept.", style="bold"))
        self._line("")
        for name, value in (
            ("API", api_url),
            ("S3", s3_url),
            ("Console", f"{api_url}/"),
            ("Owner", f"{owner.username}  password {owner.password}"),
            ("State", str(state_path)),
        ):
            self._line(Text.assemble((f"  {name:<8} ", "bold"), value))
        self._line("")
        self._line(Text("A photo by hand, step by step (photo.jpg is a JPEG of yours):", style="bold"))
        for step in curl_steps(api_url, state_path):
            self._line(step)
        self._line("")

    def photo(self, camera: str, seq: int, step: str, detail: str = "") -> None:
        """One line for one step of one photo."""
        now = datetime.now().astimezone().strftime("%H:%M:%S")
        line = Text.assemble((now, "dim"), f"  {camera:<10} photo {seq:<6} ", (f"{step:<10}", _STYLES.get(step, "")))
        self._line(line.append(f" {detail}" if detail else ""))

    def note(self, text: str) -> None:
        self._line(text)

    def _line(self, line: str | Text) -> None:
        if isinstance(line, Text):
            line.rstrip()
        self._console.print(line)


def curl_steps(api_url: str, state_path: Path) -> list[str]:
    """Shell lines that bring one photo from pairing to its thumbnail."""
    return _STEPS.replace("API_URL", api_url).replace("STATE_PATH", str(state_path)).splitlines()
