"""`python -m infra.deploy plan|deploy|destroy|redrive --stage prod`: Frameferry in an AWS account.

Ends with 0, or with 1 and one line on stderr that says what is wrong and what to do next.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
from botocore.parsers import ResponseParserError
from rich.console import Console

from infra.deploying import preflight
from infra.deploying.deploy import Deploy
from infra.deploying.destroy import DELETE_WARNING, Destroy
from infra.deploying.failure import DeployFailed
from infra.deploying.plan import print_plan
from infra.deploying.redrive import redrive
from infra.deploying.smoke import SmokeTest
from infra.deploying.target import Target

_out = Console(highlight=False, soft_wrap=True)
_AGAIN = "run this again: it goes on where it stopped"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except DeployFailed as error:
        return _failed(str(error))
    except ClientError as error:
        reason = error.response["Error"]["Message"].rstrip(".")
        return _failed(f"AWS refused {error.operation_name}: {reason}. Mend that, then {_AGAIN}")
    except (BotoCoreError, ResponseParserError) as error:
        return _failed(f"AWS could not be reached ({' '.join(str(error).split())}). Check the network, then {_AGAIN}")
    except KeyboardInterrupt:
        return _failed(f"Stopped. To finish, {_AGAIN}")
    return 0


def _run(options: argparse.Namespace) -> None:
    preflight.check_python(sys.version_info[:3])
    session = _session(options.region or os.environ.get("AWS_REGION"))
    is_destroy = options.command == "destroy"
    target = preflight.check(session, options.stage, account_id=options.account, may_be_broken=is_destroy)
    _COMMANDS[options.command](session, target, options)


def _session(region: str | None) -> boto3.session.Session:
    try:
        return boto3.session.Session(region_name=region)
    except ProfileNotFound as error:
        raise DeployFailed(str(error), "Choose another with AWS_PROFILE, or make it with `aws configure`") from error


def _plan(session: Any, target: Target, options: argparse.Namespace) -> None:
    print_plan(session, target, _out, cameras=options.cameras, parameters=dict(options.parameter))


def _deploy(session: Any, target: Target, options: argparse.Namespace) -> None:
    _plan(session, target, options)
    deploy = Deploy(session, target, _detail, dict(options.parameter), architecture=options.architecture)
    _with_progress(deploy.run)
    if options.smoke:
        _out.print("[bold]smoke test[/bold]")
        SmokeTest(session, deploy.environment, deploy.api_url, _detail).run()
    _out.print(f"Deployed {target.stack_name}: {deploy.api_url}/")


def _destroy(session: Any, target: Target, options: argparse.Namespace) -> None:
    if options.delete_photos and options.confirm != target.stack_name:
        raise DeployFailed(DELETE_WARNING, f"If that is meant, say CONFIRM={target.stack_name} as well")
    _with_progress(Destroy(session, target, _detail, delete_data=options.delete_photos).run)
    kept = "" if options.delete_photos else "; photos, items, owners and secrets are kept for the next deploy"
    _out.print(f"Destroyed {target.stack_name}{kept}")


def _redrive(session: Any, target: Target, _: argparse.Namespace) -> None:
    count = redrive(session, target)
    _out.print(f"Redriven: {count} dead letter{'' if count == 1 else 's'}")


_COMMANDS = {"plan": _plan, "deploy": _deploy, "destroy": _destroy, "redrive": _redrive}


def _with_progress(run: Callable[[Callable[[str], None]], None]) -> None:
    with _out.status("") as status:

        def begin(step: str) -> None:
            _out.print(f"[bold]{step}[/bold]")
            status.update(step)

        run(begin)


def _detail(line: str) -> None:
    if line.strip():
        _out.print(f"  {line}", style="dim", markup=False)


def _failed(line: str) -> int:
    print(line, file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description="Frameferry in an AWS account.")
    parser.add_argument("command", choices=sorted(_COMMANDS))
    parser.add_argument("--stage", required=True)
    parser.add_argument("--region", help="instead of AWS_REGION or the profile's")
    parser.add_argument("--account", help="the only account id that will do")
    parser.add_argument("--cameras", type=int, default=2, help="for what a month will cost")
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), help="instead of config.json's")
    parser.add_argument("--parameter", type=_parameter, action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--no-smoke", dest="smoke", action="store_false", help="do not test what was deployed")
    parser.add_argument("--delete-photos", action="store_true", help="destroy: delete all data as well")
    parser.add_argument("--confirm", default="", help="destroy --delete-photos: the stack's name")
    return parser


def _parameter(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
