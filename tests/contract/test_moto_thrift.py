"""What is spared of moto 5.2.5 changes nothing that is asked of it."""

from __future__ import annotations

import gc
import importlib
import weakref

import boto3
from botocore.session import Session
from moto.cloudformation import parsing
from moto.s3.models import FakeKey, s3_backends

from infra.local.moto_services import LEFT_OUT, left_out
from infra.stack import template_body
from tests.contract.conftest import Cloud


def test_every_kind_of_resource_in_the_template_is_one_that_moto_makes() -> None:
    kinds = {line.split()[1] for line in template_body().splitlines() if line.strip().startswith("Type: AWS::")}
    assert len(kinds) > 5
    assert kinds - parsing.get_model_map().keys() == set()


def test_a_service_that_is_left_out_of_templates_is_there_for_who_asks_for_it(stack: Cloud) -> None:
    assert "kinesis" in LEFT_OUT
    streams = boto3.client("kinesis", region_name="eu-central-1")
    streams.create_stream(StreamName="asked-for", ShardCount=1)
    assert streams.list_streams()["StreamNames"] == ["asked-for"]


def test_a_service_that_was_imported_before_stays_as_it_is() -> None:
    there = importlib.import_module("moto.kinesis.models")
    with left_out():
        assert importlib.import_module("moto.kinesis.models") is there
    assert importlib.import_module("moto.kinesis.models") is there


def test_a_deleted_object_is_kept_by_nobody(stack: Cloud) -> None:
    bucket = stack.outputs.captures_bucket
    made = stack.s3.put_object(Bucket=bucket, Key="kept/by/nobody", Body=b"a photo")
    stack.s3.list_object_versions(Bucket=bucket)
    (version,) = s3_backends["123456789012"]["aws"].get_bucket(bucket).keys.getlist("kept/by/nobody")
    assert isinstance(version, FakeKey)
    left = weakref.ref(version)
    del version
    stack.s3.delete_object(Bucket=bucket, Key="kept/by/nobody", VersionId=made["VersionId"])
    gc.collect()
    assert left() is None


def test_a_list_of_versions_leaves_their_bytes_alone(cloud: Cloud) -> None:
    bucket = cloud.outputs.captures_bucket
    made = cloud.s3.put_object(Bucket=bucket, Key="listed", Body=b"a photo")
    for _ in range(2):
        listed = cloud.s3.list_object_versions(Bucket=bucket, Prefix="listed")["Versions"]
        assert [(one["VersionId"], one["IsLatest"], one["ETag"]) for one in listed] == [
            (made["VersionId"], True, made["ETag"])
        ]
        gc.collect()
    assert cloud.s3.get_object(Bucket=bucket, Key="listed")["Body"].read() == b"a photo"


def test_sessions_read_the_description_of_a_service_once() -> None:
    first, second = (Session().get_component("data_loader") for _ in range(2))
    assert first.load_service_model("dynamodb", "service-2") is second.load_service_model("dynamodb", "service-2")
