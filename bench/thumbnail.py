"""The thumbnail of a 1600x1200 photo, against full decode + LANCZOS: how much faster, and how alike.

The photo is synthetic, of 185 KB: the middle of the 100 to 250 KB that an OV2640 gives at this size.
"""

from __future__ import annotations

from io import BytesIO
from itertools import accumulate

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from bench.measure import Row, interleaved_ratio, median_s
from chalicelib.imaging import THUMBNAIL_BOX, THUMBNAIL_QUALITY, examine, shrink
from tests.pictures import camera_scene, encoded


def rows() -> list[Row]:
    jpeg = encoded(camera_scene(), quality=80, subsampling="4:2:2")
    speed = interleaved_ratio(lambda: examine(jpeg), lambda: _peer_thumbnail(jpeg))
    reference = _full_decode_lanczos(jpeg)
    alike = ssim(shrink(_opened(jpeg), 1), reference)
    lost = ssim(_opened(_peer_thumbnail(jpeg)), reference) - ssim(_opened(examine(jpeg).thumbnail), reference)
    peer_ms, floor_ms = median_s(lambda: _peer_thumbnail(jpeg)) * 1e3, median_s(lambda: _scaled_decode(jpeg)) * 1e3
    name = f"thumbnail of 1600x1200, {len(jpeg) / 1000:.0f} KB"
    peer, floor = f"full decode + LANCZOS: {peer_ms:.1f} ms", f"decode at 1/4 alone: {floor_ms:.1f} ms"
    return [
        Row(name, speed, "x", ">= 5", speed >= 5, peer, floor),
        Row(f"{name}: SSIM to the peer's pixels", alike, "", ">= 0.99", alike >= 0.99, peer),
        Row(f"{name}: SSIM lost to the peer, as JPEG", lost, "", "<= 0.01", lost <= 0.01, peer),
    ]


def _opened(jpeg: bytes) -> JpegImageFile:
    return JpegImageFile(BytesIO(jpeg))


def _full_decode_lanczos(jpeg: bytes) -> Image.Image:
    return Image.open(BytesIO(jpeg)).resize(THUMBNAIL_BOX, Image.Resampling.LANCZOS)


def _peer_thumbnail(jpeg: bytes) -> bytes:
    return encoded(_full_decode_lanczos(jpeg), quality=THUMBNAIL_QUALITY)


def _scaled_decode(jpeg: bytes) -> None:
    """Every coefficient has to be read, however small the picture becomes."""
    image = _opened(jpeg)
    image.draft(None, THUMBNAIL_BOX)
    image.load()


def ssim(one: Image.Image, other: Image.Image, window: int = 7) -> float:
    """Mean structural similarity of two pictures' luma, over uniform windows (Wang et al., IEEE TIP 13(4), 2004)."""
    x, y = ([float(v) for v in image.convert("L").tobytes()] for image in (one, other))

    def mean_of_products(p: list[float], q: list[float]) -> list[float]:
        return _window_means([a * b for a, b in zip(p, q, strict=True)], one.width, window)

    means_x, means_y = _window_means(x, one.width, window), _window_means(y, one.width, window)
    products = mean_of_products(x, x), mean_of_products(y, y), mean_of_products(x, y)
    unbiased, c1, c2 = window**2 / (window**2 - 1), 2.55 * 2.55, 7.65 * 7.65  # (1 and 3 % of 255) squared
    total = 0.0
    for mx, my, xx, yy, xy in zip(means_x, means_y, *products, strict=True):
        variances, covariance = (xx - mx * mx + yy - my * my) * unbiased, (xy - mx * my) * unbiased
        total += (2 * mx * my + c1) * (2 * covariance + c2) / ((mx * mx + my * my + c1) * (variances + c2))
    return total / len(means_x)


def _window_means(values: list[float], width: int, window: int) -> list[float]:
    """The mean of each window that lies wholly within the picture."""
    across = [_sliding_means(values[at : at + width], window) for at in range(0, len(values), width)]
    down = [_sliding_means(list(column), window) for column in zip(*across, strict=True)]
    return [mean for column in down for mean in column]


def _sliding_means(line: list[float], window: int) -> list[float]:
    running = [0.0, *accumulate(line)]
    return [(after - before) / window for before, after in zip(running, running[window:], strict=False)]
