"""Four sinks that fail at random until they are told not to, and what each of them has in the end."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.contract.s3_front_rig import ACCESS_KEY, REGION, SECRET_KEY, running_rig
from tests.contract.s3_front_rig import Rig as S3Rig
from tests.station.fake_cloud import (
    PORTAL,
    CutBefore,
    CutBody,
    FakeCloud,
    Fault,
    LoseReply,
    api_error,
    s3_error,
)
from tests.station.fake_network import running as network_of
from tests.station.sinks import http_server
from tests.station.sinks.http_server import Plan, PostServer, Reply
from tests.station.sinks.photos import Sent

_SHARE = 0.3
"""Of the requests that go wrong."""


@dataclass
class FaultyCloud(FakeCloud):
    """Requests go wrong at random while `is_faulty`."""

    chance: Random = field(default_factory=Random)
    is_faulty: bool = True

    def __post_init__(self) -> None:
        FakeCloud.__init__(self)

    def take_fault(self, route: str) -> Fault | None:
        fault = super().take_fault(route)
        if fault or not self.is_faulty or route == "activate" or self.chance.random() > _SHARE:
            return fault
        error = s3_error(503, "SlowDown") if route == "put" else api_error(503, "unavailable")
        faults: list[Fault] = [CutBefore(), CutBody(100), LoseReply(), error, PORTAL]
        return self.chance.choice(faults)


@dataclass
class FaultyPosts(PostServer):
    """`sha256s` are of what came under each Idempotency-Key."""

    chance: Random = field(default_factory=Random)
    is_faulty: bool = True

    def answer(self, request: Sent) -> Plan:
        if self.is_faulty and self.chance.random() < _SHARE:
            plans: list[Plan] = ["cut before", "cut after", "cut after", Reply(503)]
            self.plans.append(self.chance.choice(plans))
        return super().answer(request)


@dataclass
class FaultySinks:
    cloud: FaultyCloud
    posts: FaultyPosts
    s3: S3Rig
    folder: Path
    chance: Random

    @property
    def settings(self) -> dict[str, str]:
        return {
            "STORAGE_BACKEND": "cloud,filesystem,http,s3",
            "FRAMEFERRY_API_URL": self.cloud.api_url,
            "LOCAL_STORAGE_PATH": str(self.folder),
            "HTTP_UPLOAD_URL": self.posts.url,
            "S3_BUCKET": self.s3.bucket,
            "S3_ENDPOINT_URL": self.s3.front.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    def worsen(self) -> None:
        """S3 and the folder fail for a while: call it now and then."""
        plan = {
            "refuse": {"count": self.chance.randrange(3)},
            "cut_body": {"count": self.chance.randrange(2), "at_byte": 100},
            "cut_answer": {"count": self.chance.randrange(3)},
        }
        self.s3.control("POST", "faults", plan)
        away = self._away
        if away.exists():
            self._mount()
        elif self.folder.exists() and self.chance.random() < 0.3:
            self.folder.rename(away)

    def mend(self) -> None:
        self.cloud.is_faulty = self.posts.is_faulty = False
        self.s3.control("DELETE", "faults")
        self._mount()

    def _mount(self) -> None:
        """The disk is there again, over whatever was put under its mount point."""
        if self._away.exists():
            assert not self.folder.exists(), "something was written under the mount point"
            self._away.rename(self.folder)

    @property
    def _away(self) -> Path:
        return self.folder.with_name("unmounted")

    def held(self) -> dict[str, Counter[str]]:
        """How often each sink has which sha256, by the bytes that it holds."""
        return {
            "cloud": Counter(held.sha256 for held in self.cloud.items.values()),
            "filesystem": _sha256s(path.read_bytes() for path in self.folder.rglob("*.jpg")),
            "http": _sha256s(self.posts.taken.values()),
            "s3": _sha256s(self._objects()),
        }

    def _objects(self) -> Iterator[bytes]:
        pages = self.s3.moto.get_paginator("list_object_versions").paginate(Bucket=self.s3.bucket)
        for page in pages:
            for version in page.get("Versions", []):
                key, number = version["Key"], version["VersionId"]
                yield self.s3.moto.get_object(Bucket=self.s3.bucket, Key=key, VersionId=number)["Body"].read()


@contextmanager
def faulty_sinks(folder: Path, seed: int) -> Iterator[FaultySinks]:
    cloud = FaultyCloud(chance=Random(seed))
    posts = FaultyPosts(chance=Random(seed + 1))
    with network_of(cloud), http_server.running(posts), running_rig() as s3:
        yield FaultySinks(cloud, posts, s3, folder / "photos", Random(seed + 2))


def _sha256s(contents: Iterable[bytes]) -> Counter[str]:
    return Counter(hashlib.sha256(content).hexdigest() for content in contents)
