"""infra/template.yaml, judged by cfn-lint, by its own text, and by what CloudFormation makes of it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from cfnlint.api import lint_file  # type: ignore[import-untyped]
from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

from infra.secrets import ensure_secrets
from infra.stack import TEMPLATE, StackFailed, StackOutputs, apply_stack, environment, read_outputs
from tests.contract.moto_rig import ACCOUNT_ID, Client, empty_aws

ORIGINS = "https://console.example,http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with empty_aws() as client:
        yield client


@pytest.fixture(scope="module")
def outputs(client: Client) -> StackOutputs:
    return apply_stack(client("cloudformation"), "frameferry", parameters={"ConsoleOrigins": ORIGINS})


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    loaded: dict[str, Any] = cfn_yaml.load(str(TEMPLATE))["Resources"]
    return loaded


BUCKETS = ["captures_bucket", "derived_bucket"]
KEYS = {
    "devices_table": [("device_id", "HASH")],
    "items_table": [("device_id", "HASH"), ("seq", "RANGE")],
    "timeline_table": [("owner_id", "HASH"), ("position", "RANGE")],
    "pairings_table": [("pairing_key", "HASH")],
    "inbox_table": [("device_id", "HASH"), ("entry_id", "RANGE")],
}


def test_cfn_lint_finds_nothing() -> None:
    assert lint_file(TEMPLATE) == []


def test_every_check_that_checkov_leaves_out_is_answered_with_a_reason() -> None:
    left_out = yaml.safe_load(TEMPLATE.with_name("checkov.yaml").read_text())["skip-check"]
    answers = (TEMPLATE.parents[1] / "docs/adr/0022-template-findings.md").read_text()
    assert left_out == re.findall(r"^\| `(CKV\w+)` \|", answers, re.MULTILINE)


def test_template_uses_no_yaml_alias_which_cloudformation_refuses() -> None:
    lines = [line.split("#")[0] for line in TEMPLATE.read_text().splitlines()]
    assert not [line for line in lines if ": *" in line or ": &" in line or "<<:" in line]


def test_template_is_short_enough_to_be_sent_with_the_request() -> None:
    assert len(TEMPLATE.read_bytes()) <= 51_200


def test_every_parameter_says_what_it_is_and_has_a_default() -> None:
    parameters = cfn_yaml.load(str(TEMPLATE))["Parameters"]
    assert [name for name, one in parameters.items() if not {"Description", "Default"} <= one.keys()] == []


def test_what_holds_data_outlives_the_stack_under_a_name_made_of_the_stacks(resources: dict[str, Any]) -> None:
    name_of = {
        "AWS::S3::Bucket": "BucketName",
        "AWS::DynamoDB::Table": "TableName",
        "AWS::Cognito::UserPool": "UserPoolName",
    }
    kept = [resource for resource in resources.values() if resource["Type"] in name_of]
    assert len(kept) == 8
    for resource in kept:
        assert resource["DeletionPolicy"] == "Retain"
        assert resource["UpdateReplacePolicy"] == "Retain"
        assert resource["Properties"][name_of[resource["Type"]]]["Fn::Sub"].startswith("${AWS::StackName}-")


def test_bucket_name_fits_for_the_longest_stage_and_region() -> None:
    longest = f"frameferry-production-captures-{ACCOUNT_ID}-ap-southeast-1"
    assert len(longest) <= 63


@pytest.mark.parametrize("bucket", ["CapturesBucket", "DerivedBucket"])
def test_bucket_policy_denies_everything_without_tls(resources: dict[str, Any], bucket: str) -> None:
    policy = resources[f"{bucket}Policy"]["Properties"]
    assert policy["Bucket"] == {"Ref": bucket}
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}]


def test_template_sets_no_notification_because_chalice_does(resources: dict[str, Any]) -> None:
    assert "NotificationConfiguration" not in resources["CapturesBucket"]["Properties"]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_bucket_is_private_encrypted_and_versioned(client: Client, outputs: StackOutputs, bucket: str) -> None:
    s3, name = client("s3"), getattr(outputs, bucket)
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert set(block.values()) == {True}
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"


@pytest.mark.parametrize("bucket", BUCKETS)
def test_bucket_drops_incomplete_uploads_and_old_versions(client: Client, outputs: StackOutputs, bucket: str) -> None:
    rules = client("s3").get_bucket_lifecycle_configuration(Bucket=getattr(outputs, bucket))["Rules"]
    by_id = {rule["ID"]: rule for rule in rules}
    assert by_id["abort-incomplete-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert by_id["expire-noncurrent-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert not [rule for rule in rules if "Days" in rule.get("Expiration", {}) or "Transitions" in rule]


def test_captures_move_to_glacier_and_are_deleted_with_their_thumbnails_when_the_owner_says_so(client: Client) -> None:
    made = apply_stack(
        client("cloudformation"), "frugal", parameters={"GlacierIrAfterDays": "30", "DeleteAfterDays": "400"}
    )
    captures, derived = _lifecycle(client, made.captures_bucket), _lifecycle(client, made.derived_bucket)
    glacier = captures.pop("move-to-glacier-instant-retrieval")
    assert glacier["Transitions"] == [{"Days": 30, "StorageClass": "GLACIER_IR"}]
    assert captures == derived
    assert captures["delete-old-captures"]["Expiration"] == {"Days": 400}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_bucket_lets_only_the_console_read_across_origins(client: Client, outputs: StackOutputs, bucket: str) -> None:
    (rule,) = client("s3").get_bucket_cors(Bucket=getattr(outputs, bucket))["CORSRules"]
    assert rule["AllowedOrigins"] == ORIGINS.split(",")
    assert rule["AllowedMethods"] == ["GET", "HEAD"]


@pytest.mark.parametrize("table", KEYS)
def test_table_is_on_demand_and_recoverable_with_its_keys(client: Client, outputs: StackOutputs, table: str) -> None:
    dynamodb, name = client("dynamodb"), getattr(outputs, table)
    made = dynamodb.describe_table(TableName=name)["Table"]
    recovery = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert [(key["AttributeName"], key["KeyType"]) for key in made["KeySchema"]] == KEYS[table]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert made["DeletionProtectionEnabled"] is True


def test_deletion_protection_of_tables_and_user_pool_can_be_turned_off(client: Client) -> None:
    cloudformation = client("cloudformation")
    made = apply_stack(cloudformation, "short-lived")
    apply_stack(cloudformation, "short-lived", parameters={"DeletionProtection": "false"})
    tables = [client("dynamodb").describe_table(TableName=getattr(made, table))["Table"] for table in KEYS]
    pool = client("cognito-idp").describe_user_pool(UserPoolId=made.user_pool_id)["UserPool"]
    assert {table["DeletionProtectionEnabled"] for table in tables} == {False}
    assert pool["DeletionProtection"] == "INACTIVE"


def test_only_seq_is_a_number_among_the_keys(resources: dict[str, Any]) -> None:
    tables = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::DynamoDB::Table"]
    attributes = [attribute for table in tables for attribute in table["AttributeDefinitions"]]
    assert [a["AttributeName"] for a in attributes if a["AttributeType"] != "S"] == ["seq"]


@pytest.mark.parametrize(
    ("table", "index", "keys", "projection"),
    [
        ("devices_table", "by_owner", ["owner_id", "device_id"], "KEYS_ONLY"),
        ("items_table", "pending", ["pending_shard", "pending_since"], "KEYS_ONLY"),
    ],
)
def test_table_has_its_one_index(
    client: Client, outputs: StackOutputs, table: str, index: str, keys: list[str], projection: str
) -> None:
    made = client("dynamodb").describe_table(TableName=getattr(outputs, table))["Table"]
    (only,) = made["GlobalSecondaryIndexes"]
    assert only["IndexName"] == index
    assert [key["AttributeName"] for key in only["KeySchema"]] == keys
    assert only["Projection"]["ProjectionType"] == projection


@pytest.mark.parametrize("table", KEYS)
def test_pairings_and_inbox_expire_and_nothing_else_does(client: Client, outputs: StackOutputs, table: str) -> None:
    ttl = client("dynamodb").describe_time_to_live(TableName=getattr(outputs, table))["TimeToLiveDescription"]
    expires = table in {"pairings_table", "inbox_table"}
    assert ttl["TimeToLiveStatus"] == ("ENABLED" if expires else "DISABLED")
    assert ttl.get("AttributeName") == ("expires_at_s" if expires else None)


def test_user_pool_takes_only_users_that_the_owner_made(client: Client, outputs: StackOutputs) -> None:
    pool = client("cognito-idp").describe_user_pool(UserPoolId=outputs.user_pool_id)["UserPool"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12


def test_client_has_no_secret_and_does_not_tell_who_exists(client: Client, outputs: StackOutputs) -> None:
    made = client("cognito-idp").describe_user_pool_client(
        UserPoolId=outputs.user_pool_id, ClientId=outputs.user_pool_client_id
    )["UserPoolClient"]
    assert "ClientSecret" not in made
    assert made["PreventUserExistenceErrors"] == "ENABLED"
    assert set(made["ExplicitAuthFlows"]) == {
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    }


def test_issuer_names_the_user_pool(outputs: StackOutputs) -> None:
    assert outputs.oidc_issuer == f"https://cognito-idp.eu-central-1.amazonaws.com/{outputs.user_pool_id}"


def test_applying_the_stack_again_keeps_every_resource_and_parameter(client: Client) -> None:
    cloudformation = client("cloudformation")
    first = apply_stack(cloudformation, "again", parameters={"ConsoleOrigins": "https://one.example"})
    second = apply_stack(cloudformation, "again")
    third = apply_stack(cloudformation, "again", parameters={"NoncurrentVersionDays": "7"})
    assert first == second == third == read_outputs(cloudformation, "again")
    (rule,) = client("s3").get_bucket_cors(Bucket=first.captures_bucket)["CORSRules"]
    lifecycle = client("s3").get_bucket_lifecycle_configuration(Bucket=first.captures_bucket)["Rules"]
    assert rule["AllowedOrigins"] == ["https://one.example"]
    assert {"NoncurrentDays": 7} in [rule.get("NoncurrentVersionExpiration") for rule in lifecycle]


def test_outputs_of_a_stack_that_is_not_there_are_an_error(client: Client) -> None:
    with pytest.raises(StackFailed, match="no stack named absent"):
        read_outputs(client("cloudformation"), "absent")


def test_secrets_are_made_once_and_never_replaced(client: Client) -> None:
    ssm = client("ssm")
    names = ensure_secrets(ssm, "once", random_bytes=lambda size: b"a" * size)
    assert ensure_secrets(ssm, "once", random_bytes=lambda size: b"b" * size) == names
    key = base64.b64encode(b"a" * 32).decode()
    assert _secret(ssm, names.pepper) == {"current": "p1", "peppers": {"p1": key}}
    assert _secret(ssm, names.receipt_key) == {"current": "r1", "keys": {"r1": key}}


def test_secrets_are_random_and_encrypted(client: Client) -> None:
    ssm = client("ssm")
    names = ensure_secrets(ssm, "random")
    pepper, receipt_key = _secret(ssm, names.pepper), _secret(ssm, names.receipt_key)
    keys = {pepper["peppers"]["p1"], receipt_key["keys"]["r1"]}
    assert len(keys) == 2
    assert [len(base64.b64decode(key)) for key in keys] == [32, 32]
    assert ssm.get_parameter(Name=names.pepper)["Parameter"]["Type"] == "SecureString"


def test_environment_names_every_output_and_no_secret_value(client: Client, outputs: StackOutputs) -> None:
    names = ensure_secrets(client("ssm"), "frameferry")
    variables = environment(outputs, names)
    assert variables["FRAMEFERRY_ITEMS_TABLE"] == outputs.items_table
    assert variables["FRAMEFERRY_OIDC_CLIENT_ID"] == outputs.user_pool_client_id
    assert variables["FRAMEFERRY_PEPPER_PARAMETER"] == names.pepper
    assert not {"FRAMEFERRY_OIDC_JWKS_URL", "FRAMEFERRY_S3_URL"} & variables.keys()


def test_environment_of_the_local_cloud_says_where_s3_and_the_keys_are(client: Client, outputs: StackOutputs) -> None:
    names = ensure_secrets(client("ssm"), "frameferry")
    variables = environment(outputs, names, jwks_url="http://jwks", s3_url="http://s3")
    assert variables["FRAMEFERRY_OIDC_JWKS_URL"] == "http://jwks"
    assert variables["FRAMEFERRY_S3_URL"] == "http://s3"


def _lifecycle(client: Client, bucket: str) -> dict[str, Any]:
    rules = client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return {rule["ID"]: rule for rule in rules}


def _secret(ssm: Any, name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    return value
