"""What can be wrong with a sync."""

from __future__ import annotations

from tests.api.bad_device_requests import BAD_SEQS, JSON, SHA256, busy, raw
from tests.api.bad_requests import COMMAND_ID, Bad

SYNC = "POST /devices/sync"

PACK: dict[str, object] = {"first_seq": 1, "last_seq": 20, "size_bytes": 1000, "sha256": SHA256}
SINGLE: dict[str, object] = {"seq": 7, "size_bytes": 1000, "sha256": SHA256}
CLOCK: dict[str, object] = {"boot_id": "8f3c1a90b2d4e677", "uptime_ms": 1, "next_seq": 7}
TEN_LARGEST_PACKS = [
    {**PACK, "first_seq": first, "last_seq": first + 999, "sent": True} for first in range(0, 10_000, 1000)
]
BAD_PACKS: dict[str, dict[str, object]] = {
    "no size": {"size_bytes": None},
    "no bytes": {"size_bytes": 0},
    "64 MiB and a byte": {"size_bytes": 64 * 2**20 + 1},
    "no sha256": {"sha256": None},
    "sha256 with a line end": {"sha256": f"{SHA256}\n"},
    "no last_seq": {"last_seq": None},
    "no first_seq": {"first_seq": None},
    "exchanged seqs": {"first_seq": 21},
    "a span of 1001": {"last_seq": 1001},
    "a span of everything": {"first_seq": 0, "last_seq": 2**53 - 1},
    "2^53": {"last_seq": 2**53},
    "a time": {"captured_at": "2026-05-04T11:59:00Z"},
    "a synced clock": {"ntp_synced": True},
    "an uptime": {"boot_id": "8f3c1a90b2d4e677", "uptime_ms": 1},
    "sent perhaps": {"sent": "yes"},
    "a key of another device": {"object_key": "devices/x/packs/1.zip"},
}
BAD_SINGLES: dict[str, dict[str, object]] = {
    "also a pack": {"first_seq": 1, "last_seq": 7},
    "half a pack": {"last_seq": 7},
    "32 MiB and a byte": {"size_bytes": 32 * 2**20 + 1},
    "seq 2^53": {"seq": 2**53},
    "seq -1": {"seq": -1},
    "seq text": {"seq": "7"},
    "boot_id alone": {"boot_id": "8f3c1a90b2d4e677"},
    "uptime_ms alone": {"uptime_ms": 1},
    "a time without a zone": {"captured_at": "2026-05-04T11:59:00"},
    "after the year 9999 in UTC": {"captured_at": "9999-12-31T23:59:59-14:00"},
    "a filename": {"filename": "../x.jpg"},
}
BAD_CLOCKS: dict[str, dict[str, object]] = {
    "no boot_id": {"boot_id": None},
    "boot_id in upper case": {"boot_id": "8F3C1A90B2D4E677"},
    "boot_id of 15": {"boot_id": "8f3c1a90b2d4e67"},
    "boot_id of 17": {"boot_id": "8f3c1a90b2d4e6777"},
    "boot_id with a line end": {"boot_id": "8f3c1a90b2d4e677\n"},
    "boot_id that would be a key": {"boot_id": "../../../../../x"},
    "uptime_ms -1": {"uptime_ms": -1},
    "uptime_ms of 32 years": {"uptime_ms": 10**12},
    "uptime_ms with a point": {"uptime_ms": 1.5},
    "no next_seq": {"next_seq": None},
    "oldest_seq after next_seq": {"oldest_seq": 8},
    "its own at": {"at": "2026-05-04T11:59:00Z"},
}
BAD_ACKS: dict[str, dict[str, object]] = {
    "no command_id": {},
    "no command_id's form": {"command_id": "reboot"},
    "command_id with a line end": {"command_id": f"{COMMAND_ID}\n"},
    "an unknown outcome": {"command_id": COMMAND_ID, "status": "maybe"},
}
BAD_PARTS: dict[str, dict[str, object]] = {
    "101 objects": {"objects": [{**PACK, "sent": True}] * 101},
    "51 objects not sent": {"objects": [PACK] * 51},
    "packs that span 10,001 seqs": {"objects": [*TEN_LARGEST_PACKS, {**SINGLE, "seq": 10_000}]},
    "51 events": {"events": [{"kind": "boot"}] * 51},
    "21 acks": {"acks": [{"command_id": COMMAND_ID}] * 21},
    "21 receipt keys": {"receipt_key_ids": ["r1"] * 21},
    "an endless receipt key": {"receipt_key_ids": ["r" * 33]},
    "an empty receipt key": {"receipt_key_ids": [""]},
    "settings_version -1": {"settings_version": -1},
    "settings_version 2^53": {"settings_version": 2**53},
    "objects null": {"objects": None},
    "an object that is none": {"objects": [7]},
    "an object of nothing": {"objects": [{}]},
    "an event of the server's own": {"events": [{"kind": "conflict"}]},
    "one bad event among good ones": {"events": [{"kind": "boot"}, {"kind": "motion", "score": -1}]},
    "receipt_key_ids in health": {"health": {"receipt_key_ids": ["r1"]}},
    "bad health": {"health": {"battery_percent": 101}, "clock": CLOCK},
}
WITH_SEQ = b'{"objects":[{"seq":?,"size_bytes":1,"sha256":"%s"}]}' % SHA256.encode()


def sync_rows() -> list[Bad]:
    return [
        *(Bad(f"a pack with {what}", SYNC, 400, "invalid_body", offer(PACK, bad)) for what, bad in BAD_PACKS.items()),
        *(
            Bad(f"a single with {what}", SYNC, 400, "invalid_body", offer(SINGLE, bad))
            for what, bad in BAD_SINGLES.items()
        ),
        *(
            Bad(f"a clock with {what}", SYNC, 400, "invalid_body", {"clock": without_none({**CLOCK, **bad})})
            for what, bad in BAD_CLOCKS.items()
        ),
        *(Bad(f"an ack with {what}", SYNC, 400, "invalid_body", {"acks": [bad]}) for what, bad in BAD_ACKS.items()),
        *(Bad(what, SYNC, 400, "invalid_body", bad) for what, bad in BAD_PARTS.items()),
        *(
            Bad(f"seq {what}", SYNC, 400, "invalid_body", raw(WITH_SEQ, value), headers=JSON)
            for what, value in BAD_SEQS.items()
        ),
        Bad("objects without end", SYNC, 400, "invalid_body", b'{"objects":' + b"[" * 20_000, headers=JSON),
        Bad("a lone surrogate", SYNC, 400, "invalid_json", b'{"events":[{"kind":"\\ud800"}]}', headers=JSON),
        Bad("too many requests", SYNC, 429, "rate_limited", {}, given=busy),
    ]


def offer(usual: dict[str, object], change: dict[str, object]) -> dict[str, object]:
    """A sync with a good object besides the bad one: a bad entry refuses the whole."""
    good = {"seq": 9, "size_bytes": 5, "sha256": SHA256}
    return {"objects": [good, without_none({**usual, **change})], "events": [{"kind": "boot"}]}


def without_none(body: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}
