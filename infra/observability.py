"""Logs, with a daily cap that limits the cost of an error loop, and without keys.

For every evaluation, the autoscale logs contain what was measured and why the count changed or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from group import Group
from pulumi_azure_native import applicationinsights, monitor, operationalinsights

# 5 GB per month are free. This is the most that one day may add.
DAILY_CAP_GB = 0.5
RETENTION_DAYS = 30


@dataclass(frozen=True)
class Observability:
    """The destinations of logs."""

    workspace: operationalinsights.Workspace
    insights: applicationinsights.Component


def create(group: Group) -> Observability:
    """Creates the workspace, and the Application Insights component that uses it."""
    workspace = operationalinsights.Workspace(
        "logs",
        resource_group_name=group.name,
        location=group.location,
        workspace_name=group.names.of("logs"),
        sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
        retention_in_days=RETENTION_DAYS,
        workspace_capping=operationalinsights.WorkspaceCappingArgs(daily_quota_gb=DAILY_CAP_GB),
        features=operationalinsights.WorkspaceFeaturesArgs(
            disable_local_auth=True, enable_log_access_using_only_resource_permissions=True
        ),
        tags=group.tags,
    )
    insights = applicationinsights.Component(
        "insights",
        resource_group_name=group.name,
        location=group.location,
        resource_name_=group.names.of("insights"),
        application_type=applicationinsights.ApplicationType.WEB,
        kind="web",
        ingestion_mode=applicationinsights.IngestionMode.LOG_ANALYTICS,
        workspace_resource_id=workspace.id,
        # Telemetry is accepted only from identities with the role Monitoring Metrics Publisher. Knowing the connection string is not
        # enough, so it is not a secret.
        disable_local_auth=True,
        tags=group.tags,
    )
    return Observability(workspace, insights)


def keep_logs(
    group: Group,
    observability: Observability,
    name: str,
    resource: pulumi.Input[str],
    categories: Sequence[str],
    *,
    metrics: bool = False,
) -> None:
    """Sends a resource's logs, and optionally its metrics, to the workspace.

    The categories are listed by name, because the group "allLogs" of a site has a line for every request, which would use up the
    daily cap during a load test. Azure Monitor keeps metrics for 93 days in any case.
    https://learn.microsoft.com/azure/azure-monitor/reference/logs-index lists the categories of each resource type.
    """
    monitor.DiagnosticSetting(
        f"{name}-logs",
        name=group.names.of(f"{name}-logs"),
        resource_uri=resource,
        workspace_id=observability.workspace.id,
        logs=[monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in categories],
        metrics=[monitor.DiagnosticsMetricSettingsArgs(category="AllMetrics", enabled=True)] if metrics else None,
    )
