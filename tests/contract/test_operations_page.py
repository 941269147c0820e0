"""docs/operations.md: its `aws` lines run in their order against moto, its other commands exist."""

from __future__ import annotations

import importlib
import io
import json
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped]
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from infra.deploy import command_line
from infra.deploying.failure import DeployFailed
from infra.deploying.parameters import check_parameters
from infra.deploying.target import project_config
from infra.local.app_environment import app_environment, role_variables
from infra.secrets import ensure_secrets
from infra.stack import apply_stack
from tests.contract.moto_rig import REGION, Client, empty_aws

ROOT = Path(__file__).resolve().parents[2]
STACK = "frameferry-prod"
PAGE = (ROOT / "docs/operations.md").read_text()
LINES = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
INLINE = re.findall(r"`((?:make|aws|\.venv/bin/python) [^`]+)`", PAGE)
_OF_THE_CLI_ITSELF = {"aws configure", "aws sso login"}
_CAPTURED = re.compile(r"(\w+)=\$\((aws .*)\)")


class Shell:
    """As much of a shell and of the AWS CLI as the page uses."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._variables: dict[str, str] = {}

    def run(self, line: str) -> Any:
        if captured := _CAPTURED.fullmatch(line):
            self._variables[captured[1]] = _as_text(self._aws(captured[2]))
        elif line.startswith("aws "):
            return self._aws(line)
        elif line.startswith(".venv/bin/python -m "):
            words = shlex.split(line)
            assert importlib.import_module(words[2]).main([*words[3:], "--region", REGION]) == 0
        elif assigned := re.fullmatch(r"(?:export )?(\w+)=(\S+)", line):
            self._variables[assigned[1]] = assigned[2]
        return None

    def _aws(self, line: str) -> Any:
        words = [self._filled(word) for word in shlex.split(line)][1:]
        client = self._client(words[0])
        if words[1] == "wait":
            waiter = client.get_waiter(words[2].replace("-", "_"))
            waiter.wait(**_arguments(client, waiter.config.operation, words[3:])[0], WaiterConfig={"Delay": 1})
            return None
        operation = client.meta.method_to_api_mapping[words[1].replace("-", "_")]
        arguments, query = _arguments(client, operation, words[2:])
        answer = getattr(client, words[1].replace("-", "_"))(**arguments)
        return jmespath.search(query, answer) if query else answer

    def _filled(self, word: str) -> str:
        return re.sub(r"\$(\w+)", lambda found: self._variables[found[1]], word)


def _arguments(client: Any, operation: str, words: list[str]) -> tuple[dict[str, Any], str | None]:
    """The call's arguments, and the expression that picks from the answer. KeyError for an option that is none."""
    members = client.meta.service_model.operation_model(operation).input_shape.members
    options = {xform_name(name, "-"): name for name in members}
    arguments: dict[str, Any] = {}
    query, rest = None, list(words)
    while rest:
        option = rest.pop(0).removeprefix("--")
        if option == "output":
            assert rest.pop(0) == "text"
        elif option == "query":
            query = rest.pop(0)
        elif option not in options:
            arguments[options[option.removeprefix("no-")]] = False
        elif members[options[option]].type_name == "boolean":
            arguments[options[option]] = True
        else:
            arguments[options[option]] = _value(members[options[option]].type_name, rest.pop(0))
    return arguments, query


def _value(kind: str, word: str) -> Any:
    if kind in ("integer", "long"):
        return int(word)
    return json.loads(word) if kind in ("structure", "list", "map") else word


def _as_text(answer: Any) -> str:
    return str(answer[0] if isinstance(answer, list) else answer)


@pytest.fixture
def client() -> Iterator[Client]:
    with empty_aws() as client:
        apply_stack(client("cloudformation"), STACK)
        ensure_secrets(client("ssm"), STACK)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "")
        role = client("iam").create_role(RoleName="api", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        client("lambda").create_function(
            FunctionName=STACK, Runtime="python3.13", Role=role, Handler="app.app", Code={"ZipFile": code.getvalue()}
        )
        role_of_owner = role_variables(access_key="key", secret_key="secret", session_token="token", region=REGION)
        with app_environment(role_of_owner | {"AWS_ENDPOINT_URL": client("s3").meta.endpoint_url}, ["127.0.0.1"]):
            yield client


def test_every_line_of_the_page_but_make_runs_after_those_before_it(client: Client) -> None:
    shell = Shell(client)
    for line in LINES:
        shell.run(line)
    assert sum("aws " in line for line in LINES) > 20


def test_a_restored_table_has_the_rows_the_protection_and_the_recovery_of_the_old_one(client: Client) -> None:
    dynamodb, table = client("dynamodb"), f"{STACK}-items"
    item = {"device_id": {"S": "camera"}, "seq": {"N": "1"}}
    dynamodb.put_item(TableName=table, Item=item)
    before = dynamodb.describe_table(TableName=table)["Table"]

    shell = Shell(client)
    for line in LINES[LINES.index(f"TABLE={table}") :]:
        shell.run(line)

    after = dynamodb.describe_table(TableName=table)["Table"]
    recovery = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert dynamodb.scan(TableName=table)["Items"] == [item]
    assert after["KeySchema"] == before["KeySchema"]
    assert after["DeletionProtectionEnabled"] is True
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert f"{table}-restored" not in dynamodb.list_tables()["TableNames"]


def check_command(command: str) -> None:
    """Raises where there is no such command, or it has no such option: AssertionError, KeyError, UnknownServiceError.

    Nothing is run: who runs it is `RUN_BY`.
    """
    words = shlex.split(captured[2] if (captured := _CAPTURED.fullmatch(command)) else command)
    if words[0] == "aws":
        if command not in _OF_THE_CLI_ITSELF:
            _check_aws(words[1:])
    elif words[0] == "make":
        _check_make(words[1:])
    elif words[0] == ".venv/bin/python":
        _check_python(words[1:])
    else:
        assert re.fullmatch(r"(export )?[A-Z_]+=[\w-]+", command), f"what is {command!r}?"


def _check_aws(words: list[str]) -> None:
    client = boto3.client(words[0], region_name="eu-central-1")  # type: ignore[call-overload]
    if words[1] == "wait":
        operation = client.get_waiter(words[2].replace("-", "_")).config.operation
        _arguments(client, operation, words[3:])
    else:
        _arguments(client, client.meta.method_to_api_mapping[words[1].replace("-", "_")], words[2:])


def _check_make(words: list[str]) -> None:
    known = set(re.findall(r"^(\w+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word.partition("=")[0] for word in words[1:]} <= known
    done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (program,) = [shlex.split(line) for line in done.stdout.replace("\\\n", " ").splitlines() if "-m infra." in line]
    assert program[2] in RUN_BY
    if program[2] == "infra.deploy":
        options = command_line().parse_args(program[3:])
        check_parameters(dict(parameter.split("=", 1) for parameter in options.parameter))
        assert options.stage in project_config()["stages"] or len(words) == 1


def _check_python(words: list[str]) -> None:
    assert words[0] == "-m"
    assert words[1] in RUN_BY
    told = subprocess.run(
        [sys.executable, "-m", words[1], "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert [word for word in words[2:] if word.startswith("--") and word not in told] == []


THIS = str(Path(__file__).relative_to(ROOT))
RUN_BY = {
    "infra.deploy": "infra/rehearse/kills.py",
    "infra.rehearse": "Makefile",
    "infra.pepper": THIS,
    "infra.receipt_key": THIS,
}
"""What runs a program of ours for true."""


@pytest.mark.parametrize("command", sorted({*LINES, *INLINE}))
def test_command_of_the_page_exists_with_its_options(command: str) -> None:
    check_command(command)


@pytest.mark.parametrize(
    "command",
    [
        "make polish STAGE=prod",
        "make deploy STAG=prod",
        "make deploy STAGE=production",
        'make deploy STAGE=prod PARAMETERS="AlarmMail=you@example.com"',
        'make deploy STAGE=prod PARAMETERS="AlarmEmail=you"',
        "aws dynamodb polish",
        "aws polish list-tables",
        "aws dynamodb scan --tablename frameferry-prod-items",
        "aws dynamodb wait table-polished --table-name frameferry-prod-items",
        "X=$(aws dynamodb polish)",
        ".venv/bin/python -m infra.polish --stage prod",
        ".venv/bin/python -m infra.pepper --polish",
        "curl https://example.com",
    ],
)
def test_a_command_that_there_is_not_would_be_noticed(command: str) -> None:
    with pytest.raises((AssertionError, KeyError, ValueError, UnknownServiceError, DeployFailed)):
        check_command(command)


@pytest.mark.parametrize(("module", "file"), RUN_BY.items())
def test_program_of_the_page_is_run_by_what_is_said_to_run_it(module: str, file: str) -> None:
    assert module in (ROOT / file).read_text()


def test_every_block_of_the_page_is_one_of_commands() -> None:
    assert set(re.findall(r"^```(.+)$", PAGE, re.MULTILINE)) == {"sh"}
    assert not re.search(r"^(    |\t)\S", PAGE, re.MULTILINE)


def test_every_parameter_that_is_an_owners_choice_is_on_the_page(client: Client) -> None:
    summary = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["Parameters"]
    own = {one["ParameterKey"] for one in summary if not one["ParameterKey"].endswith("MemoryMb")}
    assert own == set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
