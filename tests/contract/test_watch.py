"""What the stack watches: alarms, budget, logs, dead letters and dashboard, as CloudFormation makes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.stack import StackOutputs, apply_stack
from tests.contract.moto_rig import ACCOUNT_ID, REGION, Client, empty_aws

ROOT = Path(__file__).resolve().parents[2]
STACK = "frameferry-dev"
ALARMS = ["api-errors", "dead-letters", "processing-errors", "reconciler-findings", "throttles"]
FUNCTIONS = [STACK, f"{STACK}-process_object", f"{STACK}-reconcile"]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with empty_aws() as client:
        yield client


@pytest.fixture(scope="module")
def outputs(client: Client) -> StackOutputs:
    return apply_stack(client("cloudformation"), STACK, parameters={"AlarmEmail": "owner@home.example"})


@pytest.fixture(scope="module")
def alarms(client: Client, outputs: StackOutputs) -> dict[str, Any]:
    found = client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"].removeprefix(f"{STACK}-"): alarm for alarm in found}


@pytest.fixture(scope="module")
def dashboard(client: Client, outputs: StackOutputs) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(client("cloudwatch").get_dashboard(DashboardName=STACK)["DashboardBody"])
    return body


def test_there_is_an_alarm_for_each_thing_that_goes_wrong(alarms: dict[str, Any]) -> None:
    assert sorted(alarms) == ALARMS


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_tells_the_topic_when_it_rings_and_when_it_stops(
    alarms: dict[str, Any], outputs: StackOutputs, name: str
) -> None:
    assert alarms[name]["AlarmActions"] == alarms[name]["OKActions"] == [outputs.alarm_topic_arn]


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_is_silent_where_nothing_happens(alarms: dict[str, Any], name: str) -> None:
    assert alarms[name]["TreatMissingData"] == "notBreaching"
    assert alarms[name]["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarms[name]["Threshold"] > 0


@pytest.mark.parametrize("name", ALARMS)
def test_operations_page_says_what_to_do_when_the_alarm_rings(alarms: dict[str, Any], name: str) -> None:
    page = (ROOT / "docs/operations.md").read_text()
    assert f"### `{name}`" in page


def test_alarms_look_at_the_functions_and_the_api_as_chalice_names_them(
    alarms: dict[str, Any], outputs: StackOutputs
) -> None:
    def looked_at(name: str) -> list[tuple[str, str]]:
        queries = alarms[name].get("Metrics", [])
        metrics = [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query] or [alarms[name]]
        return [(metric["MetricName"], metric["Dimensions"][0]["Value"]) for metric in metrics]

    assert looked_at("processing-errors") == [("Errors", f"{STACK}-process_object")]
    assert looked_at("api-errors") == [("5XXError", STACK)]
    assert looked_at("throttles") == [("Throttles", name) for name in FUNCTIONS]
    queue = outputs.dead_letter_queue_arn.rpartition(":")[2]
    assert looked_at("dead-letters") == [("ApproximateNumberOfMessagesVisible", queue)]
    assert looked_at("reconciler-findings") == [
        ("ReconcilerFindings", STACK),
        ("ReconcilerErrors", STACK),
        ("Errors", f"{STACK}-reconcile"),
    ]


def test_owner_is_subscribed_by_email(client: Client, outputs: StackOutputs) -> None:
    found = client("sns").list_subscriptions_by_topic(TopicArn=outputs.alarm_topic_arn)["Subscriptions"]
    assert [(one["Protocol"], one["Endpoint"]) for one in found] == [("email", "owner@home.example")]


def test_nobody_is_subscribed_without_an_address(client: Client) -> None:
    cloudformation = client("cloudformation")
    made = apply_stack(cloudformation, "quiet")
    assert _addresses(client, made) == []
    apply_stack(cloudformation, "quiet", parameters={"AlarmEmail": "late@home.example"})
    assert _addresses(client, made) == ["late@home.example"]
    apply_stack(cloudformation, "quiet", parameters={"AlarmEmail": ""})
    assert _addresses(client, made) == []


def test_only_alarms_and_budgets_of_this_account_may_publish_and_only_over_tls(
    client: Client, outputs: StackOutputs
) -> None:
    attributes = client("sns").get_topic_attributes(TopicArn=outputs.alarm_topic_arn)["Attributes"]
    allow, deny = json.loads(attributes["Policy"])["Statement"]
    assert allow["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]}
    assert allow["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}}
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_dead_letters_are_encrypted_kept_for_two_weeks_and_read_only_over_tls(
    client: Client, outputs: StackOutputs
) -> None:
    queue = client("sqs").get_queue_attributes(QueueUrl=outputs.dead_letter_queue_url, AttributeNames=["All"])
    attributes = queue["Attributes"]
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert attributes["QueueArn"] == outputs.dead_letter_queue_arn
    assert attributes["MessageRetentionPeriod"] == str(14 * 24 * 3600)
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_budget_warns_at_80_percent_spent_and_when_more_than_all_is_foreseen(
    client: Client, outputs: StackOutputs
) -> None:
    budgets, named = client("budgets"), {"AccountId": ACCOUNT_ID, "BudgetName": f"{STACK}-monthly"}
    limit = budgets.describe_budget(**named)["Budget"]["BudgetLimit"]
    told = budgets.describe_notifications_for_budget(**named)["Notifications"]
    assert limit == {"Amount": "5", "Unit": "USD"}
    assert [(one["NotificationType"], one["Threshold"]) for one in told] == [("ACTUAL", 80.0), ("FORECASTED", 100.0)]


def test_budget_of_nothing_is_no_budget(client: Client) -> None:
    apply_stack(client("cloudformation"), "priceless", parameters={"MonthlyBudgetUsd": "0"})
    names = [one["BudgetName"] for one in client("budgets").describe_budgets(AccountId=ACCOUNT_ID)["Budgets"]]
    assert "priceless-monthly" not in names


def test_logs_of_every_function_and_of_the_api_end_after_a_while(client: Client, outputs: StackOutputs) -> None:
    groups = client("logs").describe_log_groups()["logGroups"]
    ours = {group["logGroupName"]: group["retentionInDays"] for group in groups if STACK in group["logGroupName"]}
    access = outputs.access_log_group_arn.rpartition(":")[2]
    assert ours == dict.fromkeys([access, *(f"/aws/lambda/{name}" for name in FUNCTIONS)], 30)


def test_log_retention_can_be_changed(client: Client) -> None:
    cloudformation = client("cloudformation")
    apply_stack(cloudformation, "forgetful")
    apply_stack(cloudformation, "forgetful", parameters={"LogRetentionDays": "3"})
    groups = client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/forgetful")["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [3, 3, 3]


def test_dashboard_shows_photos_bytes_latency_rejects_devices_and_what_costs_money(dashboard: dict[str, Any]) -> None:
    shown = {name for _, name in _metrics(dashboard)}
    assert shown >= {"PhotosProcessed", "PhotosRejected", "BytesProcessed", "ProcessingLatency", "DevicesSeen"}
    assert shown >= {"Count", "Duration", "Invocations", "ConsumedWriteCapacityUnits", "BucketSizeBytes"}
    latency = next(one for one in dashboard["widgets"] if "ProcessingLatency" in str(one))
    assert [metric[-1]["stat"] for metric in latency["properties"]["metrics"]] == ["p50", "p99"]


def test_dashboard_has_every_alarm_and_is_of_this_stack_and_region(
    dashboard: dict[str, Any], alarms: dict[str, Any]
) -> None:
    first, *others = (widget["properties"] for widget in dashboard["widgets"])
    assert sorted(first["alarms"]) == sorted(alarm["AlarmArn"] for alarm in alarms.values())
    assert {widget["region"] for widget in others} == {REGION}
    assert "${" not in json.dumps(dashboard)


def test_dashboard_widgets_do_not_lie_on_each_other(dashboard: dict[str, Any]) -> None:
    places = [
        (column, row)
        for one in dashboard["widgets"]
        for column in range(one["x"], one["x"] + one["width"])
        for row in range(one["y"], one["y"] + one["height"])
    ]
    assert len(places) == len(set(places))
    assert max(column for column, _ in places) < 24


def test_every_metric_of_ours_that_is_watched_is_one_that_the_functions_write(
    dashboard: dict[str, Any], alarms: dict[str, Any]
) -> None:
    source = (ROOT / "chalicelib/api/functions.py").read_text()
    written = set(re.findall(r'"([A-Z][A-Za-z]+)"', source))
    queries = [query for alarm in alarms.values() for query in alarm.get("Metrics", []) if "MetricStat" in query]
    watched = {(one["MetricStat"]["Metric"]["Namespace"], one["MetricStat"]["Metric"]["MetricName"]) for one in queries}
    ours = {name for namespace, name in watched | _metrics(dashboard) if namespace == "Frameferry"}
    assert ours
    assert ours <= written


def _metrics(dashboard: dict[str, Any]) -> set[tuple[str, str]]:
    rows = [row for widget in dashboard["widgets"] for row in widget["properties"].get("metrics", [])]
    return {(row[0], row[1]) for row in rows if isinstance(row[0], str)}


def _addresses(client: Client, made: StackOutputs) -> list[str]:
    found = client("sns").list_subscriptions_by_topic(TopicArn=made.alarm_topic_arn)["Subscriptions"]
    return [one["Endpoint"] for one in found]
