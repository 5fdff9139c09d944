"""Alerts: what somebody should look at, with what to do about it.

They are seen under Alerts in the portal; where the setting `alert-email` names an address, they are sent there as well.
Windows and frequencies are among those that Azure takes:
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-metric-alert-rule
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule

The instance count comes from the log of the autoscale setting: metric alerts don't support that resource type, see
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-metric-near-real-time
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import rules
from database import Database
from group import Group
from observability import Observability
from pulumi_azure_native import monitor, web
from scaling import Scaling

# A minute's CPU is seen by the rules up to four minutes later, and a new instance serves two minutes after it was asked for.
SEEN_AND_STARTED_S = 6 * 60

# What Azure takes as a window, in minutes.
WINDOWS = {1: "PT1M", 5: "PT5M", 15: "PT15M", 30: "PT30M", 60: "PT1H", 360: "PT6H", 720: "PT12H", 1440: "P1D"}

ERROR = 1
WARNING = 2

PLAN = "Microsoft.Web/serverfarms"
APP = "Microsoft.Web/sites"
SERVER = "Microsoft.DBforPostgreSQL/flexibleServers"


@dataclass(frozen=True)
class Condition:
    """When a metric is worth an alert."""

    name: str
    severity: int
    namespace: str
    metric: str
    aggregation: monitor.AggregationTypeEnum
    operator: monitor.Operator
    threshold: float
    window: str
    description: str
    """What it means, and what to do."""


@dataclass(frozen=True)
class LogCondition:
    """When what a query of the workspace finds is worth an alert."""

    name: str
    severity: int
    query: str
    column: str | None
    """The column that is aggregated; without one the rows are counted."""

    aggregation: monitor.TimeAggregation
    operator: str
    """As text: the SDK's `ConditionOperator` has the values of another API ("gte"), which this one refuses."""

    threshold: float
    window: str
    """Also how often the query runs: a query every 15 minutes costs a third of one every five."""

    description: str


APP_CONDITIONS = (
    Condition(
        "server-errors",
        WARNING,
        APP,
        "Http5xx",
        monitor.AggregationTypeEnum.TOTAL,
        monitor.Operator.GREATER_THAN,
        20,
        WINDOWS[5],
        "More than 20 answers in five minutes were 5xx. 503 with Retry-After means that the database is away or that more "
        "comes than the instances can serve: /health tells which. ./scripts/logs shows the cause of others.",
    ),
    Condition(
        "slow",
        WARNING,
        APP,
        "HttpResponseTime",
        monitor.AggregationTypeEnum.AVERAGE,
        monitor.Operator.GREATER_THAN,
        2,
        WINDOWS[15],
        "Answers took more than two seconds on average. With high CPU the fleet is too small or still growing; with low CPU "
        "look at the database. Stress runs that callers wait for count as well.",
    ),
    Condition(
        "unhealthy",
        ERROR,
        APP,
        "HealthCheckStatus",
        monitor.AggregationTypeEnum.AVERAGE,
        monitor.Operator.LESS_THAN,
        90,
        WINDOWS[5],
        "Instances did not answer /health/live, which needs no database. Azure replaces an instance that stays like this, "
        "but never the only one: ./scripts/logs, then restart the app.",
    ),
)
SERVER_CONDITIONS = (
    Condition(
        "database-down",
        ERROR,
        SERVER,
        "is_db_alive",
        monitor.AggregationTypeEnum.MAXIMUM,
        monitor.Operator.LESS_THAN,
        1,
        WINDOWS[5],
        "PostgreSQL does not run. Visits get 503 until it does; nothing that was acknowledged is lost. Was it stopped with "
        "./scripts/stop? ./scripts/start starts it.",
    ),
    Condition(
        "database-full",
        WARNING,
        SERVER,
        "storage_percent",
        monitor.AggregationTypeEnum.AVERAGE,
        monitor.Operator.GREATER_THAN,
        80,
        WINDOWS[60],
        "The database's disk is four fifths full. At 95 % the server turns read-only: give it more storage.",
    ),
)


# The host records every invocation of a function as a request, and host.json excludes requests from sampling.
SCALER_SILENT = LogCondition(
    "scaler-silent",
    WARNING,
    'AppRequests\n| where Name == "Autoscale"',
    None,
    monitor.TimeAggregation.COUNT,
    "LessThan",
    1,
    WINDOWS[15],
    "The host has not called the function Autoscale for 15 minutes, so the instance count stays as it is. Does the app run "
    "(./scripts/check)? Does the host reach its storage account, which holds the timer's lock (./scripts/logs)?",
)

# What the handler logs when Azure Resource Manager doesn't take the count. Under load, a sample of the lines arrives.
NOT_SET = "the number of instances was not set"
SCALER_REFUSED = LogCondition(
    "scaler-refused",
    WARNING,
    f'AppTraces\n| where Message has "{NOT_SET}"',
    None,
    monitor.TimeAggregation.COUNT,
    "GreaterThan",
    2,
    WINDOWS[15],
    "Azure Resource Manager refused three or more times in 15 minutes to set the instance count, or didn't answer. The reason is "
    "in the log (./scripts/logs) and in /api/instances. 403 means that the app's role is missing: deploy again.",
)


def create(
    group: Group,
    plan: web.AppServicePlan,
    app: web.WebApp,
    database: Database,
    observability: Observability,
    scaling: Scaling,
) -> None:
    """Makes the alerts, and whom they are sent to, if anybody."""
    receivers = _receivers(group)
    profile = group.settings.profile
    watched: list[tuple[pulumi.Input[str], Sequence[Condition]]] = [
        (app.id, APP_CONDITIONS),
        (database.server.id, SERVER_CONDITIONS),
        (plan.id, busy(profile)),
    ]
    if scaling.setting:
        logged = at_maximum(profile)
        _failed_actions(group, receivers)
    else:
        logged = [SCALER_SILENT, SCALER_REFUSED]
    for condition in logged:
        _log_alert(group, observability, condition, receivers)
    for scope, conditions in watched:
        for condition in conditions:
            _metric_alert(group, scope, condition, receivers)


def busy(profile: rules.Profile) -> list[Condition]:
    """CPU that the rules should have brought down by now; nothing where no rule scales out."""
    out = [rule for rule in profile.rules if rule.direction is monitor.ScaleDirection.INCREASE]
    if not out:
        return []
    threshold = min(rule.threshold for rule in out)
    takes = max((rules.seconds(rule.time_window) or 0) + (rules.seconds(rule.cooldown) or 0) for rule in out)
    return [
        Condition(
            "busy",
            WARNING,
            PLAN,
            rules.METRIC,
            monitor.AggregationTypeEnum.AVERAGE,
            monitor.Operator.GREATER_THAN,
            threshold,
            _window(takes + SEEN_AND_STARTED_S),
            f"CPU has been above {threshold:g} % for longer than one scale-out should take. At the maximum of "
            f"{profile.maximum} instances only a larger plan or less load helps; below it ./scripts/watch shows what the "
            "rules saw and did.",
        )
    ]


def at_maximum(profile: rules.Profile) -> list[LogCondition]:
    """The fleet cannot grow any more, though it could shrink. The setting logs its count with each evaluation."""
    if profile.minimum == profile.maximum:
        return []
    return [
        LogCondition(
            "at-maximum",
            WARNING,
            "AutoscaleEvaluationsLog\n| where CurrentInstanceCount > 0\n| project TimeGenerated, CurrentInstanceCount",
            "CurrentInstanceCount",
            monitor.TimeAggregation.MINIMUM,
            "GreaterThanOrEqual",
            float(profile.maximum),
            WINDOWS[15],
            f"All {profile.maximum} instances that the rules allow have run for a quarter of an hour. If CPU is high too, more "
            "load will not be met: lab simulate tells what a higher maximum would bring and cost.",
        )
    ]


def _window(seconds: int) -> str:
    """The shortest that is long enough."""
    return next((window for minutes, window in WINDOWS.items() if minutes * 60 >= seconds), WINDOWS[1440])


def _receivers(group: Group) -> monitor.ActionGroup | None:
    address = group.settings.alert_email
    if not address:
        return None
    return monitor.ActionGroup(
        "alert-receivers",
        resource_group_name=group.name,
        # Not a region's: alerts are to come when one is in trouble.
        location="global",
        action_group_name=group.names.of("alert-receivers"),
        # Shown in the message; twelve characters at most.
        group_short_name="visits",
        enabled=True,
        email_receivers=[
            monitor.MicrosoftCommonEmailReceiverArgs(
                name="operator", email_address=address, use_common_alert_schema=True
            )
        ],
        tags=group.tags,
    )


def _metric_alert(
    group: Group,
    scope: pulumi.Input[str],
    condition: Condition,
    receivers: monitor.ActionGroup | None,
) -> None:
    monitor.MetricAlert(
        f"alert-{condition.name}",
        resource_group_name=group.name,
        location="global",
        rule_name=group.names.of(condition.name),
        description=condition.description,
        severity=condition.severity,
        enabled=True,
        # Over when the metric is well again.
        auto_mitigate=True,
        scopes=[scope],
        evaluation_frequency=WINDOWS[5],
        window_size=condition.window,
        criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
            odata_type=monitor.Odatatype.MICROSOFT_AZURE_MONITOR_SINGLE_RESOURCE_MULTIPLE_METRIC_CRITERIA,
            all_of=[
                monitor.MetricCriteriaArgs(
                    criterion_type="StaticThresholdCriterion",
                    name=condition.name,
                    metric_namespace=condition.namespace,
                    metric_name=condition.metric,
                    operator=condition.operator,
                    threshold=condition.threshold,
                    time_aggregation=condition.aggregation,
                    # A resource that was made a moment ago has no values yet, and the alert would be refused.
                    skip_metric_validation=True,
                )
            ],
        ),
        actions=[monitor.MetricAlertActionArgs(action_group_id=receivers.id)] if receivers else [],
        tags=group.tags,
    )


def _log_alert(
    group: Group,
    observability: Observability,
    condition: LogCondition,
    receivers: monitor.ActionGroup | None,
) -> None:
    monitor.ScheduledQueryRule(
        f"alert-{condition.name}",
        resource_group_name=group.name,
        location=group.location,
        rule_name=group.names.of(condition.name),
        display_name=group.names.of(condition.name),
        description=condition.description,
        kind=monitor.Kind.LOG_ALERT,
        severity=condition.severity,
        enabled=True,
        auto_mitigate=True,
        scopes=[observability.workspace.id],
        evaluation_frequency=condition.window,
        window_size=condition.window,
        criteria=monitor.ScheduledQueryRuleCriteriaArgs(
            all_of=[
                monitor.ConditionArgs(
                    query=condition.query,
                    metric_measure_column=condition.column,
                    time_aggregation=condition.aggregation,
                    operator=condition.operator,
                    threshold=condition.threshold,
                    failing_periods=monitor.ConditionFailingPeriodsArgs(
                        number_of_evaluation_periods=1, min_failing_periods_to_alert=1
                    ),
                )
            ]
        ),
        # A table exists from its first line on, and without it the query, and so the alert, would be refused.
        skip_query_validation=True,
        actions=monitor.ActionsArgs(action_groups=[receivers.id] if receivers else []),
        tags=group.tags,
    )


def _failed_actions(group: Group, receivers: monitor.ActionGroup | None) -> None:
    """Azure wanted to scale and could not, for want of quota or of machines: no metric tells that."""
    equals = monitor.AlertRuleAnyOfOrLeafConditionArgs
    monitor.ActivityLogAlert(
        "alert-scale-action-failed",
        resource_group_name=group.name,
        location="global",
        activity_log_alert_name=group.names.of("scale-action-failed"),
        description="Azure could not add or remove an instance. The entry in the activity log says why: mostly the region has "
        "no machine of this size left, or the subscription's quota is used up.",
        enabled=True,
        scopes=[group.resource.id],
        condition=monitor.AlertRuleAllOfConditionArgs(
            all_of=[equals(field="category", equals="Autoscale"), equals(field="status", equals="Failed")]
        ),
        actions=monitor.ActionListArgs(
            action_groups=[monitor.ActionGroupArgs(action_group_id=receivers.id)] if receivers else []
        ),
        tags=group.tags,
    )
