"""`python -m infra.pepper --stage prod`: a new pepper for the hashes and the tokens that are made from now on.

No process may meet a hash under a pepper that it does not know, or it would turn a camera away: see
`infra.key_rotation`.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable, Sequence

from infra.key_rotation import Client, KeyRing, rotate, run
from infra.secrets import secret_names


def rotate_pepper(
    client: Client,
    stack_name: str,
    *,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    poll_interval_s: int = 2,
) -> str:
    """The id of the pepper that is the current one now. Old peppers stay, and what they hashed stays valid.

    Raises ClientError where stack or pepper do not exist.
    """
    ring = KeyRing("pepper", secret_names(stack_name).pepper, "peppers", "p")
    return rotate(client, stack_name, ring, random_bytes=random_bytes, poll_interval_s=poll_interval_s)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.pepper", description="A new pepper for a deployed stage.")
    return run(
        parser, arguments, lambda client, stack, _: f"{stack} hashes with the pepper {rotate_pepper(client, stack)} now"
    )


if __name__ == "__main__":
    sys.exit(main())
