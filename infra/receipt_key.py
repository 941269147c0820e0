"""`python -m infra.receipt_key --stage prod`: a new key for the receipts that are signed from now on.

Devices get its public half by their next sync or heartbeat, beside those of the old keys, which keep verifying what
they signed. `--remove r1` takes an old key out of use: devices then no longer believe what it signed.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable, Sequence

from infra.key_rotation import Client, KeyRing, remove, rotate, run
from infra.secrets import secret_names


def rotate_receipt_key(
    client: Client,
    stack_name: str,
    *,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    poll_interval_s: int = 2,
) -> str:
    """The id of the key that signs now. Raises ClientError where stack or key do not exist."""
    ring = _ring(stack_name)
    return rotate(client, stack_name, ring, random_bytes=random_bytes, poll_interval_s=poll_interval_s)


def remove_receipt_key(client: Client, stack_name: str, key_id: str, *, poll_interval_s: int = 2) -> None:
    """No device is told of this key any more. Raises StillCurrent, and ClientError where stack or key do not exist."""
    remove(client, stack_name, _ring(stack_name), key_id, poll_interval_s=poll_interval_s)


def _ring(stack_name: str) -> KeyRing:
    return KeyRing("receipt key", secret_names(stack_name).receipt_key, "keys", "r")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.receipt_key", description="A new receipt key for a deployed stage."
    )
    parser.add_argument("--remove", metavar="ID", help="no new one; take this old key out of use instead")
    return run(parser, arguments, _act)


def _act(client: Client, stack_name: str, options: argparse.Namespace) -> str:
    if options.remove is None:
        return f"{stack_name} signs with the receipt key {rotate_receipt_key(client, stack_name)} now"
    remove_receipt_key(client, stack_name, options.remove)
    return f"{stack_name} has no receipt key {options.remove} now"


if __name__ == "__main__":
    sys.exit(main())
