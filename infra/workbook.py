"""A workbook: the fleet's scaling on one page of the portal, with the platform's own metrics and logs.

Its content has the form that the portal's editor saves. It contains no secret, and everybody who may read the logs may read it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import rules
from database import Database
from group import Group
from observability import Observability
from pulumi_azure_native import applicationinsights, monitor, web
from scaling import Scaling

Item = dict[str, object]

# The numbers of aggregations in a workbook.
TOTAL = 1
MAXIMUM = 3
AVERAGE = 4

SIGNS = {
    monitor.ComparisonOperationType.EQUALS: "=",
    monitor.ComparisonOperationType.NOT_EQUALS: "≠",
    monitor.ComparisonOperationType.GREATER_THAN: ">",
    monitor.ComparisonOperationType.GREATER_THAN_OR_EQUAL: "≥",
    monitor.ComparisonOperationType.LESS_THAN: "<",
    monitor.ComparisonOperationType.LESS_THAN_OR_EQUAL: "≤",
}

RANGE = "range"
HOUR_MS = 3_600_000

PLAN = "microsoft.web/serverfarms"
APP = "microsoft.web/sites"
SERVER = "microsoft.dbforpostgresql/flexibleservers"


@dataclass(frozen=True)
class Sources:
    """The ids of the resources that it shows."""

    plan: str
    app: str
    server: str
    workspace: str


def create(
    group: Group,
    plan: web.AppServicePlan,
    app: web.WebApp,
    database: Database,
    observability: Observability,
    scaling: Scaling,
) -> applicationinsights.Workbook:
    """Creates the workbook, in the list of the Application Insights component's workbooks."""
    profile = group.settings.profile
    by_azure = scaling.setting is not None
    ids = pulumi.Output.all(plan.id, app.id, database.server.id, observability.workspace.id)
    return applicationinsights.Workbook(
        "workbook",
        resource_group_name=group.name,
        location=group.location,
        resource_name_=group.names.uuid("workbook"),
        display_name=f"Elastic Visits: {group.settings.stack}",
        category="workbook",
        kind=applicationinsights.WorkbookSharedTypeKind.SHARED,
        source_id=observability.insights.id,
        version="Notebook/1.0",
        serialized_data=ids.apply(lambda found: content(Sources(*found), profile, by_azure)),
        tags=group.tags,
    )


def content(sources: Sources, profile: rules.Profile, by_azure: bool) -> str:
    """The workbook's JSON. Azure's own log of the rules exists only where Azure applies them."""
    items = [_text(_heading(profile, by_azure)), _time_range()]
    items.append(_metric("CPU of each instance", PLAN, sources.plan, rules.METRIC, AVERAGE, split="Instance"))
    if by_azure:
        items += [
            _query("The values that the rules measured, and their thresholds", sources, _evaluations(profile), "timechart"),
            _query("Instances", sources, COUNTS, "timechart"),
            _query("Scale actions", sources, ACTIONS, "table"),
        ]
    items += [
        _query("Requests per minute, by outcome", sources, REQUESTS, "timechart"),
        _query("Response times, in milliseconds", sources, LATENCY, "timechart"),
        _query("Requests per minute, by instance", sources, SPREAD, "timechart"),
        _metric("Responses with 5xx", APP, sources.app, "Http5xx", TOTAL),
        _metric("Healthy instances, percent", APP, sources.app, "HealthCheckStatus", AVERAGE, split="Instance"),
        _metric("CPU of the database", SERVER, sources.server, "cpu_percent", AVERAGE),
        _metric("Connections to the database", SERVER, sources.server, "active_connections", MAXIMUM),
        _metric("Disk of the database, percent", SERVER, sources.server, "storage_percent", AVERAGE),
    ]
    document = {
        "version": "Notebook/1.0",
        "items": [{**item, "name": f"item-{number}"} for number, item in enumerate(items)],
        "fallbackResourceIds": [sources.workspace],
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }
    return json.dumps(document, indent=1, sort_keys=True)


COUNTS = """AutoscaleEvaluationsLog
| where isnotnull(CurrentInstanceCount)
| summarize instances = max(CurrentInstanceCount) by bin(TimeGenerated, 1m)"""

ACTIONS = """AutoscaleScaleActionsLog
| project TimeGenerated, ScaleDirection, CurrentInstanceCount, NewInstanceCount, ResultType, ScaleActionMessage
| order by TimeGenerated desc"""

REQUESTS = """AppRequests
| extend outcome = strcat(substring(ResultCode, 0, 1), "xx")
| summarize sum(ItemCount) by outcome, bin(TimeGenerated, 1m)"""

LATENCY = """AppRequests
| where Name != "Stress"
| summarize p50 = percentile(DurationMs, 50), p95 = percentile(DurationMs, 95), p99 = percentile(DurationMs, 99)
    by bin(TimeGenerated, 1m)"""

SPREAD = """AppRequests
| summarize sum(ItemCount) by AppRoleInstance, bin(TimeGenerated, 1m)"""


def _evaluations(profile: rules.Profile) -> str:
    lines = ", ".join(f"['{name}'] = {threshold:.1f}" for name, threshold in _thresholds(profile))
    return f"""AutoscaleEvaluationsLog
| where OperationName == "ScaleRuleEvaluation"
| summarize seen = max(ObservedValue) by bin(TimeGenerated, 1m)
| extend {lines}"""


def _thresholds(profile: rules.Profile) -> list[tuple[str, float]]:
    """Each threshold once, with a readable name."""
    words = {monitor.ScaleDirection.INCREASE: "scale out at", monitor.ScaleDirection.DECREASE: "scale in at"}
    named = {(f"{words[rule.direction]} {rule.threshold:g}%", rule.threshold) for rule in profile.rules}
    return sorted(named, key=lambda line: line[1])


def _heading(profile: rules.Profile, by_azure: bool) -> str:
    text = "# Elastic Visits\n\n"
    text += f"{profile.minimum} to {profile.maximum} instances, by these rules (`{profile.name}`):\n\n"
    for rule in profile.rules:
        sign = "+" if rule.direction is monitor.ScaleDirection.INCREASE else "-"
        text += (
            f"- {rule.statistic.value.lower()} CPU {SIGNS[rule.operator]} {rule.threshold:g}% over {rule.time_window}: "
            f"{sign}{rule.value}, then {rule.cooldown} of cooldown\n"
        )
    if by_azure:
        return text + "\nThe rules get the CPU of a minute three to four minutes later."
    return text + "\nThe app applies these rules itself, once a minute. Its dashboard shows each evaluation."


def _text(markdown: str) -> Item:
    return {"type": 1, "content": {"json": markdown}}


def _time_range() -> Item:
    choices = [HOUR_MS // 2, HOUR_MS, 4 * HOUR_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS]
    return {
        "type": 9,
        "content": {
            "version": "KqlParameterItem/1.0",
            "style": "pills",
            "parameters": [
                {
                    "version": "KqlParameterItem/1.0",
                    "name": RANGE,
                    "label": "Time range",
                    "type": 4,
                    "isRequired": True,
                    "value": {"durationMs": HOUR_MS},
                    "typeSettings": {"allowCustom": True, "selectableValues": [{"durationMs": ms} for ms in choices]},
                }
            ],
        },
    }


def _metric(title: str, kind: str, resource: str, metric: str, aggregation: int, split: str | None = None) -> Item:
    shown: dict[str, object] = {"namespace": kind, "metric": f"{kind}--{metric}", "aggregation": aggregation}
    if split:
        shown["splitBy"] = split
    return {
        "type": 10,
        "content": {
            "version": "MetricsItem/2.0",
            "title": title,
            "chartType": 2,
            "metricScope": 0,
            "resourceType": kind,
            "resourceIds": [resource],
            "timeContextFromParameter": RANGE,
            "metrics": [shown],
        },
        "customWidth": "50",
    }


def _query(title: str, sources: Sources, query: str, visualization: str) -> Item:
    return {
        "type": 3,
        "content": {
            "version": "KqlItem/1.0",
            "title": title,
            "query": query,
            "queryType": 0,
            "resourceType": "microsoft.operationalinsights/workspaces",
            "crossComponentResources": [sources.workspace],
            "timeContextFromParameter": RANGE,
            "visualization": visualization,
        },
        "customWidth": "50",
    }
