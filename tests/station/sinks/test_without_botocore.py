"""What a station without a bucket does not need."""

from __future__ import annotations

import subprocess
import sys


def python(code: str) -> str:
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_nothing_of_aws_is_loaded_where_no_bucket_is_used() -> None:
    assert python("import sys, frameferry_station.sinks.assembly; print('botocore' in sys.modules)") == "False"


def test_without_botocore_the_bucket_says_what_to_install() -> None:
    code = """
import sys
sys.modules["botocore.auth"] = None
from frameferry_station.settings import S3Sink
from frameferry_station.sinks.photo import NotAsConfigured, Photo
from frameferry_station.sinks.s3 import S3Destination
try:
    settings = S3Sink("bucket", "us-east-1", "id", "secret")
    S3Destination(settings, None).deliver(Photo("garden", 1, None, "00" * 32, b"x"))
except NotAsConfigured as error:
    print(error)
"""
    assert python(code) == "S3 needs botocore: pip install 'frameferry-station[s3]'"
