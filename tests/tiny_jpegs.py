"""Bytes that are quick to examine, for tests in which the picture does not matter."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from PIL import Image


@cache
def tiny_jpeg(number: int) -> bytes:
    """A good JPEG of 16x12 pixels, another one for each number."""
    file = BytesIO()
    Image.new("RGB", (16, 12), ((number * 37) % 256, (number * 91) % 256, number % 256)).save(file, "JPEG")
    return file.getvalue()


def not_a_jpeg(number: int) -> bytes:
    return b"<html>captive portal %d</html>" % number


def cut_jpeg(number: int) -> bytes:
    return tiny_jpeg(number)[:-40]
