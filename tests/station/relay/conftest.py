from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a relay leaves one: three seconds of H.264 in fragments."""
    path = tmp_path_factory.mktemp("segment") / "2026-05-04T12-00-00Z.mp4"
    source = "testsrc=size=320x240:rate=5:duration=3"
    command = [
        *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-g", "5"),
        *("-movflags", "+frag_keyframe+empty_moov+default_base_moof", str(path)),
    ]
    subprocess.run(command, check=True, timeout=60)
    return path
