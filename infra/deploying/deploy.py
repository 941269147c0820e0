"""A deploy, step by step. Any step may break off; the next run does all of them again and ends in the same state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from infra.deploying import functions, gateway, stack_step
from infra.deploying.build import whole_packages, write_build_folder
from infra.deploying.chalice_run import chalice
from infra.deploying.check_package import check_folder
from infra.deploying.deployed_state import DeployedState, read_deployed_state, write_deployed_state
from infra.deploying.policies import policy
from infra.deploying.target import (
    API_FUNCTION,
    FUNCTIONS,
    PROCESSING_FUNCTION,
    RECONCILER_FUNCTION,
    Target,
    project_config,
)
from infra.secrets import SecretNames, ensure_secrets
from infra.stack import StackOutputs, environment

_MEMORY_PARAMETERS = {
    API_FUNCTION: "ApiMemoryMb",
    PROCESSING_FUNCTION: "ProcessingMemoryMb",
    RECONCILER_FUNCTION: "ReconcilerMemoryMb",
}


@dataclass
class Deploy:
    """`say` hears a line of detail; `parameters` are the stack's; `architecture` overrides config.json's."""

    session: Any
    target: Target
    say: Callable[[str], None]
    parameters: Mapping[str, str] = field(default_factory=dict)
    architecture: str | None = None
    poll_interval_s: int = 5

    outputs: StackOutputs = field(init=False)
    secrets: SecretNames = field(init=False)
    api_id: str = field(init=False)
    api_url: str = field(init=False)

    @property
    def environment(self) -> dict[str, str]:
        """The functions'."""
        return environment(self.outputs, self.secrets, stack_name=self.target.stack_name)

    @property
    def policies(self) -> dict[str, dict[str, Any]]:
        """Of each function, by Chalice's name for it."""
        return {name: policy(self.target, name, self.outputs, self.secrets) for name in FUNCTIONS}

    @property
    def steps(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        return (
            ("stack", self.apply_stack),
            ("secrets", self.make_secrets),
            ("package", self.build),
            ("leftovers", self.recall_deployed_state),
            ("functions and API", self.run_chalice),
            ("error answers, limits, access log", self.set_gateway),
            ("dead letters", self.set_invocation),
            ("photo events", self.check_events),
            ("console origin", self.set_console_origin),
        )

    def run(self, begin: Callable[[str], None] = lambda _: None) -> None:
        """`begin` hears the name of each step. Raises DeployFailed, and botocore's errors where AWS is out of reach."""
        for name, step in self.steps:
            begin(name)
            step()

    def apply_stack(self) -> None:
        parameters = default_parameters() | dict(self.parameters)
        self.outputs = stack_step.apply(self.session, self.target, parameters, self.poll_interval_s)

    def make_secrets(self) -> None:
        self.secrets = ensure_secrets(self.session.client("ssm"), self.target.stack_name)

    def build(self) -> None:
        folder = self.target.build_folder
        write_build_folder(
            folder,
            self.target.stage,
            self.environment,
            self.policies,
            architecture=self.architecture,
            project=self.target.project,
        )
        architecture = self.architecture or project_config(self.target.project)["lambda_architecture"]
        check_folder(folder / "vendor", architecture)

    def recall_deployed_state(self) -> None:
        state = DeployedState(self.session, self.target)
        api_gateway = self.session.client("apigateway")
        for api_id in state.rest_apis().surplus_ids:
            self.say(f"Deleting REST API {api_id}, which an earlier run left behind")
            api_gateway.delete_rest_api(restApiId=api_id)
        write_deployed_state(self.target.build_folder, self.target.stage, state.resources(self.outputs.captures_bucket))

    def run_chalice(self) -> None:
        with whole_packages(self.target.build_folder):
            chalice("deploy", self.target.build_folder, self.target.stage, self.target.region, self.say)
        deployed = read_deployed_state(self.target.build_folder, self.target.stage)
        api = next(resource for resource in deployed if resource["resource_type"] == "rest_api")
        self.api_id, self.api_url = api["rest_api_id"], api["rest_api_url"].rstrip("/")

    def set_gateway(self) -> None:
        api_gateway = self.session.client("apigateway")
        gateway.set_gateway_responses(api_gateway, self.api_id)
        gateway.let_api_gateway_log(self.session, self.target)
        gateway.redeploy(api_gateway, self.api_id)
        gateway.set_stage(api_gateway, self.api_id, self.target)

    def set_invocation(self) -> None:
        functions.set_asynchronous_invocation(
            self.session.client("lambda"), self.target, self.outputs.dead_letter_queue_arn
        )

    def check_events(self) -> None:
        functions.check_bucket_notification(self.session.client("s3"), self.target, self.outputs.captures_bucket)

    def set_console_origin(self) -> None:
        """The page at the API's own address may read photos from the bucket."""
        parts = urlsplit(self.api_url)
        cloudformation = self.session.client("cloudformation")
        origins = stack_step.console_origins(cloudformation, self.target, f"{parts.scheme}://{parts.netloc}")
        stack_step.apply(self.session, self.target, {"ConsoleOrigins": origins}, self.poll_interval_s)


def default_parameters() -> dict[str, str]:
    """What config.json says and the stack has to know as well."""
    config = project_config()
    memory = {
        parameter: str(config["lambda_functions"][function]["lambda_memory_size"])
        for function, parameter in _MEMORY_PARAMETERS.items()
    }
    return memory | {"LogRetentionDays": str(config["log_retention_in_days"])}
