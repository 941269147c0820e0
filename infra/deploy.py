"""`python -m infra.deploy plan|deploy|destroy|redrive --stage prod`: Frameferry in an AWS account.

Ends with 0, or with 1 and one line on stderr that says what is wrong and what to do next.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from botocore.exceptions import ProfileNotFound
from rich.console import Console

from infra.deploying import preflight
from infra.deploying.deploy import Deploy
from infra.deploying.destroy import DELETE_WARNING, Destroy
from infra.deploying.failure import DeployFailed, Failure, one_line
from infra.deploying.one_run import one_run
from infra.deploying.parameters import check_parameters
from infra.deploying.plan import print_plan
from infra.deploying.redrive import redrive
from infra.deploying.session import Session
from infra.deploying.smoke import SmokeTest
from infra.deploying.target import Target

_out = Console(highlight=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> int:
    options = command_line().parse_args(arguments)
    try:
        _run(options)
    except Failure as error:
        print(one_line(error), file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    preflight.check_python(sys.version_info[:3])
    options.parameters = _named(options.parameter)
    check_parameters(options.parameters)
    session = _session(options.region or os.environ.get("AWS_REGION"))
    is_destroy = options.command == "destroy"
    target = preflight.check(session, options.stage, account_id=options.account, may_be_broken=is_destroy)
    _COMMANDS[options.command](session, target, options)


def _session(region: str | None) -> Session:
    try:
        return Session(region)
    except ProfileNotFound as error:
        raise DeployFailed(str(error), "Choose another with AWS_PROFILE, or make it with `aws configure`") from error


def _plan(session: Any, target: Target, options: argparse.Namespace) -> None:
    print_plan(session, target, _out, cameras=options.cameras, parameters=options.parameters)


def _deploy(session: Any, target: Target, options: argparse.Namespace) -> None:
    _plan(session, target, options)
    deploy = Deploy(session, target, _detail, options.parameters, architecture=options.architecture)
    with one_run(target):
        _with_progress(deploy.run)
    if options.smoke:
        _out.print("[bold]smoke test[/bold]")
        SmokeTest(session, deploy.environment, deploy.api_url, _detail).run()
    _out.print(f"Deployed {target.stack_name}: {deploy.api_url}/")


def _destroy(session: Any, target: Target, options: argparse.Namespace) -> None:
    if options.delete_photos and options.confirm != target.stack_name:
        raise DeployFailed(DELETE_WARNING, f"If that is meant, say CONFIRM={target.stack_name} as well")
    with one_run(target):
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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line here as everywhere."""
        print(f"{message}. {self.prog} --help tells what there is", file=sys.stderr)
        sys.exit(2)


def command_line() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m infra.deploy", description="Frameferry in an AWS account.")
    parser.add_argument("command", choices=sorted(_COMMANDS))
    parser.add_argument("--stage", default="", help="of .chalice/config.json")
    parser.add_argument("--region", help="instead of AWS_REGION or the profile's")
    parser.add_argument("--account", help="the only account id that will do")
    parser.add_argument("--cameras", type=int, default=2, help="for what a month will cost")
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), help="instead of config.json's")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of the stack")
    parser.add_argument("--no-smoke", dest="smoke", action="store_false", help="do not test what was deployed")
    parser.add_argument("--delete-photos", action="store_true", help="destroy: delete all data as well")
    parser.add_argument("--confirm", default="", help="destroy --delete-photos: the stack's name")
    return parser


def _named(parameters: Sequence[str]) -> dict[str, str]:
    for text in parameters:
        if "=" not in text:
            raise DeployFailed(f"The parameter {text!r} has no value", 'Write PARAMETERS="NAME=VALUE NAME=VALUE"')
    return {name: value for name, _, value in (text.partition("=") for text in parameters)}


if __name__ == "__main__":
    sys.exit(main())
