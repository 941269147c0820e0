"""Pictures as an ESP32's camera makes them: a landscape whose light, sky and boat change with the time of day."""

from __future__ import annotations

import io
import math
from datetime import datetime
from functools import cached_property
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from frameferry_station.daylight import Daylight, Disc, Rgb, daylight, mixed, whole
from frameferry_station.landscape import FIELD, HEIGHT, SIZE, WATERLINE, WIDTH, Landscape, painted

MIN_BYTES, MAX_BYTES = 100_000, 250_000
_QUALITIES = (82, 74, 88, 66, 92, 58, 95)
"""Tried in this order until the size is one that the camera's own encoder gives at UXGA."""
_BOAT_PERIOD_S = 420.0
_CLOUD_PERIOD_S = 7200.0
_BOAT_COLOURS: tuple[Rgb, ...] = ((150, 52, 44), (90, 74, 60), (246, 242, 230), (228, 222, 206))
_DISC_PX = 34


class Scene:
    """JPEGs of 1600x1200 without EXIF, of MIN_BYTES to MAX_BYTES; the same seed and time give the same bytes."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        # Pillow's gradient has 180 in the middle of each side; falling off by the square leaves no visible rim.
        falloff = [round(max(0.0, 1 - value / 178) ** 2 * 255) for value in range(256)]
        self._glow = Image.radial_gradient("L").resize((1200, 1200), Image.Resampling.BICUBIC).point(falloff)

    @cached_property
    def _land(self) -> Landscape:
        return painted(self._seed)

    def take(self, at: datetime) -> bytes:
        light = daylight(at)
        seconds = at.timestamp()
        picture = self._sky(light, seconds)
        self._put_far_land(picture, light)
        self._put_lake(picture, light, seconds)
        _put_boat(picture, light, seconds)
        self._put_near_land(picture, light)
        if light.darkness < 0.2:
            _put_birds(picture, seconds)
        return self._sensed(picture, light, Random(f"{self._seed} {seconds:.3f}"))

    def _sky(self, light: Daylight, seconds: float) -> Image.Image:
        sky = _gradient(light.zenith, light.horizon).resize(SIZE, Image.Resampling.BILINEAR)
        if light.darkness > 0.3:
            strength = (light.darkness - 0.3) / 0.7
            sky.paste((226, 232, 255), mask=self._land.stars.point([round(value * strength) for value in range(256)]))
        self._put_moon(sky, light)
        self._put_sun(sky, light)
        self._put_clouds(sky, light, seconds)
        return sky

    def _put_sun(self, sky: Image.Image, light: Daylight) -> None:
        if light.sun.altitude_deg < -14:
            return
        x, y = _place(light.sun)
        low = max(0.0, 1 - abs(light.sun.altitude_deg) / 16)
        self._put_glow(sky, x, y, light.glow, 0.45 + 0.4 * low)
        _put_disc(sky, x, y, _DISC_PX, mixed((255, 253, 244), (255, 214, 150), low))

    def _put_moon(self, sky: Image.Image, light: Daylight) -> None:
        if light.moon.altitude_deg < -4 or light.darkness < 0.15:
            return
        x, y = _place(light.moon)
        fullness = 1 - abs(2 * light.moon_phase - 1)
        self._put_glow(sky, x, y, (150, 165, 205), 0.5 * fullness * light.darkness)
        moon = Image.new("L", (4 * _DISC_PX, 4 * _DISC_PX))
        draw = ImageDraw.Draw(moon)
        size = moon.width
        draw.ellipse((0, 0, size - 1, size - 1), fill=255)
        # The terminator is half an ellipse; the side that it cuts off changes at full moon.
        half = (0, 0, size // 2, size) if light.moon_phase < 0.5 else (size // 2, 0, size, size)
        draw.rectangle(half, fill=0)
        bulge = abs(1 - 2 * fullness) * size / 2
        draw.ellipse((size / 2 - bulge, 0, size / 2 + bulge, size - 1), fill=255 if fullness > 0.5 else 0)
        shape = moon.resize((_DISC_PX * 3 // 2,) * 2, Image.Resampling.LANCZOS)
        sky.paste((240, 240, 228), (int(x), int(y)), shape.point([round(value * 0.95) for value in range(256)]))

    def _put_glow(self, sky: Image.Image, x: float, y: float, colour: Rgb, strength: float) -> None:
        mask = self._glow.point([round(value * strength) for value in range(256)])
        sky.paste(whole(colour), (int(x) - 600, int(y) - 600), mask)

    def _put_clouds(self, sky: Image.Image, light: Daylight, seconds: float) -> None:
        """The window over the field goes to and fro; cover changes within hours."""
        drift = (1 - math.cos(2 * math.pi * seconds / _CLOUD_PERIOD_S)) / 2
        left = round(drift * (FIELD[0] - WIDTH))
        cover = 140 + 16 * math.sin(seconds / 5400 + self._seed) + 10 * math.sin(seconds / 17_000)
        window = self._land.clouds.crop((left, 0, left + WIDTH, WATERLINE))
        mask = window.point([max(0, min(215, round((value - cover) * 4))) for value in range(256)])
        body = mixed(light.cloud, light.horizon, 0.25)
        sky.paste(whole(body), (0, 0), mask)
        bright = window.point([max(0, min(150, round((value - cover - 22) * 4))) for value in range(256)])
        sky.paste(whole(light.cloud), (0, -6), bright)

    def _put_far_land(self, picture: Image.Image, light: Daylight) -> None:
        lit = _lit(self._land.far, light.light)
        lit.paste(whole(light.horizon), mask=self._land.haze)
        picture.paste(lit, mask=self._land.far_mask)
        if light.darkness > 0.25:
            mask = self._land.windows.point([round(value * min(1.0, light.darkness)) for value in range(256)])
            picture.paste((255, 206, 120), mask=mask)

    def _put_lake(self, picture: Image.Image, light: Daylight, seconds: float) -> None:
        depth = HEIGHT - WATERLINE
        mirrored = picture.crop((0, WATERLINE - depth, WIDTH, WATERLINE)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        # Water blurs up and down more than sideways.
        mirrored = mirrored.resize((WIDTH // 3, depth // 9), Image.Resampling.BOX).resize(
            (WIDTH, depth), Image.Resampling.BICUBIC
        )
        deep = Image.new("RGB", mirrored.size, whole(mixed(light.zenith, (16, 34, 44), 0.6)))
        water = Image.blend(mirrored, deep, 0.3)
        shift = round(9 * math.sin(seconds / 3)) + round(seconds * 4) % WIDTH
        ripples = ImageChops.offset(self._land.ripples, shift, 0)
        strength = 0.16 + 0.4 * (1 - light.darkness)
        ripples = ripples.point([round(128 + (value - 128) * strength) for value in range(256)])
        picture.paste(ImageChops.add(water, Image.merge("RGB", [ripples] * 3), 1, -128), (0, WATERLINE))

    def _put_near_land(self, picture: Image.Image, light: Daylight) -> None:
        picture.paste(_lit(self._land.near, light.light), mask=self._land.near_mask)

    def _sensed(self, picture: Image.Image, light: Daylight, random: Random) -> bytes:
        """Through the lens and the sensor, whose gain and noise rise in the dark."""
        picture = ImageChops.multiply(picture, Image.merge("RGB", [self._land.vignette] * 3))
        gain = 0.1 + 0.16 * light.darkness
        scale = [round(128 + (value - 128) * gain) for value in range(256)]
        channels = []
        for tile in self._land.tiles:
            left, top = random.randrange(128), random.randrange(128)
            channels.append(tile.crop((left, top, left + WIDTH, top + HEIGHT)).point(scale))
        return _encoded(ImageChops.add(picture, Image.merge("RGB", channels), 1, -128))


def _gradient(zenith: Rgb, horizon: Rgb) -> Image.Image:
    """Two pixels wide, from the top of the picture to the waterline and on."""
    column = Image.new("RGB", (2, 128))
    for y in range(128):
        share = min(1.0, (y / 128 * HEIGHT / WATERLINE)) ** 1.5
        column.paste(whole(mixed(zenith, horizon, share)), (0, y, 2, y + 1))
    return column


def _place(disc: Disc) -> tuple[float, float]:
    return disc.across * WIDTH, 640 - disc.altitude_deg * 9.6


def _put_disc(sky: Image.Image, x: float, y: float, radius: int, colour: Rgb) -> None:
    shape = Image.new("L", (4 * radius, 4 * radius))
    ImageDraw.Draw(shape).ellipse((radius, radius, 3 * radius, 3 * radius), fill=255)
    sky.paste(whole(colour), (int(x) - 2 * radius, int(y) - 2 * radius), shape.filter(ImageFilter.GaussianBlur(2.5)))


def _lit(land: Image.Image, light: Rgb) -> Image.Image:
    return land.point([round(value * part / 255) for part in light for value in range(256)])


def _put_boat(picture: Image.Image, light: Daylight, seconds: float) -> None:
    """A sailing boat that crosses the lake to the right, then goes back."""
    phase = seconds / _BOAT_PERIOD_S % 2.0
    across, heading = (phase, 1) if phase < 1 else (2 - phase, -1)
    x, y = 90 + across * (WIDTH - 180), 858 + 14 * math.sin(across * 9) + 2 * math.sin(seconds * 1.3)
    hull, mast, sail, jib = (_shaded(colour, light) for colour in _BOAT_COLOURS)
    draw = ImageDraw.Draw(picture)
    draw.polygon([(x - 34, y), (x + 34, y), (x + 24, y + 15), (x - 26, y + 15)], fill=hull)
    draw.line((x, y, x, y - 92), fill=mast, width=3)
    aft, fore = x - 3 * heading, x + 3 * heading
    draw.polygon([(aft, y - 90), (aft, y - 8), (x - 40 * heading, y - 8)], fill=sail)
    draw.polygon([(fore, y - 82), (fore, y - 8), (x + 28 * heading, y - 8)], fill=jib)
    for step in range(6):
        top, half = y + 18 + step * 9, 26 - step * 4
        draw.line((x - half, top, x + half, top), fill=mast if step % 2 else hull, width=2)
    if light.darkness > 0.3:
        draw.ellipse((x - 3, y - 96, x + 3, y - 90), fill=(255, 232, 170))


def _shaded(colour: Rgb, light: Daylight) -> tuple[int, int, int]:
    a, b, c = (part * tone / 255 for part, tone in zip(colour, light.light, strict=True))
    return whole((a, b, c))


def _put_birds(picture: Image.Image, seconds: float) -> None:
    draw = ImageDraw.Draw(picture)
    start = seconds / 95 % 1.0 * (WIDTH + 500) - 250
    for index in range(7):
        row = (index + 1) // 2
        x = start - 34 * row
        y = 250 + 60 * math.sin(seconds / 70) + 15 * row * (1 if index % 2 else -1)
        lift = 5 * math.sin(seconds * 7 + index)
        draw.line([(x - 11, y - lift), (x, y), (x + 11, y - lift)], fill=(52, 54, 62), width=3, joint="curve")


def _encoded(picture: Image.Image) -> bytes:
    jpeg = b""
    for quality in _QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        jpeg = buffer.getvalue()
        if MIN_BYTES <= len(jpeg) <= MAX_BYTES:
            break
    return jpeg
