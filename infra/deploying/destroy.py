"""Takes a stack away. What holds photos, items, owners and secrets stays, unless all of it is to go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import WaiterError

from infra.deploying import functions
from infra.deploying.build import write_build_folder
from infra.deploying.chalice_run import chalice
from infra.deploying.deployed_state import DeployedState, write_deployed_state
from infra.deploying.failure import DeployFailed
from infra.deploying.target import Target
from infra.kept import find_kept
from infra.secrets import secret_names
from infra.stack import StackFailed, StackOutputs, read_outputs

DELETE_WARNING = "This deletes every photo, item, owner and key of the stack for ever"


@dataclass
class Destroy:
    """`say` hears a line of detail. Each step can be repeated, on a stack of which part is gone already."""

    session: Any
    target: Target
    say: Callable[[str], None]
    delete_data: bool = False
    poll_interval_s: int = 5

    @property
    def steps(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        data = (("photos, items, owners, keys", self.delete_all_data),) if self.delete_data else ()
        return (
            ("API and functions", self.delete_functions),
            ("stack", self.delete_stack),
            ("logs", self.delete_logs),
            *data,
        )

    def run(self, begin: Callable[[str], None] = lambda _: None) -> None:
        for name, step in self.steps:
            begin(name)
            step()

    def delete_functions(self) -> None:
        outputs = self._outputs()
        state = DeployedState(self.session, self.target)
        for api_id in state.rest_apis().surplus_ids:
            self.session.client("apigateway").delete_rest_api(restApiId=api_id)
        resources = state.resources(outputs.captures_bucket if outputs else None)
        if not resources:
            return
        folder = self.target.build_folder
        write_build_folder(folder, self.target.stage, {}, {}, project=self.target.project, packages=False)
        write_deployed_state(folder, self.target.stage, resources)
        chalice("delete", folder, self.target.stage, self.target.region, self.say)

    def delete_all_data(self) -> None:
        """What the stack has left behind: it is found by its names, with or without a stack."""
        for one in find_kept(self.session.client, self.target.stack_name):
            if delete := self._deletions.get(one.type):
                delete(one.physical_id)
                self.say(f"Deleted {one.type} {one.physical_id}")
        names = secret_names(self.target.stack_name)
        self.session.client("ssm").delete_parameters(Names=[names.pepper, names.receipt_key])

    def delete_stack(self) -> None:
        cloudformation = self.session.client("cloudformation")
        cloudformation.delete_stack(StackName=self.target.stack_name)
        waiter = cloudformation.get_waiter("stack_delete_complete")
        try:
            waiter.wait(StackName=self.target.stack_name, WaiterConfig={"Delay": self.poll_interval_s})
        except WaiterError as error:
            raise DeployFailed(
                f"CloudFormation could not delete {self.target.stack_name}", "Its events say why; then run this again"
            ) from error

    def delete_logs(self) -> None:
        functions.delete_log_groups(self.session.client("logs"), self.target)

    def _outputs(self) -> StackOutputs | None:
        try:
            return read_outputs(self.session.client("cloudformation"), self.target.stack_name)
        except (StackFailed, KeyError):
            return None

    @property
    def _deletions(self) -> dict[str, Callable[[str], None]]:
        return {
            "AWS::S3::Bucket": self._delete_bucket,
            "AWS::DynamoDB::Table": self._delete_table,
            "AWS::Cognito::UserPool": self._delete_user_pool,
        }

    def _delete_bucket(self, bucket: str) -> None:
        s3 = self.session.client("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if entries:
                objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
                s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        s3.delete_bucket(Bucket=bucket)

    def _delete_table(self, table: str) -> None:
        dynamodb = self.session.client("dynamodb")
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
        dynamodb.get_waiter("table_exists").wait(TableName=table)
        dynamodb.delete_table(TableName=table)

    def _delete_user_pool(self, user_pool_id: str) -> None:
        cognito = self.session.client("cognito-idp")
        cognito.update_user_pool(UserPoolId=user_pool_id, DeletionProtection="INACTIVE")
        cognito.delete_user_pool(UserPoolId=user_pool_id)
