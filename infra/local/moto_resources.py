"""What moto's CloudFormation leaves out of our template, added as moto resource classes.

moto 5.2.5 knows no Cognito resource and no bucket policy, and of a bucket or a table it makes little
more than the name. Importing this module, before the first stack, teaches it the rest, so that the
local cloud gets its resources from `infra/template.yaml` itself and not from a second description.
moto finds resource classes as direct subclasses of CloudFormationModel; the last one of a type counts.
"""

from __future__ import annotations

import json
from typing import Any

from moto.cloudformation import parsing
from moto.cognitoidp.models import CognitoIdpUserPool, CognitoIdpUserPoolClient, cognitoidp_backends
from moto.core.common_models import CloudFormationModel
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.utilities.utils import get_partition

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


class TableInFull(CloudFormationModel):
    """AWS::DynamoDB::Table with TTL and point-in-time recovery."""

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
        table = Table.create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        backend = dynamodb_backends[account_id][region_name]
        properties = cloudformation_json["Properties"]
        if ttl := properties.get("TimeToLiveSpecification"):
            backend.update_time_to_live(table.name, ttl)
        if recovery := properties.get("PointInTimeRecoverySpecification"):
            backend.update_continuous_backups(table.name, recovery)
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
        properties = _with_json_scalars(cloudformation_json["Properties"])
        return cls(cognitoidp_backends[account_id][region_name].create_user_pool(resource_name, properties))


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
        backend.put_bucket_lifecycle_configuration(name, [_lifecycle_rule(rule) for rule in lifecycle["Rules"]])
    if cors := properties.get("CorsConfiguration"):
        backend.put_bucket_cors(name, [_cors_rule(rule) for rule in cors["CorsRules"]])


def _lifecycle_rule(rule: Properties) -> Properties:
    api_rule = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    for action in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
        if action in rule:
            api_rule[action] = rule[action]
    if rule.get("ExpiredObjectDeleteMarker"):
        api_rule["Expiration"] = {"ExpiredObjectDeleteMarker": "true"}
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
