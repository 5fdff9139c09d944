"""What the scripts and a reader need to know of the stack. All of it is text, and none of it is secret."""

from __future__ import annotations

import pulumi
from database import DATABASE, Database
from group import Group
from identity import Identities
from network import Network
from observability import Observability
from pulumi_azure_native import applicationinsights, web
from scaling import Scaling
from storage import Storage


def export(
    group: Group,
    network: Network,
    identities: Identities,
    database: Database,
    storage: Storage,
    observability: Observability,
    plan: web.AppServicePlan,
    app: web.WebApp,
    scaling: Scaling,
    workbook: applicationinsights.Workbook,
    lock_name: str,
) -> None:
    """Exports the outputs."""
    settings = group.settings
    portal = f"https://portal.azure.com/#@{settings.login.tenant_id}/resource"
    outputs: dict[str, pulumi.Input[str]] = {
        "url": pulumi.Output.concat("https://", app.default_host_name),
        "resource_group": group.name,
        "location": settings.location,
        "plan": settings.plan.value,
        "plan_name": plan.name,
        "function_app": app.name,
        "app_identity_name": identities.app.name,
        "app_identity_object_id": identities.app.principal_id,
        "provisioner_identity_id": identities.provisioner.id,
        "provisioner_client_id": identities.provisioner.client_id,
        "provisioner_name": identities.provisioner.name,
        "postgres_server": database.server.name,
        "postgres_host": database.host,
        "database": DATABASE,
        "storage_account": storage.packages.account.name if storage.packages else "",
        "package_container": storage.packages.container.name if storage.packages else "",
        "workspace_id": observability.workspace.customer_id,
        "provision_subnet_id": network.provision_subnet.id,
        "autoscale_setting": scaling.setting.name if scaling.setting else "",
        "autoscale_note": scaling.note,
        "lock_name": lock_name,
        "watch_command": "./scripts/watch",
        "portal_url": pulumi.Output.concat(portal, group.resource.id, "/overview"),
        "workbook_url": pulumi.Output.concat(portal, workbook.id, "/workbook"),
    }
    for name, value in outputs.items():
        pulumi.export(name, value)
