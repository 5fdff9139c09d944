"""Logs, with a daily cap so that a loop of errors cannot become a bill, and no key to write them.

The autoscale logs say for every evaluation what was measured and why nothing or something was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from group import Group
from pulumi_azure_native import applicationinsights, monitor, operationalinsights

# A month's free allowance is 5 GB; this is the most that a bad day may add.
DAILY_CAP_GB = 0.5
RETENTION_DAYS = 30


@dataclass(frozen=True)
class Observability:
    """Where logs go."""

    workspace: operationalinsights.Workspace
    insights: applicationinsights.Component


def create(group: Group) -> Observability:
    """Makes the workspace and the Application Insights component over it."""
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
        # Telemetry is taken from identities with the role Monitoring Metrics Publisher, not from whoever knows the
        # connection string, which is therefore no secret.
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
    """Sends a resource's logs, and its metrics if asked, to the workspace.

    The categories are listed by name rather than as the group "allLogs", because that group of a site has a line for every
    request, which would use up the daily cap during a load test. Metrics stay with Azure Monitor for 93 days in any case.
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
