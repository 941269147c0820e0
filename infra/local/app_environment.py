"""The process environment that the app finds in the local cloud, put back as it was afterwards.

Nothing of the machine's own AWS set-up may shine through: no profile, no file, no endpoint setting,
or a test could reach a real account.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

_FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_ROLE_ARN")
_NO_PROXY = ("NO_PROXY", "no_proxy")


@contextmanager
def app_environment(variables: Mapping[str, str], hosts_without_proxy: Iterable[str] = ()) -> Iterator[None]:
    before = dict(os.environ)
    bypass = ",".join(sorted(hosts_without_proxy))
    for name in _FOREIGN:
        os.environ.pop(name, None)
    for name in _NO_PROXY:
        if bypass:
            os.environ[name] = ",".join(filter(None, [os.environ.get(name), bypass]))
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def role_variables(*, access_key: str, secret_key: str, session_token: str, region: str) -> dict[str, str]:
    """What Lambda sets for a function's role, and no file of this machine beside it."""
    return {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_SESSION_TOKEN": session_token,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
