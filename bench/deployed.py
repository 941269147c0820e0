"""The stack deployed to a fake AWS by the real `chalice deploy`, so that its functions are measured from their zip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.deploying.deploy import Deploy
from infra.deploying.target import API_FUNCTION, PROJECT, Target
from infra.rehearse.fake_aws import FakeAws, fake_aws
from infra.rehearse.from_zip import MACHINE, unzip
from infra.rehearse.moto_lambda import ignore_events, sent_zip
from infra.rehearse.operator import Operator
from infra.rehearse.project import copy_of_project
from infra.rehearse.runtime_api import make_runtime_folder

FOLDER = PROJECT / ".local" / "bench"


@dataclass(frozen=True)
class Deployed:
    aws: FakeAws
    session: Any
    deploy: Deploy

    @property
    def target(self) -> Target:
        return self.deploy.target

    @property
    def folder(self) -> Path:
        """With the unpacked zip in `task`, and what Lambda's runtime brings in `runtime`."""
        return self.target.build_folder


@contextmanager
def deployed() -> Iterator[Deployed]:
    """For this machine's architecture."""
    with fake_aws() as aws:
        operator = Operator(copy_of_project(FOLDER / "project"), FOLDER)
        there = Deployed(aws, operator.session, operator.deploy("dev", architecture=MACHINE))
        unzip(sent_zip(there.target, API_FUNCTION), there.folder / "task")
        make_runtime_folder(there.folder / "runtime")
        ignore_events(there.target)
        yield there
