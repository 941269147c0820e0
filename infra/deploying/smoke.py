"""Proves a deploy from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.deploying.target import Target
from infra.secrets import SecretNames
from infra.stack import StackOutputs


def smoke_test(
    session: Any,
    target: Target,
    outputs: StackOutputs,
    secrets: SecretNames,
    api_url: str,
    say: Callable[[str], None],
) -> None:
    say(api_url)
