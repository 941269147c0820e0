"""`python -m infra.pepper --stage prod`: a new pepper for the hashes and the tokens that are made from now on.

Each process of the API function reads the peppers once. So the new one is first made known to all of them, and only
then made the current one: no process may meet a hash under a pepper that it does not know, or it would turn a
camera away. Breaking off is harmless; the next run finishes it.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploying.target import project_config
from infra.secrets import secret_names

_KEY_SIZE_BYTES = 32


def rotate_pepper(
    client: Callable[..., Any],
    stack_name: str,
    *,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    poll_interval_s: int = 2,
) -> str:
    """The id of the pepper that is the current one now. Old peppers stay, and what they hashed stays valid.

    `client` gives the boto3 client of a service. Raises ClientError where stack or pepper do not exist.
    """
    ssm, name = client("ssm"), secret_names(stack_name).pepper
    held = json.loads(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    newest: str = max(held["peppers"], key=_number)
    if newest == held["current"]:
        newest = f"p{_number(newest) + 1}"
        held["peppers"][newest] = base64.b64encode(random_bytes(_KEY_SIZE_BYTES)).decode()
        _put(ssm, name, held)
    _renew_processes(client("lambda"), stack_name, newest, poll_interval_s)
    _put(ssm, name, held | {"current": newest})
    return newest


def _number(pepper_id: str) -> int:
    return int(pepper_id.removeprefix("p"))


def _put(ssm: Any, name: str, value: dict[str, Any]) -> None:
    ssm.put_parameter(Name=name, Value=json.dumps(value), Type="SecureString", Overwrite=True)


def _renew_processes(functions: Any, api_function: str, pepper_id: str, poll_interval_s: int) -> None:
    """A change of configuration, whatever it is, makes Lambda start new processes for the requests that follow."""
    functions.update_function_configuration(FunctionName=api_function, Description=f"Knows the pepper {pepper_id}.")
    functions.get_waiter("function_updated_v2").wait(FunctionName=api_function, WaiterConfig={"Delay": poll_interval_s})


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.pepper", description="A new pepper for a deployed stage.")
    parser.add_argument("--stage", required=True)
    parser.add_argument("--region", help="instead of AWS_REGION or the profile's")
    options = parser.parse_args(arguments)
    session = boto3.session.Session(region_name=options.region or os.environ.get("AWS_REGION"))
    stack_name = f"{project_config()['app_name']}-{options.stage}"
    try:
        pepper_id = rotate_pepper(session.client, stack_name)
    except (ClientError, BotoCoreError) as error:
        print(f"{stack_name}: {error}. Mend that, then run this again: it goes on where it stopped", file=sys.stderr)
        return 1
    print(f"{stack_name} hashes with the pepper {pepper_id} from now on")
    return 0


if __name__ == "__main__":
    sys.exit(main())
