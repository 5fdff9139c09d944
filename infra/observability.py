"""Logs, with a daily cap so that a loop of errors cannot become a bill, and no key to write them.

The autoscale logs say for every evaluation what was measured and why nothing or something was done.
"""

from __future__ import annotations

from dataclasses import dataclass

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


def watch_autoscale(group: Group, observability: Observability, setting: monitor.AutoscaleSetting) -> None:
    """Keeps the autoscale setting's evaluations, actions and metrics."""
    monitor.DiagnosticSetting(
        "autoscale-logs",
        name=group.names.of("autoscale-logs"),
        resource_uri=setting.id,
        workspace_id=observability.workspace.id,
        logs=[
            monitor.DiagnosticsLogSettingsArgs(category="AutoscaleEvaluations", enabled=True),
            monitor.DiagnosticsLogSettingsArgs(category="AutoscaleScaleActions", enabled=True),
        ],
        metrics=[monitor.DiagnosticsMetricSettingsArgs(category="AllMetrics", enabled=True)],
    )
