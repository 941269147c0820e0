from __future__ import annotations

from pathlib import Path

import pytest

from tests.clips import segment_of_ffmpeg


@pytest.fixture(scope="session")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("segment") / "2026-05-04T12-00-00Z.mp4"
    segment_of_ffmpeg(path)
    return path
