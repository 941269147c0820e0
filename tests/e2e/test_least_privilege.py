"""Each function may do what it does, and nothing more: no call is denied, and no permission is unused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.api.public_routes import all_routes
from infra.deploying.target import FUNCTIONS, PROCESSING_FUNCTION, RECONCILER_FUNCTION
from infra.local.access import Call, Document, Policy
from infra.local.cloud import TARGET, LocalCloud
from tests.e2e.conftest import remove_devices, take_dead_letters
from tests.e2e.grants import grants, without_grant, without_statement
from tests.e2e.people import OwnerCaller
from tests.e2e.tour import Tour


@dataclass(frozen=True)
class Seen:
    calls: Counter[Call]
    denied: Counter[Call]
    policies: Mapping[str, Document]
    letters: list[Any]
    routes: set[str]

    def denied_by(self, function: str, document: Document) -> list[Call]:
        policy = Policy(document)
        asked = [call for call in self.calls if call.function == function]
        return [call for call in asked if not policy.allows(call.action, call.resource)]


@pytest.fixture(scope="module")
def seen(running_cloud: LocalCloud) -> Seen:
    """What a tour showed."""
    access = running_cloud.access
    with ExitStack() as people:
        owner = people.enter_context(OwnerCaller(running_cloud.api_url, running_cloud.new_owner("tourist").token))
        access.forget()
        running_cloud.stats.reset()
        take_dead_letters(running_cloud)
        Tour(running_cloud, owner, people).run()
    remove_devices(running_cloud)
    policies = {function: access.policy(function) for function in FUNCTIONS}
    kinds = running_cloud.stats.snapshot()["requests"]
    routes = {kind.removeprefix("api:") for kind in kinds if kind.startswith("api:")}
    return Seen(access.calls, access.denied, policies, take_dead_letters(running_cloud), routes)


def test_the_tour_leaves_out_no_route(seen: Seen) -> None:
    routes = {f"{route.method} {route.path}" for table in all_routes() for route in table.entries}
    assert routes - seen.routes == set()


def test_no_function_is_denied_anything(seen: Seen) -> None:
    assert not seen.denied


def test_every_call_is_made_in_a_functions_own_role(seen: Seen) -> None:
    assert {call.function for call in seen.calls} == set(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_any_one_statement_a_call_is_denied(seen: Seen, function: str) -> None:
    document = seen.policies[function]
    assert not seen.denied_by(function, document)
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert [sid for sid in sids if not seen.denied_by(function, without_statement(document, sid))] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_any_one_action_on_any_one_resource_a_call_is_denied(seen: Seen, function: str) -> None:
    document = seen.policies[function]
    assert [one for one in grants(document) if not seen.denied_by(function, without_grant(document, one))] == []


def test_dead_letters_are_sent_to_the_stacks_queue_as_lambda_sends_them(seen: Seen) -> None:
    tried = {letter["requestContext"]["functionArn"]: letter for letter in seen.letters}
    assert {arn: letter["requestContext"]["approximateInvokeCount"] for arn, letter in tried.items()} == {
        f"{TARGET.function_arn(PROCESSING_FUNCTION)}:$LATEST": 3,
        f"{TARGET.function_arn(RECONCILER_FUNCTION)}:$LATEST": 1,
    }
    assert [letter["responsePayload"]["errorType"] for letter in seen.letters] == ["ObjectsFailed", "RuntimeError"]
    assert "Records" in seen.letters[0]["requestPayload"]
