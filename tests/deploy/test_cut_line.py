"""What befalls the line to the fake AWS looks to a client as it does with AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from infra.rehearse.fake_aws import FakeAws

Call = Callable[[Any], object]


def create_queue(session: Any) -> object:
    return session.client("sqs").create_queue(QueueName="queue")


@pytest.mark.parametrize(
    "call",
    [
        lambda session: session.client("sts").get_caller_identity(),
        lambda session: session.client("iam").list_roles(),
        lambda session: session.client("cloudformation").describe_stacks(),
        lambda session: session.client("s3").list_buckets(),
        lambda session: session.client("s3").create_bucket(
            Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        ),
        lambda session: session.client("lambda").list_functions(),
        lambda session: session.client("apigateway").get_rest_apis(),
        lambda session: session.client("dynamodb").list_tables(),
        lambda session: session.client("ssm").describe_parameters(),
        lambda session: session.client("logs").describe_log_groups(),
        create_queue,
    ],
)
def test_a_refusal_has_its_code_in_every_protocol(session: Any, aws: FakeAws, call: Call) -> None:
    aws.line.refuse_after(0, "AccessDenied")
    with pytest.raises(ClientError) as refused:
        call(session)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_cut_loses_the_answer_and_not_the_change(session: Any, aws: FakeAws) -> None:
    aws.line.cut_after(1)
    with pytest.raises(ConnectionClosedError):
        create_queue(session)
    with pytest.raises(ConnectionClosedError):
        session.client("sqs").list_queues()
    aws.line.mend()
    assert len(session.client("sqs").list_queues()["QueueUrls"]) == 1


def test_reads_before_the_cut_are_not_counted(session: Any, aws: FakeAws) -> None:
    aws.line.cut_after(1)
    for _ in range(3):
        session.client("sqs").list_queues()
        session.client("cloudformation").describe_stacks()
    assert aws.line.changes == 0
