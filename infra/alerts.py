"""Alerts: problems that need attention, with the steps to solve them.

They are listed under Alerts in the portal. If the setting `alert-email` has an address, they are sent there as well.
Windows and frequencies are among those that Azure accepts:
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

# The rules get a minute's CPU up to four minutes later, and a new instance is ready two minutes after it was requested.
SEEN_AND_STARTED_S = 6 * 60

# The windows that Azure accepts, in minutes.
WINDOWS = {1: "PT1M", 5: "PT5M", 15: "PT15M", 30: "PT30M", 60: "PT1H", 360: "PT6H", 720: "PT12H", 1440: "P1D"}

ERROR = 1
WARNING = 2

PLAN = "Microsoft.Web/serverfarms"
APP = "Microsoft.Web/sites"
SERVER = "Microsoft.DBforPostgreSQL/flexibleServers"


@dataclass(frozen=True)
class Condition:
    """The condition on a metric that triggers an alert."""

    name: str
    severity: int
    namespace: str
    metric: str
    aggregation: monitor.AggregationTypeEnum
    operator: monitor.Operator
    threshold: float
    window: str
    description: str
    """The meaning of the alert, and what to do."""


@dataclass(frozen=True)
class LogCondition:
    """The condition on the result of a workspace query that triggers an alert."""

    name: str
    severity: int
    query: str
    column: str | None
    """The column to aggregate; if it is empty, the rows are counted."""

    aggregation: monitor.TimeAggregation
    operator: str
    """A string, because the SDK's `ConditionOperator` has the values of another API ("gte"), which this API refuses."""

    threshold: float
    window: str
    """Also the interval of the query: a query every 15 minutes costs a third of a query every five minutes."""

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
        "More than 20 responses in five minutes were 5xx. 503 with Retry-After means that the database is unavailable or that there are "
        "more requests than the instances can serve: /health shows which. ./scripts/logs shows the cause of others.",
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
        "Responses took more than two seconds on average. With high CPU the fleet is too small or still growing; with low CPU "
        "check the database. Stress runs that callers wait for count as well.",
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
        "Instances did not respond to /health/live, which needs no database. Azure replaces an instance that stays like this, "
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
        "The database's disk is 80% full. At 95% the server becomes read-only: give it more storage.",
    ),
)


# The host records every invocation as a request, and host.json excludes requests from sampling.
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
    "(./scripts/check)? Can the host reach its storage account, which contains the timer's lock (./scripts/logs)?",
)

# The handler logs this when Azure Resource Manager does not accept the count. Under load, only a sample of the lines arrives.
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
    "Azure Resource Manager refused to set the instance count three or more times in 15 minutes, or did not respond. The reason is "
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
    """Creates the alerts, and their receivers if there are any."""
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
    """CPU stays high although the rules should have reduced it. None if no rule scales out."""
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
            f"CPU has been above {threshold:g}% for longer than one scale-out should take. At the maximum of "
            f"{profile.maximum} instances, only a larger plan or less load helps. Below the maximum, ./scripts/watch shows what the "
            "rules measured and did.",
        )
    ]


def at_maximum(profile: rules.Profile) -> list[LogCondition]:
    """The fleet is at its maximum, and could be smaller. The setting logs its count with each evaluation."""
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
            f"All {profile.maximum} instances that the rules allow have run for 15 minutes. If CPU is high too, the fleet cannot serve "
            "more load: lab simulate shows the effect and cost of a higher maximum.",
        )
    ]


def _window(seconds: int) -> str:
    """The shortest window that is long enough."""
    return next((window for minutes, window in WINDOWS.items() if minutes * 60 >= seconds), WINDOWS[1440])


def _receivers(group: Group) -> monitor.ActionGroup | None:
    address = group.settings.alert_email
    if not address:
        return None
    return monitor.ActionGroup(
        "alert-receivers",
        resource_group_name=group.name,
        # Not regional, so that alerts arrive even if a region has problems.
        location="global",
        action_group_name=group.names.of("alert-receivers"),
        # Shown in the message; at most twelve characters.
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
        # Resolves automatically when the metric is normal again.
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
                    # A new resource has no values yet, so Azure would refuse the alert.
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
        # A table exists only after its first line. Without it, Azure would refuse the query, and so the alert.
        skip_query_validation=True,
        actions=monitor.ActionsArgs(action_groups=[receivers.id] if receivers else []),
        tags=group.tags,
    )


def _failed_actions(group: Group, receivers: monitor.ActionGroup | None) -> None:
    """Azure could not scale because quota or machines are missing. No metric shows this."""
    equals = monitor.AlertRuleAnyOfOrLeafConditionArgs
    monitor.ActivityLogAlert(
        "alert-scale-action-failed",
        resource_group_name=group.name,
        location="global",
        activity_log_alert_name=group.names.of("scale-action-failed"),
        description="Azure could not add or remove an instance. The entry in the activity log has the reason: usually the region has "
        "no machine of this size available, or the subscription's quota is used up.",
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
