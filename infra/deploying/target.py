"""What is deployed, and where: a stage of `.chalice/config.json` in one account and region.

Every name follows from the stage: the stack is `frameferry-<stage>`, the API function and the REST API have the
stack's name, the other functions add their own to it. Alarms and policies rely on that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.deploying.failure import DeployFailed

PROJECT = Path(__file__).resolve().parents[2]
CONFIG = Path(".chalice/config.json")
API_FUNCTION = "api_handler"
PROCESSING_FUNCTION = "process_object"
RECONCILER_FUNCTION = "reconcile"
FUNCTIONS = (API_FUNCTION, PROCESSING_FUNCTION, RECONCILER_FUNCTION)
"""As Chalice calls them."""


def project_config(project: Path = PROJECT) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / CONFIG).read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True, slots=True)
class Target:
    stage: str
    account_id: str
    region: str
    partition: str
    app_name: str
    project: Path = PROJECT
    """What is deployed: app.py, chalicelib, requirements.txt, .chalice/config.json."""
    folder: Path = PROJECT / ".local" / "deploy"
    """Where it is put together, a folder for each stage."""

    @property
    def stack_name(self) -> str:
        return f"{self.app_name}-{self.stage}"

    @property
    def build_folder(self) -> Path:
        return self.folder / self.stage

    def function_name(self, function: str) -> str:
        """The API function has no suffix: Chalice names it so."""
        return self.stack_name if function == API_FUNCTION else f"{self.stack_name}-{function}"

    def role_name(self, function: str) -> str:
        return f"{self.stack_name}-{function}"

    def rule_name(self, function: str) -> str:
        return f"{self.stack_name}-{function}-event"

    def log_group(self, function: str) -> str:
        return f"/aws/lambda/{self.function_name(function)}"

    @property
    def access_log_group(self) -> str:
        return f"/aws/apigateway/{self.stack_name}"

    def arn(self, service: str, resource: str, *, is_global: bool = False) -> str:
        region, account = ("", "") if service == "s3" else ("" if is_global else self.region, self.account_id)
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"

    def function_arn(self, function: str) -> str:
        return self.arn("lambda", f"function:{self.function_name(function)}")


def require_stage(stage: str, config: dict[str, Any]) -> None:
    """Raises DeployFailed."""
    stages = sorted(config["stages"])
    if not stage:
        raise DeployFailed("No stage is named", "Say which stage: " + " or ".join(f"STAGE={one}" for one in stages))
    if stage not in stages:
        raise DeployFailed(
            f"There is no stage {stage!r}", f"{CONFIG} has {', '.join(stages)}: use STAGE={stages[-1]}, or add it there"
        )
