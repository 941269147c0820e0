"""What is deployed, told from names alone."""

from __future__ import annotations

from typing import Any

from infra.deploying.deployed_state import DeployedState, RestApis
from infra.deploying.target import Target


def make_api(session: Any, name: str, *, deployed: bool = False) -> str:
    client = session.client("apigateway")
    api_id: str = client.create_rest_api(name=name)["id"]
    if deployed:
        root = client.get_resources(restApiId=api_id)["items"][0]["id"]
        client.put_method(restApiId=api_id, resourceId=root, httpMethod="GET", authorizationType="NONE")
        client.put_integration(restApiId=api_id, resourceId=root, httpMethod="GET", type="MOCK")
        client.create_deployment(restApiId=api_id, stageName="api")
    return api_id


def test_an_empty_account_has_nothing_deployed(session: Any, target: Target) -> None:
    assert DeployedState(session, target).resources("no-such-bucket") == []


def test_of_several_apis_of_one_name_the_deployed_one_is_kept_and_the_others_are_surplus(
    session: Any, target: Target
) -> None:
    first, second = make_api(session, target.stack_name), make_api(session, target.stack_name)
    kept = make_api(session, target.stack_name, deployed=True)
    found = DeployedState(session, target).rest_apis()
    assert found.kept_id == kept
    assert sorted(found.surplus_ids) == sorted([first, second])


def test_a_second_deployed_api_of_the_same_name_is_never_surplus(session: Any, target: Target) -> None:
    for _ in range(2):
        make_api(session, target.stack_name, deployed=True)
    assert DeployedState(session, target).rest_apis().surplus_ids == ()


def test_the_api_of_another_stage_is_not_ours(session: Any, target: Target) -> None:
    make_api(session, "frameferry-dev", deployed=True)
    assert DeployedState(session, target).rest_apis() == RestApis(None)
