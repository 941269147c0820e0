"""The owner's part: what `make deploy` and `make destroy` do, in a folder of the rehearsal's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.deploying import preflight
from infra.deploying.deploy import Deploy
from infra.deploying.destroy import Destroy
from infra.deploying.session import Session
from infra.deploying.target import Target

_POLL_INTERVAL_S = 1


@dataclass
class Operator:
    """`project` is what is deployed, `folder` where it is put together; `say` hears each line of detail."""

    project: Path
    folder: Path
    say: Callable[[str], None] = lambda _: None
    session: Any = field(default_factory=Session)

    def target(self, stage: str, *, may_be_broken: bool = False) -> Target:
        """Raises DeployFailed where the account is in no state for it."""
        found = preflight.check(self.session, stage, may_be_broken=may_be_broken)
        return replace(found, folder=self.folder, project=self.project)

    def new_deploy(self, stage: str, *, architecture: str | None = None, project: Path | None = None) -> Deploy:
        target = self.target(stage)
        target = target if project is None else replace(target, project=project)
        return Deploy(self.session, target, self.say, architecture=architecture, poll_interval_s=_POLL_INTERVAL_S)

    def deploy(self, stage: str, *, architecture: str | None = None, project: Path | None = None) -> Deploy:
        """The deploy, done."""
        deploy = self.new_deploy(stage, architecture=architecture, project=project)
        deploy.run()
        return deploy

    def destroy(self, stage: str, *, delete_data: bool = False) -> None:
        target = self.target(stage, may_be_broken=True)
        Destroy(self.session, target, self.say, delete_data=delete_data, poll_interval_s=_POLL_INTERVAL_S).run()
