"""The one reader of the environment. `infra/stack.py` writes these names from the stack's outputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class SettingMissing(Exception):
    """A name that the deploy sets is not in the environment."""


@dataclass(frozen=True)
class Settings:
    region: str
    devices_table: str
    items_table: str
    timeline_table: str
    pairings_table: str
    inbox_table: str
    captures_bucket: str
    derived_bucket: str
    oidc_issuer: str
    oidc_client_id: str
    oidc_jwks_url: str
    sign_in_url: str
    """Where the console asks the user pool for tokens (Amazon Cognito's API); may be relative to the page."""
    pepper_parameter: str
    receipt_key_parameter: str
    s3_url: str | None
    """The S3 that devices and browsers reach; None for AWS's own in the region."""
    aws_url: str | None = None
    aws_s3_url: str | None = None
    """Where the app itself reaches AWS's services, and S3 among them; None for AWS's own in the region."""


class AwsKeys(NamedTuple):
    access_key: str
    secret_key: str
    session_token: str | None


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises SettingMissing, naming the first name that is not there."""

    def required(name: str) -> str:
        try:
            return environment[name]
        except KeyError:
            raise SettingMissing(name) from None

    issuer = required("FRAMEFERRY_OIDC_ISSUER")
    return Settings(
        region=required("AWS_REGION"),
        devices_table=required("FRAMEFERRY_DEVICES_TABLE"),
        items_table=required("FRAMEFERRY_ITEMS_TABLE"),
        timeline_table=required("FRAMEFERRY_TIMELINE_TABLE"),
        pairings_table=required("FRAMEFERRY_PAIRINGS_TABLE"),
        inbox_table=required("FRAMEFERRY_INBOX_TABLE"),
        captures_bucket=required("FRAMEFERRY_CAPTURES_BUCKET"),
        derived_bucket=required("FRAMEFERRY_DERIVED_BUCKET"),
        oidc_issuer=issuer,
        oidc_client_id=required("FRAMEFERRY_OIDC_CLIENT_ID"),
        oidc_jwks_url=environment.get("FRAMEFERRY_OIDC_JWKS_URL", f"{issuer}/.well-known/jwks.json"),
        sign_in_url=environment.get("FRAMEFERRY_SIGN_IN_URL", f"{issuer.rpartition('/')[0]}/"),
        pepper_parameter=required("FRAMEFERRY_PEPPER_PARAMETER"),
        receipt_key_parameter=required("FRAMEFERRY_RECEIPT_KEY_PARAMETER"),
        s3_url=environment.get("FRAMEFERRY_S3_URL"),
        aws_url=environment.get("AWS_ENDPOINT_URL"),
        aws_s3_url=environment.get("AWS_ENDPOINT_URL_S3", environment.get("AWS_ENDPOINT_URL")),
    )


def aws_keys(environment: Mapping[str, str] = os.environ) -> AwsKeys | None:
    """Those of the function's role, which Lambda puts there; None where they are missing."""
    access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        return None
    return AwsKeys(access_key, secret_key, environment.get("AWS_SESSION_TOKEN"))


def captures_bucket(environment: Mapping[str, str] = os.environ) -> str:
    """The bucket whose events `app.py` subscribes to: needed at import, when nothing else of the stack is."""
    return environment.get("FRAMEFERRY_CAPTURES_BUCKET", "captures")


def stack_name(environment: Mapping[str, str] = os.environ) -> str:
    """What the API, the logs and the metrics are named by, so that those of several stacks stay apart."""
    return environment.get("FRAMEFERRY_STACK", "frameferry")
