"""What a pack costs the processing function: CPU against that of its thumbnails alone, and peak memory.

The stores are those of the tests, in memory: what DynamoDB and S3 take is not in these figures, and what lies in the
fake buckets is in the memory, too.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from statistics import median

from frameferry_station.captures import Seq
from frameferry_station.packs import CaptureRecord, PackIdentity, encode_directory, encode_entry

from bench.measure import REPORT, Row
from chalicelib import imaging
from chalicelib.domain.device import Device
from chalicelib.domain.ids import DeviceId, OwnerId
from chalicelib.domain.ids import Seq as ItemSeq
from chalicelib.services.processing import process_object
from chalicelib.wire import object_keys
from tests.fakes.world import FakeWorld
from tests.pictures import camera_scene, encoded

DEVICE = DeviceId("3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70")
CAPTURES, ROUNDS = 20, 15
LARGE_CAPTURES, LARGE_BYTES = 100, 300_000
START = datetime(2026, 5, 4, tzinfo=UTC)


def rows() -> list[Row]:
    jpeg = encoded(camera_scene(), quality=40, subsampling="4:2:2")
    pack = a_pack([jpeg] * CAPTURES)
    pairs = [(_cpu_s(lambda: _process(pack, CAPTURES)), _cpu_s(lambda: _thumbnails(jpeg))) for _ in range(ROUNDS + 1)]
    value = median(ours_s / alone_s for ours_s, alone_s in pairs[1:])
    return [
        Row(
            f"a pack of {CAPTURES}: CPU against its thumbnails alone",
            value,
            "x floor",
            "<= 1.3",
            value <= 1.3,
            floor=f"{median(alone_s for _, alone_s in pairs[1:]) * 1e3:.0f} ms: its thumbnails",
        ),
        Row(f"a pack of {LARGE_CAPTURES} x 300 KB: peak memory", _peak_mb(), "MB", REPORT, True),
    ]


def a_pack(jpegs: list[bytes], device_id: str = DEVICE, first_seq: int = 0) -> bytes:
    """A photo each half minute, counted from the first seq there is."""
    parts, entries, end = [], [], 0
    for seq, jpeg in enumerate(jpegs, first_seq):
        record = CaptureRecord(Seq(seq), "0" * 16, seq * 30_000, START + seq * timedelta(seconds=30), True)
        entry, header = encode_entry(PackIdentity(device_id, first_seq), record, jpeg, at=end)
        parts += [header, jpeg]
        entries.append(entry)
        end = entry.end
    return b"".join([*parts, encode_directory(entries)])


def _process(pack: bytes, captures: int) -> None:
    world = FakeWorld.new()
    world.devices.create(Device(DEVICE, OwnerId("owner"), "barn", created_at=START))
    digest = sha256(pack).hexdigest()
    key = object_keys.pack(DEVICE, ItemSeq(0), ItemSeq(captures - 1), digest)
    world.captures.upload(key, pack, digest)
    done = process_object(key, None, stores=world, clock=world.clock)
    assert done.captures, done


def _thumbnails(jpeg: bytes) -> None:
    for _ in range(CAPTURES):
        imaging.examine(jpeg)


def _cpu_s(call: Callable[[], None]) -> float:
    began_s = time.process_time()
    call()
    return time.process_time() - began_s


def _peak_mb() -> float:
    done = subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True, text=True)
    return float(done.stdout)


def _large_jpeg() -> bytes:
    """Of the size that a five-megapixel camera makes; what lies behind the end of a JPEG is read and kept, too."""
    jpeg = encoded(camera_scene(), quality=80)
    return jpeg + bytes(max(0, LARGE_BYTES - len(jpeg)))


def _main() -> None:
    _process(a_pack([_large_jpeg()] * LARGE_CAPTURES), LARGE_CAPTURES)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)


if __name__ == "__main__":
    _main()
