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

Properties = dict[str, Any]


class PutAgain:
    """An update that is the creation once more, over what is there."""

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        original_resource.delete(account_id, region_name)
        return cls.create_from_cloudformation_json(  # type: ignore[attr-defined]
            new_resource_name, cloudformation_json, account_id, region_name
        )


class AlarmInFull(PutAgain, CloudFormationModel):
    """AWS::CloudWatch::Alarm on one metric or on an expression over several."""

    def __init__(self, name: str, arn: str) -> None:
        self.physical_resource_id = name
        self._arn = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return "AlarmName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    def is_created(self) -> bool:
        return True

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return self._arn

    def delete(self, account_id: str, region_name: str) -> None:
        cloudwatch_backends[account_id][region_name].delete_alarms([self.physical_resource_id])

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Self:
        given = cloudformation_json["Properties"]
        made = cloudwatch_backends[account_id][region_name].put_metric_alarm(
            name=resource_name,
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
        return cls(resource_name, made.alarm_arn)


class MonthlyBudget(PutAgain, CloudFormationModel):
    """AWS::Budgets::Budget; the service knows one account and no region."""

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Budgets::Budget"

    def is_created(self) -> bool:
        return True

    def delete(self, account_id: str, region_name: str) -> None:
        _budgets(account_id, region_name).delete_budget(account_id, self.physical_resource_id)

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Self:
        given = json.loads(json.dumps(cloudformation_json["Properties"]))
        limit = given["Budget"]["BudgetLimit"]
        limit["Amount"] = str(limit["Amount"])
        _budgets(account_id, region_name).create_budget(
            account_id, given["Budget"], given["NotificationsWithSubscribers"]
        )
        return cls(given["Budget"]["BudgetName"])


class LogGroupInFull(CloudFormationModel):
    """AWS::Logs::LogGroup whose retention can be changed."""

    @staticmethod
    def cloudformation_name_type() -> str:
        return LogGroup.cloudformation_name_type()

    @staticmethod
    def cloudformation_type() -> str:
        return LogGroup.cloudformation_type()

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> LogGroup:
        return LogGroup.create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> LogGroup:
        group: LogGroup = original_resource
        group.set_retention_policy(cloudformation_json["Properties"]["RetentionInDays"])
        return group


class TopicSubscription(PutAgain, CloudFormationModel):
    """AWS::SNS::Subscription."""

    def __init__(self, arn: str) -> None:
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SNS::Subscription"

    def is_created(self) -> bool:
        return True

    def delete(self, account_id: str, region_name: str) -> None:
        sns_backends[account_id][region_name].unsubscribe(self.physical_resource_id)

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Self:
        given = cloudformation_json["Properties"]
        backend = sns_backends[account_id][region_name]
        return cls(backend.subscribe(given["TopicArn"], given["Endpoint"], given["Protocol"]).arn)


class TopicPolicy(PutAgain, CloudFormationModel):
    """AWS::SNS::TopicPolicy; moto keeps the document and asks nobody for it."""

    def __init__(self, topics: list[str]) -> None:
        self.physical_resource_id = topics[0]

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SNS::TopicPolicy"

    def is_created(self) -> bool:
        return True

    def delete(self, account_id: str, region_name: str) -> None:
        """It goes with its topic."""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Self:
        given = cloudformation_json["Properties"]
        for topic in given["Topics"]:
            sns_backends[account_id][region_name].get_topic(topic).policy = json.dumps(given["PolicyDocument"])
        return cls(given["Topics"])


class QueuePolicy(PutAgain, CloudFormationModel):
    """AWS::SQS::QueuePolicy; moto keeps the document and asks nobody for it."""

    def __init__(self, queues: list[str]) -> None:
        self.physical_resource_id = queues[0]

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::SQS::QueuePolicy"

    def is_created(self) -> bool:
        return True

    def delete(self, account_id: str, region_name: str) -> None:
        """It goes with its queue."""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Self:
        given = cloudformation_json["Properties"]
        for url in given["Queues"]:
            queue = sqs_backends[account_id][region_name].get_queue(url.rpartition("/")[2])
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
