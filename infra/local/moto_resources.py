"""What moto's CloudFormation leaves out of our template, added as moto resource classes.

moto 5.2.5 knows no Cognito resource and no bucket policy, and of a bucket or a table it makes little
more than the name. Importing this module, before the first stack, teaches it the rest, so that the
local cloud gets its resources from `infra/template.yaml` itself and not from a second description.
moto finds resource classes as direct subclasses of CloudFormationModel; the last one of a type counts.

A change set of the type IMPORT, which moto runs like any other, takes up a bucket, table or user pool of the
given name instead of making it. moto reads no identifier of what to import: the name is all it goes by.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends
from moto.cognitoidp.models import CognitoIdpUserPool, CognitoIdpUserPoolClient, cognitoidp_backends
from moto.core.common_models import CloudFormationModel
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.utilities.utils import get_partition

import infra.local.moto_conditions
import infra.local.moto_watching  # noqa: F401 - teach moto conditions of an update, alarms and what belongs to them

Properties = dict[str, Any]


class BucketInFull(CloudFormationModel):
    """AWS::S3::Bucket with versioning, public access block, ownership, lifecycle and CORS."""

    @staticmethod
    def cloudformation_name_type() -> str:
        return FakeBucket.cloudformation_name_type()

    @staticmethod
    def cloudformation_type() -> str:
        return FakeBucket.cloudformation_type()

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return FakeBucket.has_cfn_attr(attr)

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> FakeBucket:
        if _is_import(account_id, region_name, kwargs.get("StackId")):
            there: FakeBucket = _there(_s3(account_id, region_name).buckets, resource_name)
            return there
        bucket = FakeBucket.create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        _configure_bucket(_s3(account_id, region_name), bucket.name, cloudformation_json["Properties"])
        return bucket

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> FakeBucket:
        bucket = FakeBucket.update_from_cloudformation_json(
            original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )
        _configure_bucket(_s3(account_id, region_name), bucket.name, cloudformation_json["Properties"])
        return bucket


class BucketPolicy(CloudFormationModel):
    """AWS::S3::BucketPolicy, accepted and not kept.

    moto would enforce the document and ignore its conditions, so that "deny what is not TLS" denies all.
    """

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::S3::BucketPolicy"

    def __init__(self, bucket_name: str) -> None:
        self.physical_resource_id = bucket_name

    def is_created(self) -> bool:
        return True

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> BucketPolicy:
        return cls(cloudformation_json["Properties"]["Bucket"])

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: BucketPolicy,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> BucketPolicy:
        return original_resource


class TableInFull(CloudFormationModel):
    """AWS::DynamoDB::Table with TTL, point-in-time recovery and deletion protection."""

    @staticmethod
    def cloudformation_name_type() -> str:
        return Table.cloudformation_name_type()

    @staticmethod
    def cloudformation_type() -> str:
        return Table.cloudformation_type()

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return Table.has_cfn_attr(attr)

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Table:
        backend = dynamodb_backends[account_id][region_name]
        if _is_import(account_id, region_name, kwargs.get("StackId")):
            there: Table = _there(backend.tables, resource_name)
            return there
        table = Table.create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        _configure_table(backend, table, cloudformation_json["Properties"])
        return table

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Table:
        table: Table = original_resource
        _configure_table(dynamodb_backends[account_id][region_name], table, cloudformation_json["Properties"])
        return table


class UserPool(CloudFormationModel):
    """AWS::Cognito::UserPool; `Ref` is the pool's id."""

    @staticmethod
    def cloudformation_name_type() -> str:
        return "UserPoolName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Cognito::UserPool"

    def __init__(self, pool: CognitoIdpUserPool) -> None:
        self.physical_resource_id = pool.id
        self._attributes = {"Arn": pool.arn, "UserPoolId": pool.id}

    def is_created(self) -> bool:
        return True

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in {"Arn", "UserPoolId"}

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return self._attributes[attribute_name]

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> UserPool:
        backend = cognitoidp_backends[account_id][region_name]
        if _is_import(account_id, region_name, kwargs.get("StackId")):
            return cls(_there({pool.name: pool for pool in backend.user_pools.values()}, resource_name))
        return cls(backend.create_user_pool(resource_name, _with_json_scalars(cloudformation_json["Properties"])))

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: UserPool,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> UserPool:
        changed = _with_json_scalars(cloudformation_json["Properties"])
        backend = cognitoidp_backends[account_id][region_name]
        backend.update_user_pool(original_resource.physical_resource_id, changed)
        return original_resource


class UserPoolClient(CloudFormationModel):
    """AWS::Cognito::UserPoolClient; `Ref` is the client's id."""

    @staticmethod
    def cloudformation_name_type() -> str:
        return "ClientName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Cognito::UserPoolClient"

    def __init__(self, client: CognitoIdpUserPoolClient) -> None:
        self.physical_resource_id = client.id
        self._pool_id = client.user_pool_id

    def delete(self, account_id: str, region_name: str) -> None:
        cognitoidp_backends[account_id][region_name].delete_user_pool_client(self._pool_id, self.physical_resource_id)

    def is_created(self) -> bool:
        return True

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> UserPoolClient:
        properties = {"ClientName": resource_name, **_with_json_scalars(cloudformation_json["Properties"])}
        backend = cognitoidp_backends[account_id][region_name]
        pool_id, secret = properties.pop("UserPoolId"), properties.pop("GenerateSecret", False)
        return cls(backend.create_user_pool_client(pool_id, secret, properties))


def _is_import(account_id: str, region_name: str, stack_id: str | None) -> bool:
    """Whether a change set that imports is being carried out for the stack."""
    change_sets = cloudformation_backends[account_id][region_name].change_sets.values()
    return any(
        one.stack_id == stack_id and one.change_set_type == "IMPORT" and one.execution_status == "AVAILABLE"
        for one in change_sets
    )


def _there(resources: Mapping[str, Any], name: str) -> Any:
    try:
        return resources[name]
    except KeyError:
        raise ValidationError(message=f"{name} cannot be imported: it does not exist") from None


def _s3(account_id: str, region_name: str) -> S3Backend:
    return s3_backends[account_id][get_partition(region_name)]


def _configure_bucket(backend: S3Backend, name: str, properties: Properties) -> None:
    """CloudFormation spells some properties otherwise than the S3 API, whose spelling moto keeps."""
    if versioning := properties.get("VersioningConfiguration"):
        backend.put_bucket_versioning(name, versioning["Status"])
    if block := properties.get("PublicAccessBlockConfiguration"):
        backend.put_public_access_block(name, {key: str(value).lower() for key, value in block.items()})
    if ownership := properties.get("OwnershipControls"):
        backend.put_bucket_ownership_controls(name, ownership["Rules"][0]["ObjectOwnership"])
    if lifecycle := properties.get("LifecycleConfiguration"):
        backend.put_bucket_lifecycle_configuration(name, [_lifecycle_rule(rule) for rule in lifecycle["Rules"] if rule])
    if cors := properties.get("CorsConfiguration"):
        backend.put_bucket_cors(name, [_cors_rule(rule) for rule in cors["CorsRules"]])


def _configure_table(backend: DynamoDBBackend, table: Table, properties: Properties) -> None:
    ttl = properties.get("TimeToLiveSpecification")
    if ttl and ttl != table.ttl:
        backend.update_time_to_live(table.name, ttl)
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        backend.update_continuous_backups(table.name, recovery)
    table.deletion_protection_enabled = properties.get("DeletionProtectionEnabled", False)


def _lifecycle_rule(rule: Properties) -> Properties:
    api_rule = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    for action in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
        if action in rule:
            api_rule[action] = rule[action]
    if rule.get("ExpiredObjectDeleteMarker"):
        api_rule["Expiration"] = {"ExpiredObjectDeleteMarker": "true"}
    if "ExpirationInDays" in rule:
        api_rule["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "Transitions" in rule:
        api_rule["Transition"] = [
            {"Days": one["TransitionInDays"], "StorageClass": one["StorageClass"]} for one in rule["Transitions"]
        ]
    return api_rule


def _cors_rule(rule: Properties) -> Properties:
    return {
        "ID": rule["Id"],
        "AllowedOrigin": rule["AllowedOrigins"],
        "AllowedMethod": rule["AllowedMethods"],
        "AllowedHeader": rule.get("AllowedHeaders", []),
        "ExposeHeader": rule.get("ExposedHeaders", []),
        "MaxAgeSeconds": str(rule["MaxAge"]),
    }


def _with_json_scalars(properties: Properties) -> Properties:
    """A copy that moto may keep and change."""
    copied: Properties = json.loads(json.dumps(properties))
    return copied


# A stack made before this import would have left moto's list of classes filled without ours.
for _cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
    _cached.cache_clear()
