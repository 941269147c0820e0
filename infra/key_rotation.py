"""How a secret gets a new key: pepper and receipt key alike.

Each process of the API function reads its secrets once. So a new key is first made known to all of them, and only then
made the current one: no process may meet what was made under a key that it does not know. Breaking off is harmless;
the next run finishes it.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploying.target import project_config

KEY_SIZE_BYTES = 32

Client = Callable[..., Any]
"""Gives the boto3 client of a service."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """An SSM parameter in the form of `infra.secrets`: `{"current": "p1", <field>: {"p1": <base64>}}`."""

    what: str
    parameter: str
    field: str
    letter: str

    def number(self, key_id: str) -> int:
        return int(key_id.removeprefix(self.letter))


class StillCurrent(Exception):
    """The key that is to be removed is the one in use."""


def rotate(
    client: Client,
    api_function: str,
    ring: KeyRing,
    *,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    poll_interval_s: int = 2,
) -> str:
    """The id of the key that is the current one now; old keys stay. Raises ClientError where stack or secret do not
    exist.
    """
    ssm = client("ssm")
    held = _get(ssm, ring)
    keys = held[ring.field]
    newest: str = max(keys, key=ring.number)
    if newest == held["current"]:
        newest = f"{ring.letter}{ring.number(newest) + 1}"
        keys[newest] = base64.b64encode(random_bytes(KEY_SIZE_BYTES)).decode()
        _put(ssm, ring, held)
    _renew_processes(client("lambda"), api_function, f"Knows the {ring.what} {newest}.", poll_interval_s)
    _put(ssm, ring, held | {"current": newest})
    return newest


def remove(client: Client, api_function: str, ring: KeyRing, key_id: str, *, poll_interval_s: int = 2) -> None:
    """From now on nobody knows this key. Removing it twice is removing it once. Raises StillCurrent, ClientError."""
    ssm = client("ssm")
    held = _get(ssm, ring)
    if key_id == held["current"]:
        raise StillCurrent
    held[ring.field].pop(key_id, None)
    _put(ssm, ring, held)
    _renew_processes(client("lambda"), api_function, f"Without the {ring.what} {key_id}.", poll_interval_s)


def _get(ssm: Any, ring: KeyRing) -> dict[str, Any]:
    value = ssm.get_parameter(Name=ring.parameter, WithDecryption=True)["Parameter"]["Value"]
    held: dict[str, Any] = json.loads(value)
    return held


def _put(ssm: Any, ring: KeyRing, value: dict[str, Any]) -> None:
    ssm.put_parameter(Name=ring.parameter, Value=json.dumps(value), Type="SecureString", Overwrite=True)


def _renew_processes(functions: Any, api_function: str, description: str, poll_interval_s: int) -> None:
    """A change of configuration, whatever it is, makes Lambda start new processes for the requests that follow."""
    functions.update_function_configuration(FunctionName=api_function, Description=description)
    functions.get_waiter("function_updated_v2").wait(FunctionName=api_function, WaiterConfig={"Delay": poll_interval_s})


def run(
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    act: Callable[[Client, str, argparse.Namespace], str],
) -> int:
    """The command line of a rotation. `act` takes a client, the stack's name and the options, and gives what to say."""
    parser.add_argument("--stage", required=True)
    parser.add_argument("--region", help="instead of AWS_REGION or the profile's")
    options = parser.parse_args(arguments)
    session = boto3.session.Session(region_name=options.region or os.environ.get("AWS_REGION"))
    stack_name = f"{project_config()['app_name']}-{options.stage}"
    try:
        said = act(session.client, stack_name, options)
    except (ClientError, BotoCoreError) as error:
        print(f"{stack_name}: {error}. Mend that, then run this again: it goes on where it stopped", file=sys.stderr)
        return 1
    except StillCurrent:
        print(f"{stack_name} still uses that key: rotate first", file=sys.stderr)
        return 1
    print(said)
    return 0
