"""Dead letters are told again, each to the function that gave up on it."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest

from infra.deploy import main
from infra.deploying import stack_step
from infra.deploying.failure import DeployFailed
from infra.deploying.redrive import redrive
from infra.deploying.target import PROCESSING_FUNCTION, Target
from infra.stack import StackOutputs


@pytest.fixture
def outputs(session: Any, target: Target) -> StackOutputs:
    made = stack_step.apply(session, target, {}, 1)
    session.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    session.client("lambda").create_function(
        FunctionName=target.function_name(PROCESSING_FUNCTION),
        Runtime="python3.13",
        Handler="app.process_object",
        Role=session.client("iam").get_role(RoleName="role")["Role"]["Arn"],
        Code={"ZipFile": code.getvalue()},
    )
    return made


def letter(function_arn: str, number: int) -> str:
    """Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations"."""
    return json.dumps(
        {
            "version": "1.0",
            "requestContext": {"functionArn": f"{function_arn}:$LATEST", "condition": "RetriesExhausted"},
            "requestPayload": {"Records": [{"number": number}]},
        }
    )


def send(session: Any, outputs: StackOutputs, letters: Sequence[str]) -> None:
    for body in letters:
        session.client("sqs").send_message(QueueUrl=outputs.dead_letter_queue_url, MessageBody=body)


def waiting(session: Any, outputs: StackOutputs) -> int:
    answer = session.client("sqs").get_queue_attributes(QueueUrl=outputs.dead_letter_queue_url, AttributeNames=["All"])
    held = answer["Attributes"]
    return int(held["ApproximateNumberOfMessages"]) + int(held["ApproximateNumberOfMessagesNotVisible"])


def test_every_letter_is_told_once_and_taken_away(session: Any, target: Target, outputs: StackOutputs) -> None:
    send(session, outputs, [letter(target.function_arn(PROCESSING_FUNCTION), number) for number in range(12)])
    assert redrive(session, target, lambda: time.time() + 1) == 12
    assert waiting(session, outputs) == 0


def test_a_letter_that_came_back_meanwhile_is_left_for_the_next_time(
    session: Any, target: Target, outputs: StackOutputs
) -> None:
    send(session, outputs, [letter(target.function_arn(PROCESSING_FUNCTION), 1)])
    assert redrive(session, target, lambda: time.time() - 60) == 0
    assert waiting(session, outputs) == 1


@pytest.mark.parametrize(
    "body",
    [
        letter("arn:aws:lambda:eu-central-1:123456789012:function:someone-elses", 1),
        json.dumps({"not": "a letter"}),
        json.dumps({"requestContext": {"functionArn": None}, "requestPayload": {}}),
        json.dumps(["a", "list"]),
        "not even JSON",
    ],
)
def test_what_is_no_letter_of_this_stack_stays_in_the_queue_and_keeps_no_letter_from_being_told(
    session: Any, target: Target, outputs: StackOutputs, body: str
) -> None:
    ours = letter(target.function_arn(PROCESSING_FUNCTION), 1)
    send(session, outputs, [ours, body, ours])
    with pytest.raises(DeployFailed, match=r"Redriven: 2\. .* names no function of frameferry-prod: 1\. Look at it"):
        redrive(session, target, lambda: time.time() + 1)
    assert waiting(session, outputs) == 1


def test_a_stack_that_is_only_begun_has_nothing_to_redrive(session: Any, target: Target) -> None:
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    session.client("cloudformation").create_stack(StackName=target.stack_name, TemplateBody=template)
    with pytest.raises(DeployFailed, match="frameferry-prod is not deployed"):
        redrive(session, target)


def test_the_program_tells_how_many_there_were(
    session: Any, target: Target, outputs: StackOutputs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["redrive", "--stage", "prod"]) == 0
    assert capsys.readouterr().out == "Redriven: 0 dead letters\n"
