"""MP4 files made of boxes (ISO/IEC 14496-12), for tests in which the video does not matter."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

UPRIGHT = (1, 0, 0, 1)
TURNED_RIGHT = (0, 1, -1, 0)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return (len(body) + 8).to_bytes(4) + kind + body


def clip(
    width: int = 64,
    height: int = 48,
    duration_ms: int = 2_500,
    poster: bytes | None = None,
    *,
    media: bytes = b"video",
    handler: bytes = b"vide",
    matrix: tuple[int, int, int, int] = UPRIGHT,
    version: int = 0,
) -> bytes:
    """As ffmpeg writes it with `-movflags +faststart`, but for what nobody reads. `version` is that of its boxes."""
    tracks = track(width, height, handler=handler, matrix=matrix, version=version)
    return ftyp() + moov(mvhd(duration_ms, version=version), tracks, poster_box(poster)) + box(b"mdat", media)


def ftyp() -> bytes:
    return box(b"ftyp", b"isom", bytes(4), b"isomiso2avc1mp41")


def moov(*parts: bytes) -> bytes:
    return box(b"moov", *parts)


def mvhd(duration: int, scale: int = 1_000, *, version: int = 0) -> bytes:
    size = 8 if version else 4
    times = bytes(2 * size) + scale.to_bytes(4) + duration.to_bytes(size)
    return box(b"mvhd", bytes((version, 0, 0, 0)), times, bytes(80))


def track(
    width: int,
    height: int,
    *,
    handler: bytes = b"vide",
    matrix: Iterable[int] = UPRIGHT,
    version: int = 0,
) -> bytes:
    a, b, c, d = ((number * 2**16).to_bytes(4, signed=True) for number in matrix)
    turned = a + b + bytes(4) + c + d + bytes(4) + bytes(8) + (2**30).to_bytes(4)
    before = bytes((version, 0, 0, 3)) + bytes((32 if version else 20) + 16)
    header = box(b"tkhd", before, turned, width.to_bytes(2), bytes(2), height.to_bytes(2), bytes(2))
    return box(b"trak", header, box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(13))))


def poster_box(picture: bytes | None, *, kind: int = 13) -> bytes:
    if picture is None:
        return b""
    data = box(b"data", kind.to_bytes(4), bytes(4), picture)
    return box(b"udta", box(b"meta", bytes(4), box(b"ilst", box(b"covr", data))))


def of_ffmpeg(folder: Path, poster: bytes | None, *how: str, seconds: float = 1.5, codec: str = "mpeg4") -> bytes:
    """A clip of a test picture, 128x96, as ffmpeg itself writes it; `how` is for its muxer."""
    program = shutil.which("ffmpeg")
    assert program, "see tools/debian-packages.txt"
    command = [program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y"]
    command += ["-f", "lavfi", "-i", f"testsrc=duration={seconds}:size=128x96:rate=10"]
    streams = ["-map", "0", "-c:v:0", codec]
    if poster is not None:
        (folder / "poster.jpg").write_bytes(poster)
        command += ["-i", "poster.jpg"]
        streams += ["-map", "1", "-c:v:1", "copy", "-disposition:v:1", "attached_pic"]
    subprocess.run([*command, *streams, *how, "clip.mp4"], cwd=folder, check=True, timeout=60)
    return (folder / "clip.mp4").read_bytes()


def segment_of_ffmpeg(path: Path) -> None:
    """As the station's relay leaves one: three seconds of H.264, 320x240, in fragments."""
    source = "testsrc=size=320x240:rate=5:duration=3"
    command = [
        *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-g", "5"),
        *("-movflags", "+frag_keyframe+empty_moov+default_base_moof", str(path)),
    ]
    subprocess.run(command, check=True, timeout=60)
