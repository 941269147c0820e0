"""A day of a camera that takes a photo each half minute, in the cloud as a drain leaves it."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from itertools import batched

from PIL import Image, ImageDraw, ImageFilter

from infra.local.cloud import LocalCloud
from tests.e2e import packing
from tests.e2e.direct_items import items_put_past_http
from tests.e2e.people import DeviceCaller
from tests.pack_files import BOOT_ID, Shot

PHOTOS = 2_880
INTERVAL = timedelta(seconds=30)
PACK = 20
_LOOKS = 48
"""Pictures of a day: one for each half hour."""
_IN_A_SYNC = 12
_SETTLE_S = 120.0


def fill_a_day(
    cloud: LocalCloud,
    device: DeviceCaller,
    since: datetime,
    *,
    photos: int = PHOTOS,
    left_out: Collection[int] = (),
    size: tuple[int, int] = (640, 480),
) -> int:
    """Photos in packs of 20, by seqs from 0 on, all processed; gives how many packs they are in. `left_out` are seqs
    that the device took and did not send.
    """
    seqs = [seq for seq in range(photos) if seq not in left_out]
    packs = [packing.pack(device, shots(part, since, size)) for part in batched(seqs, PACK)]
    with items_put_past_http(cloud):
        send(cloud, device, packs, next_seq=photos)
    return len(packs)


def send(cloud: LocalCloud, device: DeviceCaller, packs: Sequence[packing.Offered], next_seq: int) -> None:
    """Up, processed, and heard of."""
    for part in batched(packs, _IN_A_SYNC):
        packing.send(device, *part)
        cloud.settle(_SETTLE_S)
        packing.receipts(device, *part)
    # The clock sample names the same run of the camera as its shots do.
    clock = {"boot_id": BOOT_ID, "uptime_ms": 30_000 * next_seq, "next_seq": next_seq}
    packing.sync(device, clock=clock, health={"queue_depth": 0})


def shots(seqs: Iterable[int], since: datetime, size: tuple[int, int] = (640, 480)) -> Iterator[Shot]:
    """What a camera with a set clock sees, which took seq 0 at `since`."""
    for seq in seqs:
        at = since + seq * INTERVAL
        look = (at.hour * 60 + at.minute) * _LOOKS // 1_440
        uptime_ms = 30_000 * seq
        yield Shot(seq, landscape(look, size), at, clock_synced=True, uptime_ms=uptime_ms, boot_id=BOOT_ID)


@cache
def landscape(look: int, size: tuple[int, int] = (640, 480)) -> bytes:
    """A JPEG of hills at that half hour of the day."""
    width, height = size
    chance, light = random.Random(look), _light(look)
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for y in range(height):
        draw.line((0, y, width, y), fill=_mixed((10, 14, 34), (120, 176, 226), light * (0.55 + 0.45 * y / height)))
    _draw_sun(draw, look, size)
    for layer in range(4):
        shade = _mixed((6, 10, 14), ((96, 128, 110), (70, 108, 80), (52, 88, 54), (40, 64, 36))[layer], light)
        draw.polygon(_ridge(layer, size), fill=shade)
    for _ in range(26):
        x, y = chance.randrange(width), chance.randrange(height * 3 // 4, height)
        tall = height // chance.randrange(10, 22)
        shade = _mixed((4, 7, 8), (28, 52, 30), light)
        draw.polygon(((x - tall // 3, y), (x + tall // 3, y), (x, y - tall)), fill=shade)
    return _encoded(image, light)


def _encoded(image: Image.Image, light: float) -> bytes:
    grain = Image.effect_noise(image.size, 30 - 18 * light).convert("RGB")
    file = BytesIO()
    Image.blend(image.filter(ImageFilter.GaussianBlur(0.7)), grain, 0.06).save(file, "JPEG", quality=72)
    return file.getvalue()


def _light(look: int) -> float:
    return max(0.0, min(1.0, 0.5 - 0.9 * math.cos(2 * math.pi * look / _LOOKS)))


def _draw_sun(draw: ImageDraw.ImageDraw, look: int, size: tuple[int, int]) -> None:
    width, height = size
    angle = math.pi * (look / _LOOKS - 0.25) * 2
    x, y, radius = width * (0.5 - 0.45 * math.cos(angle)), height * (0.6 - 0.5 * math.sin(angle)), height // 18
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 226, 150))


def _ridge(layer: int, size: tuple[int, int]) -> list[tuple[float, float]]:
    width, height = size
    base, swing = height * (0.52 + 0.12 * layer), height * (0.1 - 0.015 * layer)
    crest = [
        (x, base - swing * (math.sin(x / width * (5 + 2 * layer) + layer) + 0.4 * math.sin(x / width * 23 + 3 * layer)))
        for x in range(0, width + 16, 16)
    ]
    return [(0, height), *crest, (width, height)]


def _mixed(dark: tuple[int, int, int], bright: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(low + (high - low) * share) for low, high in zip(dark, bright, strict=True))
    return red, green, blue
