"""What moto's Lambda holds, past its API."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from moto.awslambda_simple.models import lambda_simple_backends

from infra.deploying.target import PROCESSING_FUNCTION, Target


def sent_zip(target: Target, function: str) -> bytes:
    """The package as it was sent."""
    package: bytes = _function(target, function).code_bytes
    return package


def files_of(package: bytes) -> list[tuple[str, int]]:
    """Names and checksums, sorted: the order in a zip is that of a folder, which no two folders share."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return sorted((one.filename, one.CRC) for one in archive.infolist())


def ignore_events(target: Target) -> None:
    """moto itself must not run the function that hears of new objects: it would look for Docker."""
    _function(target, PROCESSING_FUNCTION).invoke = lambda *_, **__: ""


def _function(target: Target, name: str) -> Any:
    return lambda_simple_backends[target.account_id][target.region].get_function(target.function_name(name))
