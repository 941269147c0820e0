"""What outlived an earlier stack of the same name, and how a new stack takes it up again.

Buckets, tables and user pool have names made of the stack's, so they can be found without a record of them.
CloudFormation imports them by a change set that holds nothing else; the update that follows brings them to the
template. They are imported as they are now, not as the template says: CloudFormation believes what an import
states, and would not touch a property that it believes to be right (CloudFormation User Guide, "Import AWS
resources into a CloudFormation stack"). Why so: docs/adr/0021-kept-resources.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

BUCKETS = {"CapturesBucket": "captures", "DerivedBucket": "derived"}
TABLES = {
    "DevicesTable": "devices",
    "ItemsTable": "items",
    "TimelineTable": "timeline",
    "PairingsTable": "pairings",
    "InboxTable": "inbox",
}
"""Logical id in `infra/template.yaml`, and what follows the stack's name in the resource's."""

USER_POOL = "UserPool"
_ABSENT = {"404", "NoSuchBucket", "NoSuchBucketPolicy", "ResourceNotFoundException"}


class CannotTakeUp(Exception):
    """A name is taken by something that is not ours, or that cannot be told from another."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One resource that no stack holds. `identifier` is what CloudFormation finds it by."""

    logical_id: str
    type: str
    identifier: Mapping[str, str]
    properties: Mapping[str, Any]

    @property
    def physical_id(self) -> str:
        return next(iter(self.identifier.values()))


def find_kept(client: Callable[[str], Any], stack_name: str) -> list[Kept]:
    """What is there under the names that the stack would give, whether or not a stack holds it.

    `client` gives the boto3 client of a service. Raises CannotTakeUp, ClientError.
    """
    return [
        *_buckets(client("s3"), stack_name, client("sts").get_caller_identity()["Account"]),
        *_tables(client("dynamodb"), stack_name),
        *_user_pools(client("cognito-idp"), f"{stack_name}-owners"),
    ]


def import_change_set(kept: Sequence[Kept]) -> dict[str, Any]:
    """The arguments of `create_change_set` that differ from any other change set's."""
    resources = {
        one.logical_id: {
            "Type": one.type,
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": one.properties,
        }
        for one in kept
    }
    return {
        "ChangeSetType": "IMPORT",
        "TemplateBody": json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}),
        "ResourcesToImport": [
            {
                "LogicalResourceId": one.logical_id,
                "ResourceType": one.type,
                "ResourceIdentifier": dict(one.identifier),
            }
            for one in kept
        ],
    }


def _buckets(s3: Any, stack_name: str, account_id: str) -> Iterator[Kept]:
    for logical_id, part in BUCKETS.items():
        name = f"{stack_name}-{part}-{account_id}-{s3.meta.region_name}"
        if not _has_bucket(s3, name, account_id):
            continue
        # Every setting of a bucket can be put once more without harm: none has to be known.
        yield Kept(logical_id, "AWS::S3::Bucket", {"BucketName": name}, {"BucketName": name})
        if policy := _answer(partial(s3.get_bucket_policy, Bucket=name)):
            document = {"Bucket": name, "PolicyDocument": json.loads(policy["Policy"])}
            yield Kept(f"{logical_id}Policy", "AWS::S3::BucketPolicy", {"Bucket": name}, document)


def _has_bucket(s3: Any, name: str, account_id: str) -> bool:
    try:
        return _answer(partial(s3.head_bucket, Bucket=name, ExpectedBucketOwner=account_id)) is not None
    except ClientError as error:
        if error.response["Error"]["Code"] in {"403", "AccessDenied"}:
            raise CannotTakeUp(f"the bucket {name} belongs to somebody else, or is closed to you") from error
        raise


def _tables(dynamodb: Any, stack_name: str) -> Iterator[Kept]:
    for logical_id, part in TABLES.items():
        name = f"{stack_name}-{part}"
        if found := _answer(partial(dynamodb.describe_table, TableName=name)):
            properties = _table_properties(dynamodb, name, found["Table"])
            yield Kept(logical_id, "AWS::DynamoDB::Table", {"TableName": name}, properties)


def _table_properties(dynamodb: Any, name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """As the table is. A change to what it already is would be refused: an index or a TTL cannot be made twice.

    Attributes come in the order in which keys use them, as in the template: DynamoDB has none, CloudFormation has.
    """
    indexes = table.get("GlobalSecondaryIndexes", [])
    used = [key["AttributeName"] for part in (table, *indexes) for key in part["KeySchema"]]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    properties = {
        "TableName": name,
        "BillingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "AttributeDefinitions": sorted(table["AttributeDefinitions"], key=lambda one: used.index(one["AttributeName"])),
        "KeySchema": table["KeySchema"],
        "DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovery == "ENABLED"},
    }
    if indexes:
        properties["GlobalSecondaryIndexes"] = [
            {part: index[part] for part in ("IndexName", "KeySchema", "Projection")} for index in indexes
        ]
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if ttl["TimeToLiveStatus"] in {"ENABLED", "ENABLING"}:
        properties["TimeToLiveSpecification"] = {"AttributeName": ttl["AttributeName"], "Enabled": True}
    return properties


def _user_pools(cognito: Any, name: str) -> Iterator[Kept]:
    pages: Iterable[dict[str, Any]] = cognito.get_paginator("list_user_pools").paginate(MaxResults=60)
    found = [pool["Id"] for page in pages for pool in page["UserPools"] if pool["Name"] == name]
    if len(found) > 1:
        raise CannotTakeUp(f"several user pools are named {name} ({', '.join(found)}): rename or delete all but one")
    for pool_id in found:
        pool = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        properties = {"UserPoolName": name}
        # Fixed when the pool is made: CloudFormation would replace the pool, and every owner, to change it.
        if "UsernameConfiguration" in pool:
            properties["UsernameConfiguration"] = pool["UsernameConfiguration"]
        yield Kept(USER_POOL, "AWS::Cognito::UserPool", {"UserPoolId": pool_id}, properties)


def _answer(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """None where what is asked for does not exist."""
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return None
        raise
