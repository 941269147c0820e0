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
from typing import Any, Self

import infra.local.moto_services

# What is imported above changes what is imported below.
# isort: split
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends
from moto.cognitoidp.models import (
    CognitoIdpBackend,
    CognitoIdpUserPool,
    CognitoIdpUserPoolClient,
    cognitoidp_backends,
)
from moto.core.common_models import CloudFormationModel
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.utilities.utils import get_partition

import infra.local.moto_conditions
import infra.local.moto_tables
import infra.local.moto_watching  # noqa: F401 - teach moto what they say
from infra.local.moto_classes import Properties, ResourceClass, Wanted


class BucketInFull(ResourceClass, CloudFormationModel):
    """With versioning, public access block, ownership, lifecycle and CORS."""

    TYPE = FakeBucket.cloudformation_type()
    NAME_PROPERTY = FakeBucket.cloudformation_name_type()

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return FakeBucket.has_cfn_attr(attr)

    @classmethod
    def created(cls, wanted: Wanted) -> FakeBucket:
        if _is_import(wanted):
            there: FakeBucket = _there(_s3(wanted).buckets, wanted.name)
            return there
        bucket = FakeBucket.create_from_cloudformation_json(*wanted.in_moto_s_order, **wanted.told_besides)
        _configure_bucket(_s3(wanted), bucket.name, wanted.properties)
        return bucket

    @classmethod
    def updated(cls, there: FakeBucket, wanted: Wanted) -> FakeBucket:
        bucket = FakeBucket.update_from_cloudformation_json(there, *wanted.in_moto_s_order)
        _configure_bucket(_s3(wanted), bucket.name, wanted.properties)
        return bucket


class BucketPolicy(ResourceClass, CloudFormationModel):
    """Accepted and not kept: moto would enforce the document and ignore its conditions, so that "deny what is not TLS"
    denies all.
    """

    TYPE = "AWS::S3::BucketPolicy"

    def __init__(self, bucket_name: str) -> None:
        self.physical_resource_id = bucket_name

    @classmethod
    def created(cls, wanted: Wanted) -> Self:
        return cls(wanted.properties["Bucket"])

    @classmethod
    def updated(cls, there: Self, wanted: Wanted) -> Self:
        return there


class TableInFull(ResourceClass, CloudFormationModel):
    """With TTL, point-in-time recovery and deletion protection."""

    TYPE = Table.cloudformation_type()
    NAME_PROPERTY = Table.cloudformation_name_type()

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return Table.has_cfn_attr(attr)

    @classmethod
    def created(cls, wanted: Wanted) -> Table:
        if _is_import(wanted):
            there: Table = _there(_dynamodb(wanted).tables, wanted.name)
            return there
        table = Table.create_from_cloudformation_json(*wanted.in_moto_s_order, **wanted.told_besides)
        _configure_table(_dynamodb(wanted), table, wanted.properties)
        return table

    @classmethod
    def updated(cls, there: Table, wanted: Wanted) -> Table:
        _configure_table(_dynamodb(wanted), there, wanted.properties)
        return there


class UserPool(ResourceClass, CloudFormationModel):
    """`Ref` is the pool's id."""

    TYPE = "AWS::Cognito::UserPool"
    NAME_PROPERTY = "UserPoolName"

    def __init__(self, pool: CognitoIdpUserPool) -> None:
        self.physical_resource_id = pool.id
        self._attributes = {"Arn": pool.arn, "UserPoolId": pool.id}

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in {"Arn", "UserPoolId"}

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return self._attributes[attribute_name]

    @classmethod
    def created(cls, wanted: Wanted) -> Self:
        backend = _cognito(wanted)
        if _is_import(wanted):
            return cls(_there({pool.name: pool for pool in backend.user_pools.values()}, wanted.name))
        return cls(backend.create_user_pool(wanted.name, _with_json_scalars(wanted.properties)))

    @classmethod
    def updated(cls, there: Self, wanted: Wanted) -> Self:
        _cognito(wanted).update_user_pool(there.physical_resource_id, _with_json_scalars(wanted.properties))
        return there


class UserPoolClient(ResourceClass, CloudFormationModel):
    """`Ref` is the client's id."""

    TYPE = "AWS::Cognito::UserPoolClient"
    NAME_PROPERTY = "ClientName"

    def __init__(self, client: CognitoIdpUserPoolClient) -> None:
        self.physical_resource_id = client.id
        self._pool_id = client.user_pool_id

    def delete(self, account_id: str, region_name: str) -> None:
        cognitoidp_backends[account_id][region_name].delete_user_pool_client(self._pool_id, self.physical_resource_id)

    @classmethod
    def created(cls, wanted: Wanted) -> Self:
        properties = {"ClientName": wanted.name, **_with_json_scalars(wanted.properties)}
        pool_id, secret = properties.pop("UserPoolId"), properties.pop("GenerateSecret", False)
        return cls(_cognito(wanted).create_user_pool_client(pool_id, secret, properties))


def _is_import(wanted: Wanted) -> bool:
    """Whether a change set that imports is being carried out for the stack."""
    change_sets = cloudformation_backends[wanted.account_id][wanted.region_name].change_sets.values()
    return any(
        one.stack_id == wanted.stack_id and one.change_set_type == "IMPORT" and one.execution_status == "AVAILABLE"
        for one in change_sets
    )


def _there(resources: Mapping[str, Any], name: str) -> Any:
    try:
        return resources[name]
    except KeyError:
        raise ValidationError(message=f"{name} cannot be imported: it does not exist") from None


def _s3(wanted: Wanted) -> S3Backend:
    return s3_backends[wanted.account_id][get_partition(wanted.region_name)]


def _dynamodb(wanted: Wanted) -> DynamoDBBackend:
    return dynamodb_backends[wanted.account_id][wanted.region_name]


def _cognito(wanted: Wanted) -> CognitoIdpBackend:
    return cognitoidp_backends[wanted.account_id][wanted.region_name]


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
