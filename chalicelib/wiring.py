"""What the app works with: every store, signer and secret of one stack, made when first needed, once a process.

The only place that builds AWS clients. Importing it imports nothing of AWS: a request pays for what it touches.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, cast

from chalicelib import settings as environment
from chalicelib.domain.clock import Clock, utc_now
from chalicelib.domain.ids import Entropy
from chalicelib.domain.receipts import ReceiptKeys
from chalicelib.domain.tokens import Peppers
from chalicelib.services import ports
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_ssm.client import SSMClient

    from chalicelib.stores.aws_http import Endpoint
    from chalicelib.stores.dynamodb import Table
    from chalicelib.stores.presign import Credentials, Presigner


class NoCredentials(Exception):
    """The environment holds no AWS credentials to sign a URL with."""


class Stack(Protocol):
    """Everything that services take as arguments; each service's own Protocol is a part of this."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def entropy(self) -> Entropy: ...
    @property
    def at_once(self) -> ports.AtOnce: ...
    @property
    def devices(self) -> ports.DeviceStore: ...
    @property
    def items(self) -> ports.ItemStore: ...
    @property
    def timeline(self) -> ports.TimelineStore: ...
    @property
    def pairings(self) -> ports.PairingStore: ...
    @property
    def rates(self) -> ports.RateStore: ...
    @property
    def inbox(self) -> ports.InboxStore: ...
    @property
    def health(self) -> ports.HealthStore: ...
    @property
    def clocks(self) -> ports.ClockStore: ...
    @property
    def ranges(self) -> ports.ReportedRanges: ...
    @property
    def conflicts(self) -> ports.ConflictStore: ...
    @property
    def captures(self) -> ports.CaptureObjects: ...
    @property
    def derived(self) -> ports.DerivedObjects: ...
    @property
    def upload_signer(self) -> ports.UploadSigner: ...
    @property
    def download_signer(self) -> ports.DownloadSigner:
        """Of the captures bucket."""

    @property
    def thumbnail_signer(self) -> ports.DownloadSigner:
        """Of the derived bucket."""

    @property
    def peppers(self) -> Peppers: ...
    @property
    def receipt_keys(self) -> ReceiptKeys: ...


def _credentials() -> Credentials:
    """The role's as they are now. A function's own last longer than any URL that is signed with them is meant to."""
    from chalicelib.stores.presign import Credentials

    keys = environment.aws_keys()
    if keys is None:
        raise NoCredentials
    return Credentials(*keys)


class AwsStack:
    """The stack that the settings name, in the role whose credentials are given; Lambda has them in the environment."""

    def __init__(self, settings: Settings, credentials: Callable[[], Credentials] = _credentials) -> None:
        self.settings = settings
        self._credentials = credentials
        self.clock: Clock = utc_now
        self.entropy: Entropy = secrets.token_bytes
        # A botocore session makes one client at a time; the local cloud has a thread for each request.
        self._one_at_a_time = threading.Lock()

    @cached_property
    def at_once(self) -> ports.AtOnce:
        from chalicelib.stores.threads import at_once

        return at_once

    @cached_property
    def devices(self) -> ports.DeviceStore:
        from chalicelib.stores.devices import DynamoDevices

        return DynamoDevices(self._table(self.settings.devices_table))

    @cached_property
    def items(self) -> ports.ItemStore:
        from chalicelib.stores.items import DynamoItems

        return DynamoItems(self._table(self.settings.items_table))

    @cached_property
    def timeline(self) -> ports.TimelineStore:
        from chalicelib.stores.timeline import DynamoTimeline

        return DynamoTimeline(self._table(self.settings.timeline_table))

    @cached_property
    def pairings(self) -> ports.PairingStore:
        from chalicelib.stores.pairings import DynamoPairings

        return DynamoPairings(self._table(self.settings.pairings_table))

    @cached_property
    def rates(self) -> ports.RateStore:
        from chalicelib.stores.rates import DynamoRates

        return DynamoRates(self._table(self.settings.pairings_table))

    @cached_property
    def inbox(self) -> ports.InboxStore:
        from chalicelib.stores.inbox import DynamoInbox

        return DynamoInbox(self._table(self.settings.inbox_table), self.clock)

    @cached_property
    def health(self) -> ports.HealthStore:
        from chalicelib.stores.health import DynamoHealth

        return DynamoHealth(self._table(self.settings.inbox_table))

    @cached_property
    def clocks(self) -> ports.ClockStore:
        from chalicelib.stores.clocks import DynamoClocks

        return DynamoClocks(self._table(self.settings.inbox_table))

    @cached_property
    def ranges(self) -> ports.ReportedRanges:
        from chalicelib.stores.ranges import DynamoRanges

        return DynamoRanges(self._table(self.settings.inbox_table))

    @cached_property
    def conflicts(self) -> ports.ConflictStore:
        from chalicelib.stores.conflicts import DynamoConflicts

        return DynamoConflicts(self._table(self.settings.inbox_table))

    @cached_property
    def captures(self) -> ports.CaptureObjects:
        from chalicelib.stores.objects import S3Captures

        bucket = self.settings.captures_bucket
        return S3Captures(self._objects(bucket), bucket, at_once=self.at_once)

    @cached_property
    def derived(self) -> ports.DerivedObjects:
        from chalicelib.stores.objects import S3Derived

        return S3Derived(self._objects(self.settings.derived_bucket), self.settings.derived_bucket)

    @cached_property
    def upload_signer(self) -> ports.UploadSigner:
        from chalicelib.stores.signing import S3UploadSigner

        return S3UploadSigner(self._presigner(self.settings.captures_bucket))

    @cached_property
    def download_signer(self) -> ports.DownloadSigner:
        from chalicelib.stores.signing import S3DownloadSigner

        return S3DownloadSigner(self._presigner(self.settings.captures_bucket))

    @cached_property
    def thumbnail_signer(self) -> ports.DownloadSigner:
        from chalicelib.stores.signing import S3DownloadSigner

        return S3DownloadSigner(self._presigner(self.settings.derived_bucket))

    @cached_property
    def peppers(self) -> Peppers:
        from chalicelib.stores import secrets

        return secrets.peppers(self._secrets, self.settings.pepper_parameter)

    @cached_property
    def receipt_keys(self) -> ReceiptKeys:
        from chalicelib.stores import secrets

        return secrets.receipt_keys(self._secrets, self.settings.receipt_key_parameter)

    @cached_property
    def _secrets(self) -> Mapping[str, str]:
        from chalicelib.stores.aws_clients import JsonClient
        from chalicelib.stores.secrets import read_parameters

        ssm = cast("SSMClient", JsonClient(self.endpoint("ssm"), target_prefix="AmazonSSM", version="1.1"))
        return read_parameters(ssm, (self.settings.pepper_parameter, self.settings.receipt_key_parameter))

    @cached_property
    def _dynamodb(self) -> DynamoDBClient:
        from chalicelib.stores.aws_clients import JsonClient

        client = JsonClient(self.endpoint("dynamodb"), target_prefix="DynamoDB_20120810", version="1.0")
        return cast("DynamoDBClient", client)

    @cached_property
    def _s3(self) -> S3Client:
        from botocore.config import Config
        from botocore.session import Session

        from chalicelib.stores.aws_http import CONNECT_TIMEOUT_S, MAX_ATTEMPTS, READ_TIMEOUT_S

        config = Config(
            region_name=self.settings.region,
            signature_version="s3v4",
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
            s3={"addressing_style": "path" if self.settings.aws_s3_url else "virtual"},
        )
        role = self._credentials()
        with self._one_at_a_time:
            # Not boto3's: that is the same client under two more imports.
            client = Session().create_client(
                "s3",
                config=config,
                aws_access_key_id=role.access_key,
                aws_secret_access_key=role.secret_key,
                aws_session_token=role.session_token,
            )
        return cast("S3Client", client)

    def _objects(self, bucket: str) -> S3Client:
        from chalicelib.stores.aws_clients import Objects
        from chalicelib.stores.presign import virtual_host

        url = self.settings.aws_s3_url
        endpoint = self.endpoint("s3", url or f"https://{virtual_host(bucket, self.settings.region)}")
        return cast("S3Client", Objects(endpoint, by_path=url is not None, make_client=lambda: self._s3))

    def _table(self, name: str) -> Table:
        from chalicelib.stores.dynamodb import Table

        return Table(self._dynamodb, name)

    def _presigner(self, bucket: str) -> Presigner:
        from chalicelib.stores.presign import Presigner

        return Presigner(
            bucket=bucket,
            region=self.settings.region,
            endpoint_url=self.settings.s3_url,
            credentials=self._credentials,
            clock=self.clock,
        )

    def endpoint(self, service: str, url: str | None = None) -> Endpoint:
        from chalicelib.stores.aws_http import Endpoint
        from chalicelib.stores.presign import dns_suffix

        region = self.settings.region
        url = url or self.settings.aws_url or f"https://{service}.{region}.{dns_suffix(region)}"
        return Endpoint(service, url, region=region, credentials=self._credentials, clock=utc_now)


_current: Stack | None = None


def current() -> Stack:
    """The stack that was installed, or else the one that the environment names."""
    global _current
    if _current is None:
        _current = AwsStack(environment.from_environment())
    return _current


def install(stack: Stack) -> None:
    """Everything that is asked of the app from now on happens in this stack."""
    global _current
    _current = stack


def reset() -> None:
    """Forget the stack: the environment names another one."""
    global _current
    _current = None
