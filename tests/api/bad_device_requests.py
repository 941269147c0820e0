"""What can be wrong with what a device says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from tests.api.bad_requests import Bad, Scene, newest_command
from tests.api.client import Client
from tests.tiny_jpegs import not_a_jpeg, tiny_jpeg

JPEG = tiny_jpeg(1)
SHA256, OTHER_SHA256 = hashlib.sha256(JPEG).hexdigest(), hashlib.sha256(b"other").hexdigest()
NAME = "2026-05-04-7.jpg"

UPLOAD, INGEST, IMAGES = "POST /devices/upload-url", "POST /devices/ingest", "POST /devices/images"
HEARTBEAT, EVENTS, ACTIVATE = "POST /devices/heartbeat", "POST /devices/events", "POST /devices/activate"
ACK = "POST /devices/commands/{command_id}/ack"

BAD_SEQS = {
    "negative": b"-1",
    "2^53": b"9007199254740992",
    "endless": b"1" * 400,
    "a float": b"7.0",
    "an exponent": b"7e0",
    "text": b'"7"',
    "true": b"true",
    "null": b"null",
}
BAD_INSTANTS = {
    "without a zone": "2026-05-04T11:59:00",
    "a date": "2026-05-04",
    "a day that is none": "2026-02-30T00:00:00Z",
    "a leap second": "2026-05-04T11:59:60Z",
    "the year 10000": "10000-01-01T00:00:00Z",
    "before the year 1 in UTC": "0001-01-01T00:00:00+14:00",
    "after the year 9999 in UTC": "9999-12-31T23:59:59-14:00",
    "words": "yesterday",
    "empty": "",
}
BAD_FILENAMES = (
    "..",
    "../x.jpg",
    "a/b.jpg",
    "a..jpg",
    ".x.jpg",
    "-x.jpg",
    "a b.jpg",
    "ü.jpg",
    "a\n.jpg",
    "a\u0000.jpg",
)


def asked(**more: object) -> dict[str, object]:
    return {"filename": NAME, "content_type": "image/jpeg", "seq": 7, **more}


def claim(**more: object) -> Callable[[Scene], dict[str, object]]:
    return lambda scene: {"object_key": key(scene), "seq": 7, **more}


def key(scene: Scene, seq: int = 7, folder: str = "2026/05/04") -> str:
    return f"devices/{scene.camera.device_id}/{folder}/{seq:016d}-{NAME}"


def held(scene: Scene) -> None:
    """Seq 7 is held with the bytes of JPEG."""
    scene.camera.post("/devices/upload-url", asked(sha256=SHA256))
    scene.world.captures.upload(key(scene), JPEG, SHA256)
    scene.camera.post("/devices/ingest", claim(sha256=SHA256)(scene))


def raw(template: bytes, value: bytes) -> bytes:
    return template.replace(b"?", value)


def upload_rows() -> list[Bad]:
    json = {"Content-Type": "application/json"}
    with_seq = b'{"filename":"a.jpg","content_type":"image/jpeg","seq":?}'
    bad_sha256 = (SHA256.upper(), SHA256[:-1], f"{SHA256}0", f"{SHA256}\n", "g" * 64, "")
    return [
        *(Bad(f"filename {each!r}", UPLOAD, 400, "invalid_filename", asked(filename=each)) for each in BAD_FILENAMES),
        *(
            Bad(f"{name} as {kind}", UPLOAD, 400, "content_type_not_allowed", asked(filename=name, content_type=kind))
            for name, kind in (("a.mp4", "image/jpeg"), ("a.jpg", "video/mp4"), ("a.mp4.jpg", "video/mp4"))
        ),
        Bad("filename of 101", UPLOAD, 400, "invalid_filename", asked(filename="a" * 101)),
        Bad("no filename", UPLOAD, 400, "invalid_body", asked(filename="")),
        Bad("filename of 1025", UPLOAD, 400, "invalid_body", asked(filename="a" * 1025)),
        *(
            Bad(f"content_type {each}", UPLOAD, 400, "content_type_not_allowed", asked(content_type=each))
            for each in ("image/png", "text/html", "IMAGE/JPEG", "image/jpeg; charset=utf-8", "image/jpeg\r\nX: y")
        ),
        *(
            Bad(f"seq {what}", UPLOAD, 400, "invalid_body", raw(with_seq, value), headers=json)
            for what, value in BAD_SEQS.items()
        ),
        Bad("seq NaN", UPLOAD, 400, "invalid_json", raw(with_seq, b"NaN"), headers=json),
        *(
            Bad(f"captured_at {what}", UPLOAD, 400, "invalid_body", asked(captured_at=value))
            for what, value in {**BAD_INSTANTS, "a number": 1_777_900_000}.items()
        ),
        *(Bad(f"sha256 {each}", UPLOAD, 400, "invalid_body", asked(sha256=each)) for each in bad_sha256),
        Bad("size_bytes negative", UPLOAD, 400, "invalid_body", asked(size_bytes=-1)),
        Bad("size_bytes 2^53", UPLOAD, 400, "invalid_body", asked(size_bytes=2**53)),
        Bad("32 MiB and a byte", UPLOAD, 400, "size_limit_exceeded", asked(size_bytes=32 * 2**20 + 1)),
        Bad("other bytes for a held seq", UPLOAD, 409, "conflict", asked(sha256=OTHER_SHA256), given=held),
        Bad("a lone surrogate", UPLOAD, 400, "invalid_json", b'{"filename":"\\ud800"}', headers=json),
    ]


def ingest_rows() -> list[Bad]:
    foreign: dict[str, Callable[[Scene], str]] = {
        "another device's": lambda scene: f"devices/{scene.foreign.device_id}/2026/05/04/0000000000000007-{NAME}",
        "no device's": lambda _: f"devices/2026/05/04/0000000000000007-{NAME}",
        "of another kind": lambda _: "thumbnails/7.jpg",
        "with a slash before": lambda scene: f"/{key(scene)}",
        "out by dots": lambda scene: f"devices/../{key(scene)}",
    }
    mismatched: dict[str, Callable[[Scene], str]] = {
        "of another seq": lambda scene: key(scene, seq=8),
        "of no date": lambda scene: key(scene, folder="2026/5/4"),
        "in by dots": lambda scene: f"devices/{scene.camera.device_id}/../{scene.foreign.device_id}/x.jpg",
        "a thumbnail's": lambda scene: f"devices/{scene.camera.device_id}/thumbnails/0000000000000007.jpg",
        "with a line break": lambda scene: f"{key(scene)}\n",
        "the prefix alone": lambda scene: f"devices/{scene.camera.device_id}/",
    }
    impossible = ("1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2026-05-04T12:10:01Z", "9999-12-31T23:59:59Z")
    with_seq = b'{"object_key":"devices/x","seq":?}'
    return [
        *(Bad(f"key {what}", INGEST, 403, "foreign_object_key", with_key(made)) for what, made in foreign.items()),
        *(Bad(f"key {what}", INGEST, 400, "object_key_mismatch", with_key(made)) for what, made in mismatched.items()),
        Bad("no key", INGEST, 400, "invalid_body", claim(object_key="")),
        Bad("key of 1025", INGEST, 400, "invalid_body", claim(object_key="k" * 1025)),
        *(
            Bad(f"seq {what}", INGEST, 400, "invalid_body", raw(with_seq, value), headers=JSON)
            for what, value in BAD_SEQS.items()
        ),
        *(
            Bad(f"captured_at {what}", INGEST, 400, "invalid_body", claim(captured_at=value))
            for what, value in BAD_INSTANTS.items()
        ),
        *(
            Bad(f"{at} by NTP", INGEST, 400, "captured_at_out_of_range", claim(captured_at=at, ntp_synced=True))
            for at in impossible
        ),
        Bad("ntp_synced yes", INGEST, 400, "invalid_body", claim(ntp_synced="yes")),
        Bad("content_type mp4", INGEST, 400, "content_type_not_allowed", claim(content_type="video/mp4")),
        Bad("content_type png", INGEST, 400, "content_type_not_allowed", claim(content_type="image/png")),
        Bad("sha256 in upper case", INGEST, 400, "invalid_body", claim(sha256=SHA256.upper())),
        Bad("other bytes for a held seq", INGEST, 409, "conflict", claim(sha256=OTHER_SHA256), given=held),
        Bad("another name for a held seq", INGEST, 409, "conflict", with_key(renamed), given=held),
        Bad("a seq that was posted", INGEST, 409, "conflict", claim(sha256=OTHER_SHA256), given=posted),
    ]


JSON = {"Content-Type": "application/json"}


def with_key(made: Callable[[Scene], str]) -> Callable[[Scene], dict[str, object]]:
    return lambda scene: {"object_key": made(scene), "seq": 7}


def renamed(scene: Scene) -> str:
    return f"devices/{scene.camera.device_id}/2026/05/04/0000000000000007-other.jpg"


def posted(scene: Scene) -> None:
    scene.camera.post_image(JPEG, "seq=7")


def image_rows() -> list[Bad]:
    jpeg = {"Content-Type": "image/jpeg"}
    queries = ["seq=-1", "seq=7.0", "seq=abc", "seq=", "seq=9007199254740992", "seq=%D9%A7", "seq=7&seq=8", "seq=+7"]
    queries += ["captured_at=2026-05-04T11:59:00", "captured_at=1777900000", "captured_at=", "captured_at=yesterday"]
    # A plus that is not escaped is a blank.
    queries += ["captured_at=2026-05-04T11:59:00+02:00"]
    return [
        Bad("zero bytes", IMAGES, 400, "not_a_jpeg", b"", headers=jpeg),
        Bad("a captive portal's page", IMAGES, 400, "not_a_jpeg", not_a_jpeg(1), headers=jpeg),
        Bad("4 MiB and a byte", IMAGES, 413, "body_too_large", JPEG + bytes(2**22), headers=jpeg),
        Bad("a png", IMAGES, 415, "unsupported_media_type", JPEG, headers={"Content-Type": "image/png"}),
        Bad("JSON", IMAGES, 415, "unsupported_media_type", b"{}", headers=JSON),
        Bad("no media type", IMAGES, 415, "unsupported_media_type", b"\xff\xd8\xff"),
        *(Bad(f"?{each}", IMAGES, 400, "invalid_parameter", JPEG, each, jpeg) for each in queries),
        Bad("other bytes for a held seq", IMAGES, 409, "conflict", tiny_jpeg(2), "seq=7", jpeg, given=held),
    ]


def small_rows() -> list[Bad]:
    out_of_range: dict[str, Any] = {
        "battery_percent": 101,
        "rssi_dbm": 101,
        "free_heap_bytes": -1,
        "queue_depth": 2**53,
        "uptime_s": 1.5,
        "temperature_c": 1e6,
        "reset_reason": "x" * 201,
    }
    bad_events: dict[str, dict[str, object]] = {
        "no kind": {},
        "an unknown kind": {"kind": "conflict"},
        "a score below 0": {"kind": "motion", "score": -0.1},
        "a negative seq": {"kind": "evicted", "first_seq": -1},
        "a time without a zone": {"kind": "boot", "occurred_at": "2026-05-04T11:59:00"},
        "a long message": {"kind": "error", "message": "x" * 201},
    }
    motion = {"kind": "motion", "occurred_at": "2026-05-04T11:59:04.999Z"}
    return [
        *(
            Bad(f"{name} {str(value)[:10]}", HEARTBEAT, 400, "invalid_body", {name: value})
            for name, value in out_of_range.items()
        ),
        *(Bad(what, EVENTS, 400, "invalid_body", body) for what, body in bad_events.items()),
        Bad("motion within 5 s", EVENTS, 429, "rate_limited", motion, given=moved),
        Bad("an unknown command", ACK, 404, "not_found", {}),
        Bad("another device's command", ACK, 404, "not_found", {}, path=FOREIGN, given=foreign_command),
        Bad("an unknown outcome", ACK, 400, "invalid_body", {"status": "maybe"}),
        Bad("a long detail", ACK, 400, "invalid_body", {"detail": "x" * 201}),
        Bad("too many requests", HEARTBEAT, 429, "rate_limited", {}, given=busy),
    ]


def moved(scene: Scene) -> None:
    scene.camera.post("/devices/events", {"kind": "motion", "occurred_at": "2026-05-04T11:59:00Z"})


def foreign_command(scene: Scene) -> None:
    scene.stranger.post(f"/devices/{scene.foreign.device_id}/commands", {"kind": "reboot"})


def foreign_id(scene: Scene) -> str:
    return newest_command(scene.stranger, scene.foreign.device_id)


FOREIGN = {"command_id": foreign_id}


def busy(scene: Scene) -> None:
    for _ in range(300):
        scene.camera.post("/devices/heartbeat")


def activation_rows() -> list[Bad]:
    code = "00000-00000"
    nonce = "0123456789abcdef"
    return [
        Bad("a wrong code", ACTIVATE, 400, "pairing_code_invalid", {"pairing_code": code}),
        Bad("a code of odd characters", ACTIVATE, 400, "pairing_code_invalid", {"pairing_code": "../..\u0000%$#"}),
        Bad("a code of another alphabet", ACTIVATE, 400, "pairing_code_invalid", {"pairing_code": "\u0660" * 10}),
        Bad("a short code", ACTIVATE, 400, "pairing_code_invalid", {"pairing_code": "0"}),
        Bad("an empty code", ACTIVATE, 400, "invalid_body", {"pairing_code": ""}),
        Bad("a long code", ACTIVATE, 400, "invalid_body", {"pairing_code": "0" * 33}),
        Bad("a short nonce", ACTIVATE, 400, "invalid_body", {"pairing_code": code, "nonce": "x" * 15}),
        Bad("a long nonce", ACTIVATE, 400, "invalid_body", {"pairing_code": code, "nonce": "x" * 129}),
        Bad("an expired code", ACTIVATE, 400, "pairing_code_invalid", Paired().expired),
        Bad("a used code", ACTIVATE, 400, "pairing_code_invalid", Paired().used),
        Bad("a used code, another nonce", ACTIVATE, 400, "pairing_code_invalid", Paired(nonce).used),
        Bad("too many guesses", ACTIVATE, 429, "rate_limited", {"pairing_code": code}, given=guessed),
    ]


class Paired:
    """A body whose code was good."""

    def __init__(self, nonce: str | None = None) -> None:
        self._first_use = {} if nonce is None else {"nonce": nonce}

    def expired(self, scene: Scene) -> dict[str, object]:
        code = self._code(scene)
        scene.world.clock.advance(600)
        return {"pairing_code": code}

    def used(self, scene: Scene) -> dict[str, object]:
        code = self._code(scene)
        Client().post("/devices/activate", {"pairing_code": code, **self._first_use})
        return {"pairing_code": code, **({"nonce": "f" * 16} if self._first_use else {})}

    def _code(self, scene: Scene) -> object:
        return scene.owner.post(f"/devices/{scene.camera.device_id}/pair").json["pairing_code"]


def guessed(_: Scene) -> None:
    for _try in range(10):
        Client().post("/devices/activate", {"pairing_code": "00000-00000"})


def device_rows() -> list[Bad]:
    return [*upload_rows(), *ingest_rows(), *image_rows(), *small_rows(), *activation_rows()]
