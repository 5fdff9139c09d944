"""The stack's outputs for scripts and users. All of them are strings, and none is secret."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from database import DATABASE, Database
from group import Group
from identity import Identities
from network import Network
from observability import Observability
from pulumi_azure_native import applicationinsights, web
from scaling import Scaling
from storage import Storage


@dataclass(frozen=True)
class App:
    """The parts that a paused stack does not have."""

    plan: web.AppServicePlan
    site: web.WebApp
    scaling: Scaling
    workbook: applicationinsights.Workbook


def export(
    group: Group,
    network: Network,
    identities: Identities,
    database: Database,
    storage: Storage,
    observability: Observability,
    app: App | None,
    lock_name: str,
) -> None:
    """Exports the outputs. Those of a paused stack's app are empty."""
    settings = group.settings
    portal = f"https://portal.azure.com/#@{settings.login.tenant_id}/resource"
    outputs: dict[str, pulumi.Input[str]] = {
        "resource_group": group.name,
        "subscription_id": settings.login.subscription_id,
        "location": settings.location,
        "plan": settings.plan.value,
        "app_identity_name": identities.app.name,
        "app_identity_object_id": identities.app.principal_id,
        "provisioner_identity_id": identities.provisioner.id,
        "provisioner_client_id": identities.provisioner.client_id,
        "provisioner_name": identities.provisioner.name,
        "postgres_server": database.server.name,
        "postgres_host": database.host,
        "database": DATABASE,
        "storage_account": storage.packages.account.name,
        "package_container": storage.packages.container.name,
        "workspace_id": observability.workspace.customer_id,
        "workspace_name": observability.workspace.name,
        "app_subnet_id": network.app_subnet.id,
        "role_step_app": group.names.worldwide("role-step"),
        "lock_name": lock_name,
        "watch_command": "./scripts/watch",
        "portal_url": pulumi.Output.concat(portal, group.resource.id, "/overview"),
        "url": "",
        "plan_name": "",
        "plan_id": "",
        "function_app": "",
        "function_app_id": "",
        "autoscale_setting": "",
        "autoscale_note": "",
        "workbook_url": "",
    }
    if app:
        outputs |= {
            "url": pulumi.Output.concat("https://", app.site.default_host_name),
            "plan_name": app.plan.name,
            "plan_id": app.plan.id,
            "function_app": app.site.name,
            "function_app_id": app.site.id,
            "autoscale_setting": app.scaling.setting.name if app.scaling.setting else "",
            "autoscale_note": app.scaling.note,
            "workbook_url": pulumi.Output.concat(portal, app.workbook.id, "/workbook"),
        }
    for name, value in outputs.items():
        pulumi.export(name, value)
