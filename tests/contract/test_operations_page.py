"""docs/operations.md: its `aws` lines run in their order against moto, its other commands exist."""

from __future__ import annotations

import importlib.util
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

import jmespath  # type: ignore[import-untyped]
import pytest
from botocore import xform_name

from infra.stack import apply_stack
from tests.contract.moto_rig import Client, empty_aws

ROOT = Path(__file__).resolve().parents[2]
STACK = "frameferry-prod"
PAGE = (ROOT / "docs/operations.md").read_text()
LINES = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
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
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "")
        role = client("iam").create_role(RoleName="api", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        client("lambda").create_function(
            FunctionName=STACK, Runtime="python3.13", Role=role, Handler="app.app", Code={"ZipFile": code.getvalue()}
        )
        yield client


def test_every_aws_line_of_the_page_runs_after_those_before_it(client: Client) -> None:
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


def test_every_make_verb_of_the_page_exists() -> None:
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", PAGE, re.MULTILINE))
    assert named
    assert named <= verbs


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith(".venv/bin/python")])
def test_python_command_of_the_page_has_these_options(line: str) -> None:
    words = shlex.split(line)
    assert words[1] == "-m"
    assert importlib.util.find_spec(words[2])
    told = subprocess.run(
        [sys.executable, "-m", words[2], "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert [word for word in words[3:] if word.startswith("--") and word not in told] == []


def test_no_line_of_the_page_is_of_a_kind_that_no_test_looks_at() -> None:
    known = re.compile(r"aws |make |\.venv/bin/python -m |(export )?\w+=")
    assert [line for line in LINES if not known.match(line)] == []


def test_every_parameter_that_is_an_owners_choice_is_on_the_page(client: Client) -> None:
    summary = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["Parameters"]
    own = {one["ParameterKey"] for one in summary if not one["ParameterKey"].endswith("MemoryMb")}
    assert own == set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
