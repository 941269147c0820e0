"""What a deleted stack leaves is taken up by the next of its name.

moto carries out an import without looking at `ResourcesToImport`; what CloudFormation would find there is judged by
the identifiers that its resource schemas name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from infra.kept import CannotTakeUp, Kept, find_kept, import_change_set
from infra.stack import TEMPLATE, StackFailed, StackOutputs, apply_stack
from tests.contract.moto_rig import ACCOUNT_ID, REGION, Client, empty_aws

STACK = "frameferry-dev"
EVERYTHING = {
    *("CapturesBucket", "DerivedBucket", "UserPool"),
    *("DevicesTable", "ItemsTable", "TimelineTable", "PairingsTable", "InboxTable"),
}


@pytest.fixture
def client() -> Iterator[Client]:
    with empty_aws() as client:
        yield client


@pytest.fixture
def gone(client: Client) -> StackOutputs:
    """What the outputs of a stack were that is deleted."""
    cloudformation = client("cloudformation")
    made = apply_stack(cloudformation, STACK, poll_interval_s=1, parameters={"NoncurrentVersionDays": "7"})
    cloudformation.delete_stack(StackName=STACK)
    return made


def apply(client: Client, kept: list[Kept]) -> StackOutputs:
    return apply_stack(client("cloudformation"), STACK, kept=kept, poll_interval_s=1)


def test_nothing_is_kept_where_no_stack_was(client: Client) -> None:
    assert find_kept(client, STACK) == []


def test_everything_that_holds_data_is_found_after_its_stack_is_gone(client: Client, gone: StackOutputs) -> None:
    assert {one.logical_id for one in find_kept(client, STACK)} == EVERYTHING


def test_what_is_found_is_what_the_template_keeps(client: Client, gone: StackOutputs) -> None:
    resources = cfn_yaml.load(str(TEMPLATE))["Resources"]
    kept = {name: one["Type"] for name, one in resources.items() if one.get("DeletionPolicy") == "Retain"}
    policies = {name: kind for name, kind in kept.items() if kind == "AWS::S3::BucketPolicy"}
    found = {one.logical_id: one.type for one in find_kept(client, STACK)}
    assert found | policies == kept


def test_next_stack_has_the_photos_items_and_owners_of_the_one_before(client: Client, gone: StackOutputs) -> None:
    client("s3").put_object(Bucket=gone.captures_bucket, Key="photo", Body=b"bytes")
    item = {"device_id": {"S": "camera"}, "seq": {"N": "1"}}
    client("dynamodb").put_item(TableName=gone.items_table, Item=item)

    made = apply(client, find_kept(client, STACK))

    assert client("s3").get_object(Bucket=made.captures_bucket, Key="photo")["Body"].read() == b"bytes"
    assert client("dynamodb").get_item(TableName=made.items_table, Key=item)["Item"] == item
    assert made.user_pool_id == gone.user_pool_id
    assert made.oidc_issuer == gone.oidc_issuer


def test_what_is_taken_up_is_brought_to_the_template(client: Client, gone: StackOutputs) -> None:
    client("dynamodb").update_table(TableName=gone.items_table, DeletionProtectionEnabled=False)
    made = apply(client, find_kept(client, STACK))
    rules = client("s3").get_bucket_lifecycle_configuration(Bucket=made.captures_bucket)["Rules"]
    table = client("dynamodb").describe_table(TableName=made.items_table)["Table"]
    assert {"NoncurrentDays": 30} in [rule.get("NoncurrentVersionExpiration") for rule in rules]
    assert table["DeletionProtectionEnabled"] is True


def test_what_is_missing_is_made_anew_beside_what_is_kept(client: Client, gone: StackOutputs) -> None:
    dynamodb = client("dynamodb")
    dynamodb.update_table(TableName=gone.inbox_table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=gone.inbox_table)
    kept = find_kept(client, STACK)
    assert {one.logical_id for one in kept} == EVERYTHING - {"InboxTable"}
    assert apply(client, kept).inbox_table == gone.inbox_table
    assert dynamodb.describe_table(TableName=gone.inbox_table)["Table"]["TableStatus"] == "ACTIVE"


def test_a_stack_that_is_there_is_updated_and_takes_nothing_up(client: Client) -> None:
    made = apply(client, [])
    assert apply(client, find_kept(client, STACK)) == made


def test_taking_up_twice_ends_in_the_same_stack(client: Client, gone: StackOutputs) -> None:
    made = apply(client, find_kept(client, STACK))
    client("cloudformation").delete_stack(StackName=STACK)
    again = apply(client, find_kept(client, STACK))
    assert again.user_pool_id == made.user_pool_id
    assert again.items_table == made.items_table


def test_a_run_that_broke_off_before_the_import_is_no_hindrance(client: Client, gone: StackOutputs) -> None:
    kept = find_kept(client, STACK)
    client("cloudformation").create_change_set(StackName=STACK, ChangeSetName="take-up", **import_change_set(kept))
    assert apply(client, kept).user_pool_id == gone.user_pool_id


def test_a_run_that_broke_off_after_the_import_goes_on_from_there(client: Client, gone: StackOutputs) -> None:
    cloudformation, kept = client("cloudformation"), find_kept(client, STACK)
    made = cloudformation.create_change_set(StackName=STACK, ChangeSetName="take-up", **import_change_set(kept))
    cloudformation.execute_change_set(ChangeSetName=made["Id"])
    assert apply(client, kept).user_pool_id == gone.user_pool_id


def test_a_bucket_policy_is_imported_with_its_bucket_because_it_cannot_be_made_twice(
    client: Client, gone: StackOutputs
) -> None:
    policy = {"Version": "2012-10-17", "Statement": []}
    client("s3").put_bucket_policy(Bucket=gone.captures_bucket, Policy=json.dumps(policy))
    (found,) = (one for one in find_kept(client, STACK) if one.type == "AWS::S3::BucketPolicy")
    assert found.logical_id == "CapturesBucketPolicy"
    assert found.properties == {"Bucket": gone.captures_bucket, "PolicyDocument": policy}


def test_two_user_pools_of_the_name_are_not_guessed_at(client: Client, gone: StackOutputs) -> None:
    client("cognito-idp").create_user_pool(PoolName=f"{STACK}-owners")
    with pytest.raises(CannotTakeUp, match=rf"several user pools are named {STACK}-owners .*{gone.user_pool_id}"):
        find_kept(client, STACK)


def test_import_names_each_resource_by_what_cloudformation_finds_its_type_by(
    client: Client, gone: StackOutputs
) -> None:
    client("s3").put_bucket_policy(Bucket=gone.captures_bucket, Policy='{"Statement": []}')
    asked = import_change_set(find_kept(client, STACK))
    for one in asked["ResourcesToImport"]:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, one["ResourceType"]).schema
        assert [f"/properties/{name}" for name in one["ResourceIdentifier"]] == schema["primaryIdentifier"]


def test_import_template_has_only_what_is_imported_each_with_its_deletion_policy(
    client: Client, gone: StackOutputs
) -> None:
    asked = import_change_set(find_kept(client, STACK))
    template: dict[str, Any] = json.loads(asked["TemplateBody"])
    assert asked["ChangeSetType"] == "IMPORT"
    assert "Outputs" not in template
    assert set(template["Resources"]) == {one["LogicalResourceId"] for one in asked["ResourcesToImport"]} == EVERYTHING
    assert {one["DeletionPolicy"] for one in template["Resources"].values()} == {"Retain"}


def test_a_table_is_imported_as_it_is(client: Client, gone: StackOutputs) -> None:
    found = {one.logical_id: one.properties for one in find_kept(client, STACK)}
    template = cfn_yaml.load(str(TEMPLATE))["Resources"]
    for name in (name for name in EVERYTHING if name.endswith("Table")):
        said = json.loads(json.dumps(template[name]["Properties"]))
        assert found[name] == said | {"TableName": found[name]["TableName"], "DeletionProtectionEnabled": True}


def test_an_import_that_fails_leaves_no_stack(client: Client) -> None:
    absent = Kept("ItemsTable", "AWS::DynamoDB::Table", {"TableName": "absent"}, {"TableName": "absent"})
    with pytest.raises(StackFailed, match="absent"):
        apply(client, [absent])
    assert client("cloudformation").describe_stacks()["Stacks"] == []


def test_a_bucket_of_another_account_is_not_taken_for_ours(client: Client) -> None:
    s3 = client("s3")
    name = f"{STACK}-captures-{ACCOUNT_ID}-{REGION}"

    def refuse(**_: Any) -> None:
        raise s3.exceptions.ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")

    s3.meta.events.register("before-call.s3.HeadBucket", refuse)
    with pytest.raises(CannotTakeUp, match=f"the bucket {name} belongs to somebody else"):
        find_kept(lambda service: s3 if service == "s3" else client(service), STACK)
