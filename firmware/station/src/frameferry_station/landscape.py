"""A lake between mountains, painted once from a seed: what stays as it is while the light changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1600, 1200
SIZE = (WIDTH, HEIGHT)
WATERLINE = 760
"""The far shore; below it the water mirrors what is above."""
FIELD = (2 * WIDTH, WATERLINE)
"""The clouds' field, of which a window is seen."""


@dataclass(frozen=True)
class Landscape:
    """Far land lies behind the lake, near land before it. Masks are 0 to 255."""

    far: Image.Image
    far_mask: Image.Image
    haze: Image.Image
    """How much of the horizon's colour lies over the far land."""
    near: Image.Image
    near_mask: Image.Image
    ripples: Image.Image
    windows: Image.Image
    stars: Image.Image
    clouds: Image.Image
    tiles: tuple[Image.Image, ...]
    """Sensor noise around 128 for each channel, larger than a picture."""
    vignette: Image.Image


def painted(seed: int) -> Landscape:
    """The same seed gives the same landscape."""
    random = Random(seed)
    far, far_mask, haze, windows = _far(random)
    near, near_mask = _near(random)
    return Landscape(
        far=far,
        far_mask=far_mask,
        haze=haze,
        near=near,
        near_mask=near_mask,
        ripples=_ripples(random),
        windows=windows,
        stars=_stars(random),
        clouds=_fractal(random, FIELD, cells=5, octaves=7, stretch=2.2),
        tiles=tuple(_noise(random) for _ in range(3)),
        vignette=_vignette(),
    )


def _far(random: Random) -> tuple[Image.Image, Image.Image, Image.Image, Image.Image]:
    land, mask, haze = Image.new("RGB", SIZE), Image.new("L", SIZE), Image.new("L", SIZE)
    peaks = _ridge(random, base=480, height=250, cells=5, roughness=0.52)
    _layer(land, mask, haze, peaks, _textured(random, (104, 114, 132), 70), haze_share=0.5)
    _snow(random, land, peaks)
    hills = _ridge(random, base=640, height=130, cells=4, roughness=0.42)
    _layer(land, mask, haze, hills, _textured(random, (86, 108, 84), 60), haze_share=0.3)
    woods = _ridge(random, base=715, height=60, cells=6, roughness=0.4)
    trees = [y - _conifer(random) for y in woods]
    _layer(land, mask, haze, trees, _textured(random, (44, 66, 48), 50), haze_share=0.12)
    windows = _village(random, land, mask)
    soft = ImageFilter.GaussianBlur(0.9)
    return land.filter(soft), mask.filter(soft), haze.filter(ImageFilter.GaussianBlur(6)), windows


def _near(random: Random) -> tuple[Image.Image, Image.Image]:
    mask = Image.new("L", SIZE)
    shore = _ridge(random, base=1010, height=70, cells=3, roughness=0.35)
    shore = [y + 60 * math.sin(x / WIDTH * 2.4 + 0.4) for x, y in enumerate(shore)]
    _fill(mask, shore)
    land = _textured(random, (104, 122, 62), 90)
    draw, mask_draw = ImageDraw.Draw(land), ImageDraw.Draw(mask)
    _grass(random, draw, mask_draw, shore)
    _fence(random, draw, mask_draw, shore)
    _tree(random, draw, mask_draw, x=random.choice((150, WIDTH - 150)), ground=int(shore[200]) + 60)
    soft = ImageFilter.GaussianBlur(0.8)
    return land.filter(soft), mask.filter(soft)


def _ridge(random: Random, *, base: float, height: float, cells: int, roughness: float) -> list[float]:
    """One y for each x: octaves of smoothly joined random heights."""
    ys = [base] * WIDTH
    amplitude = height
    while cells < WIDTH / 3:
        knots = [random.uniform(-0.5, 0.5) for _ in range(cells + 2)]
        for x in range(WIDTH):
            place = x / WIDTH * cells
            knot = int(place)
            share = (1 - math.cos((place - knot) * math.pi)) / 2
            ys[x] += amplitude * (knots[knot] * (1 - share) + knots[knot + 1] * share)
        cells, amplitude = cells * 2, amplitude * roughness
    return ys


def _conifer(random: Random) -> float:
    return random.choice((2, 4, 7, 12, 17)) * random.uniform(0.6, 1.2)


def _layer(
    land: Image.Image, mask: Image.Image, haze: Image.Image, ridge: list[float], look: Image.Image, haze_share: float
) -> None:
    shape = Image.new("L", SIZE)
    _fill(shape, ridge)
    land.paste(look, mask=shape)
    mask.paste(255, mask=shape)
    haze.paste(round(255 * haze_share), mask=shape)


def _fill(shape: Image.Image, ridge: list[float]) -> None:
    outline = [(0, HEIGHT), *((x, y) for x, y in enumerate(ridge)), (WIDTH, HEIGHT)]
    ImageDraw.Draw(shape).polygon(outline, fill=255)


def _textured(random: Random, colour: tuple[int, int, int], depth: int) -> Image.Image:
    """A colour that varies by about `depth` of 255, as rough ground does when light falls from one side."""
    ground = _fractal(random, (WIDTH + 6, HEIGHT + 5), cells=12, octaves=7)
    here, beside = ground.crop((6, 5, WIDTH + 6, HEIGHT + 5)), ground.crop((0, 0, WIDTH, HEIGHT))
    relief = Image.blend(here, ImageChops.subtract(here, beside, 0.45, 128), 0.6)
    return Image.merge("RGB", [relief.point(_around(part, depth)) for part in colour])


def _around(middle: int, depth: int) -> list[int]:
    return [max(0, min(255, round(middle + (value - 128) * depth / 80))) for value in range(256)]


def _snow(random: Random, land: Image.Image, peaks: list[float]) -> None:
    """White where the land is high, in patches that the relief makes."""
    snowline = min(peaks) + 90
    height = Image.linear_gradient("L").resize(SIZE).point(
        [max(0, min(255, round((snowline - value / 255 * HEIGHT) * 1.4 + 128))) for value in range(256)]
    )
    patches = ImageChops.add(height, _fractal(random, SIZE, cells=24, octaves=5), 1, -128)
    land.paste((226, 231, 240), mask=patches.point([max(0, min(235, (value - 118) * 6)) for value in range(256)]))


def _village(random: Random, land: Image.Image, mask: Image.Image) -> Image.Image:
    """Houses on the far shore; gives the mask of their windows."""
    windows = Image.new("L", SIZE)
    draw, mask_draw, lights = ImageDraw.Draw(land), ImageDraw.Draw(mask), ImageDraw.Draw(windows)
    x = random.randint(260, 900)
    for _ in range(5):
        width, wall = random.randint(26, 44), random.randint(16, 24)
        top, middle = WATERLINE - 6 - wall, x + width / 2
        tone = random.randint(186, 226)
        outline = [(x - 4, top), (middle, top - wall * 0.75), (x + width + 4, top)]
        draw.rectangle((x, top, x + width, WATERLINE), fill=(tone, tone - 8, tone - 28))
        draw.polygon(outline, fill=(134, 66, 52))
        mask_draw.rectangle((x, top, x + width, WATERLINE), fill=255)
        mask_draw.polygon(outline, fill=255)
        for left in range(x + 5, x + width - 7, 11):
            draw.rectangle((left, top + 5, left + 4, top + 11), fill=(62, 62, 70))
            lights.rectangle((left, top + 5, left + 4, top + 11), fill=255)
        x += width + random.randint(14, 70)
    glow = windows.filter(ImageFilter.GaussianBlur(7)).point([min(255, value * 3) for value in range(256)])
    return ImageChops.lighter(windows.filter(ImageFilter.GaussianBlur(1)), glow)


def _grass(
    random: Random, draw: ImageDraw.ImageDraw, mask_draw: ImageDraw.ImageDraw, shore: list[float]
) -> None:
    for _ in range(5200):
        x = random.randrange(WIDTH)
        depth = random.random() ** 0.7
        y = shore[x] + depth * (HEIGHT - shore[x]) + 12
        length, lean = 7 + 30 * depth * random.random(), random.uniform(-5, 6)
        tone = random.randint(-26, 30)
        blade = (x, y, x + lean, y - length)
        draw.line(blade, fill=(92 + tone, 116 + tone, 52 + tone // 2), width=1 + int(2 * depth))
        mask_draw.line(blade, fill=255, width=1 + int(2 * depth))
    for _ in range(170):
        x = random.randrange(WIDTH)
        y = random.uniform(shore[x] + 30, HEIGHT)
        size = 1 + (y - shore[x]) / 90
        colour = random.choice(((244, 240, 226), (240, 206, 70), (206, 92, 120), (150, 126, 210)))
        draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)


def _fence(random: Random, draw: ImageDraw.ImageDraw, mask_draw: ImageDraw.ImageDraw, shore: list[float]) -> None:
    tops: list[tuple[float, float]] = []
    for x in range(-40, WIDTH + 120, 150):
        ground = shore[max(0, min(WIDTH - 1, x))] + 70
        lean = random.uniform(-5, 5)
        post = [(x - 6, ground), (x - 6 + lean, ground - 92), (x + 7 + lean, ground - 96), (x + 7, ground)]
        draw.polygon(post, fill=(112, 96, 78))
        mask_draw.polygon(post, fill=255)
        tops.append((x + lean, ground - 92))
    for drop in (16, 48):
        rail = [(x, y + drop) for x, y in tops]
        draw.line(rail, fill=(124, 108, 88), width=8)
        mask_draw.line(rail, fill=255, width=8)


def _tree(
    random: Random, draw: ImageDraw.ImageDraw, mask_draw: ImageDraw.ImageDraw, *, x: int, ground: int
) -> None:
    trunk = [(x - 62, ground + 50), (x - 30, ground - 60), (x - 22, 560), (x + 20, 560), (x + 30, ground - 60)]
    trunk.append((x + 66, ground + 50))
    boughs = [(x - 170, 470, 18), (x - 70, 400, 16), (x + 60, 390, 16), (x + 180, 480, 18)]
    for canvas, colour in ((draw, (84, 68, 54)), (mask_draw, 255)):
        canvas.polygon(trunk, fill=colour)
        for tip_x, tip_y, width in boughs:
            canvas.line((x, 640, tip_x, tip_y), fill=colour, width=width)
    # From the shaded inside to the lit outside, top last.
    for shell in range(9000):
        outward = shell / 9000
        angle, reach = random.uniform(0, 2 * math.pi), (0.2 + 0.8 * outward) * random.random() ** 0.4
        reach *= 0.8 + 0.13 * math.sin(5 * angle + 1) + 0.08 * math.sin(9 * angle) + 0.05 * math.sin(17 * angle)
        left, top = x + 330 * reach * math.cos(angle), 410 + 280 * reach * math.sin(angle)
        size = random.uniform(3, 10)
        tone = round(46 * outward + 34 * (410 - top) / 280 + random.uniform(-16, 16)) - 30
        leaf = (left - size, top - size * 0.7, left + size, top + size * 0.7)
        draw.ellipse(leaf, fill=(76 + tone, 104 + tone, 46 + tone // 2))
        mask_draw.ellipse(leaf, fill=255)


def _ripples(random: Random) -> Image.Image:
    """Around 128; finer towards the far shore."""
    ripples = Image.new("L", (WIDTH, HEIGHT - WATERLINE), 128)
    draw = ImageDraw.Draw(ripples)
    for _ in range(3800):
        near = random.random()
        y = near * (HEIGHT - WATERLINE)
        x, length = random.randrange(-60, WIDTH), random.uniform(10, 40 + 130 * near)
        draw.line((x, y, x + length, y), fill=random.choice((96, 112, 146, 170)), width=1 + int(3 * near))
    return ripples.filter(ImageFilter.GaussianBlur(1.6))


def _stars(random: Random) -> Image.Image:
    stars = Image.new("L", SIZE)
    draw = ImageDraw.Draw(stars)
    for _ in range(520):
        x, y, size = random.randrange(WIDTH), random.randrange(WATERLINE), random.random() ** 4 * 1.8
        draw.ellipse((x - size, y - size, x + size, y + size), fill=random.randint(70, 255))
    return stars


def _noise(random: Random) -> Image.Image:
    """Normally distributed around 128 with a deviation of 32: Gaussian grain over coarser blotches."""
    size = (WIDTH + 128, HEIGHT + 128)
    grain = Image.frombytes("L", size, random.randbytes(size[0] * size[1])).point(_normal())
    blotches = (size[0] // 3, size[1] // 3)
    coarse = Image.frombytes("L", blotches, random.randbytes(blotches[0] * blotches[1])).point(_normal())
    return Image.blend(grain, coarse.resize(size, Image.Resampling.BICUBIC), 0.3)


def _normal() -> list[int]:
    """What makes normally distributed values of evenly distributed ones (Tukey's lambda, which is close enough)."""
    values = []
    for index in range(256):
        share = (index + 0.5) / 256
        values.append(round(128 + 32 * (share**0.135 - (1 - share) ** 0.135) / 0.1975))
    return [max(0, min(255, value)) for value in values]


def _fractal(
    random: Random, size: tuple[int, int], *, cells: int, octaves: int, stretch: float = 1.0
) -> Image.Image:
    """Smooth random grey around 128, with ever finer and weaker detail; `stretch` draws it out sideways."""
    field = Image.new("L", size, 128)
    for octave in reversed(range(octaves)):
        across = min(size[0], cells * 2**octave)
        down = max(2, round(across * size[1] / size[0] * stretch))
        layer = Image.frombytes("L", (across, down), random.randbytes(across * down))
        field = Image.blend(field, layer.resize(size, Image.Resampling.BICUBIC), 0.45)
    return field


def _vignette() -> Image.Image:
    """White in the middle, a little darker in the corners, as a small lens makes it."""
    falloff = Image.radial_gradient("L").resize(SIZE, Image.Resampling.BICUBIC)
    return falloff.point([round(255 - 0.3 * max(0, value - 90)) for value in range(256)])
