"""What watches the stack, added to moto's CloudFormation: alarms, budget, logs, and who may use topic and queue.

moto 5.2.5 has the services, and no resource class for them or less than is needed. See `moto_resources`.
"""

from __future__ import annotations

import json
from typing import Any, Self

from moto.budgets.models import budgets_backends
from moto.cloudwatch.models import Dimension, Metric, MetricDataQuery, MetricStat, cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.logs.models import LogGroup
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.utils import get_partition

from infra.local.moto_classes import Properties, ResourceClass, Wanted


class AlarmInFull(ResourceClass, CloudFormationModel):
    """An alarm on one metric or on an expression over several."""

    TYPE = "AWS::CloudWatch::Alarm"
    NAME_PROPERTY = "AlarmName"

    def __init__(self, name: str, arn: str) -> None:
        self.physical_resource_id = name
        self._arn = arn

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return self._arn

    def delete(self, account_id: str, region_name: str) -> None:
        cloudwatch_backends[account_id][region_name].delete_alarms([self.physical_resource_id])

    @classmethod
    def created(cls, wanted: Wanted) -> Self:
        given: Any = wanted.properties
        made = cloudwatch_backends[wanted.account_id][wanted.region_name].put_metric_alarm(
            name=wanted.name,
            namespace=given.get("Namespace"),
            metric_name=given.get("MetricName"),
            metric_data_queries=[_query(one) for one in given.get("Metrics", [])] or None,
            comparison_operator=given["ComparisonOperator"],
            evaluation_periods=given["EvaluationPeriods"],
            datapoints_to_alarm=given.get("DatapointsToAlarm"),
            period=given.get("Period"),
            threshold=given["Threshold"],
            statistic=given.get("Statistic"),
            description=given["AlarmDescription"],
            dimensions=given.get("Dimensions", []),
            alarm_actions=given["AlarmActions"],
            ok_actions=given.get("OKActions", []),
            treat_missing_data=given.get("TreatMissingData"),
        )
        return cls(wanted.name, made.alarm_arn)


class MonthlyBudget(ResourceClass, CloudFormationModel):
    """The service knows one account and no region."""

    TYPE = "AWS::Budgets::Budget"

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    def delete(self, account_id: str, region_name: str) -> None:
        _budgets(account_id, region_name).delete_budget(account_id, self.physical_resource_id)

    @classmethod
    def created(cls, wanted: Wanted) -> Self:
        given = json.loads(json.dumps(wanted.properties))
        limit = given["Budget"]["BudgetLimit"]
        limit["Amount"] = str(limit["Amount"])
        _budgets(wanted.account_id, wanted.region_name).create_budget(
            wanted.account_id, given["Budget"], given["NotificationsWithSubscribers"]
        )
        return cls(given["Budget"]["BudgetName"])


class LogGroupInFull(ResourceClass, CloudFormationModel):
    """With a retention that can be changed."""

    TYPE = LogGroup.cloudformation_type()
    NAME_PROPERTY = LogGroup.cloudformation_name_type()

    @classmethod
    def created(cls, wanted: Wanted) -> LogGroup:
        return LogGroup.create_from_cloudformation_json(*wanted.in_moto_s_order, **wanted.told_besides)

    @classmethod
    def updated(cls, there: LogGroup, wanted: Wanted) -> LogGroup:
        there.set_retention_policy(wanted.properties["RetentionInDays"])
        return there


class TopicSubscription(ResourceClass, CloudFormationModel):
    TYPE = "AWS::SNS::Subscription"

    def __init__(self, arn: str) -> None:
        self.physical_resource_id = arn

    def delete(self, account_id: str, region_name: str) -> None:
        sns_backends[account_id][region_name].unsubscribe(self.physical_resource_id)

    @classmethod
    def created(cls, wanted: Wanted) -> Self:
        given = wanted.properties
        backend = sns_backends[wanted.account_id][wanted.region_name]
        return cls(backend.subscribe(given["TopicArn"], given["Endpoint"], given["Protocol"]).arn)


class TopicPolicy(ResourceClass, CloudFormationModel):
    """moto keeps the document and asks nobody for it."""

    TYPE = "AWS::SNS::TopicPolicy"

    def __init__(self, topics: list[str]) -> None:
        self.physical_resource_id = topics[0]

    def delete(self, account_id: str, region_name: str) -> None:
        """It goes with its topic."""

    @classmethod
    def created(cls, wanted: Wanted) -> Self:
        given = wanted.properties
        for topic in given["Topics"]:
            found = sns_backends[wanted.account_id][wanted.region_name].get_topic(topic)
            found.policy = json.dumps(given["PolicyDocument"])
        return cls(given["Topics"])


class QueuePolicy(ResourceClass, CloudFormationModel):
    """moto keeps the document and asks nobody for it."""

    TYPE = "AWS::SQS::QueuePolicy"

    def __init__(self, queues: list[str]) -> None:
        self.physical_resource_id = queues[0]

    def delete(self, account_id: str, region_name: str) -> None:
        """It goes with its queue."""

    @classmethod
    def created(cls, wanted: Wanted) -> Self:
        given = wanted.properties
        for url in given["Queues"]:
            queue = sqs_backends[wanted.account_id][wanted.region_name].get_queue(url.rpartition("/")[2])
            queue.policy = json.dumps(given["PolicyDocument"])
        return cls(given["Queues"])


def _budgets(account_id: str, region_name: str) -> Any:
    return budgets_backends[account_id][get_partition(region_name)]


def _dimensions(given: Properties) -> Any:
    return [Dimension(one["Name"], one["Value"]) for one in given.get("Dimensions", [])]


def _query(given: Properties) -> MetricDataQuery:
    stat = given.get("MetricStat")
    return MetricDataQuery(
        query_id=given["Id"],
        label=given.get("Label", ""),
        period=given.get("Period"),  # type: ignore[arg-type]
        return_data=given["ReturnData"],
        expression=given.get("Expression"),
        metric_stat=stat and _metric_stat(stat),
    )


def _metric_stat(stat: Properties) -> MetricStat:
    metric = stat["Metric"]
    named = Metric(metric_name=metric["MetricName"], namespace=metric["Namespace"], dimensions=_dimensions(metric))
    return MetricStat(metric=named, period=stat["Period"], stat=stat["Stat"], unit=None)  # type: ignore[arg-type]
