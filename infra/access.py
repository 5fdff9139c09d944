"""Permissions: every role assignment of the stack, each as narrow as possible.

Azure applies a new role assignment only after some minutes, so the first start may log some 403 errors before it succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from group import Group
from identity import Identities
from observability import Observability
from pulumi_azure_native import authorization, web
from settings import ScalerRole
from storage import Storage

BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
TABLE_CONTRIBUTOR = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
WEBSITE_CONTRIBUTOR = "de139f84-1756-47ae-9be6-808fbbe84772"

# Reading and changing a site's configuration. `config/write` includes the app settings; docs/concepts/security.md describes the consequences.
SCALER_ACTIONS = ["Microsoft.Web/sites/read", "Microsoft.Web/sites/config/read", "Microsoft.Web/sites/config/write"]


@dataclass(frozen=True)
class Access:
    """The role assignments that must exist before the app starts."""

    app: list[pulumi.Resource]


def create(group: Group, identities: Identities, storage: Storage, observability: Observability) -> Access:
    """Creates the role assignments."""
    app = identities.app.principal_id
    service = authorization.PrincipalType.SERVICE_PRINCIPAL
    granted: list[pulumi.Resource] = [
        # The host stores its keys and locks (also those of timers) in blobs, and creates the containers itself:
        # https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
        _assign(group, "app-host-blobs", app, service, BLOB_OWNER, storage.host.id),
        # It stores its diagnostic events in a table.
        _assign(group, "app-host-tables", app, service, TABLE_CONTRIBUTOR, storage.host.id),
        _assign(group, "app-telemetry", app, service, METRICS_PUBLISHER, observability.insights.id),
    ]
    packages = storage.packages.container.id
    # The platform fetches the package as the app.
    granted.append(_assign(group, "app-package", app, service, BLOB_READER, packages))
    # The platform fetches the package of the role step as the provisioner. The host of the role step stores its blobs here too.
    provisioner = identities.provisioner.principal_id
    _assign(group, "provisioner-host-blobs", provisioner, service, BLOB_OWNER, storage.packages.account.id)
    # Keys are disabled, so the deployer needs a role to upload.
    login = group.settings.login
    kind = authorization.PrincipalType.USER if login.is_person else service
    _assign(group, "deployer-package", login.object_id, kind, BLOB_CONTRIBUTOR, packages)
    return Access(granted)


def create_scaler_role(group: Group) -> authorization.RoleDefinition | None:
    """Creates the role that lets the app set its own instance count, unless a built-in role is used.

    A paused stack keeps it, so that resuming the stack requires no permission to create roles.
    """
    if group.settings.scaler_role is ScalerRole.BUILT_IN:
        return None
    return authorization.RoleDefinition(
        "scaler-role",
        # A role can be defined for a resource group, but not for a single resource. It is assigned only at the site.
        scope=group.resource.id,
        assignable_scopes=[group.resource.id],
        role_definition_id=group.names.uuid("scaler-role"),
        # The name must be unique in the tenant.
        role_name=f"Elastic Visits scaler ({group.names.worldwide('app')})",
        role_type="CustomRole",
        description="Lets the app of an Elastic Visits stack set its own instance count.",
        permissions=[authorization.PermissionArgs(actions=SCALER_ACTIONS, not_actions=[])],
    )


def allow_scaling(
    group: Group, identities: Identities, app: web.WebApp, role: authorization.RoleDefinition | None
) -> None:
    """Lets the app set its own instance count: on Elastic Premium only, and at this one site.

    Until Azure applies the role, the app's calls are refused. It tries again every minute.
    """
    principal, service = identities.app.principal_id, authorization.PrincipalType.SERVICE_PRINCIPAL
    role_id = group.names.uuid("scaler-role") if role else WEBSITE_CONTRIBUTOR
    _assign(group, "app-scaler", principal, service, role_id, app.id, after=role)


def _assign(
    group: Group,
    name: str,
    principal: pulumi.Input[str],
    kind: authorization.PrincipalType,
    role: str,
    scope: pulumi.Input[str],
    *,
    after: pulumi.Resource | None = None,
) -> authorization.RoleAssignment:
    subscription = group.settings.login.subscription_id
    # The deployer is part of the name, so that another person's deployment creates another assignment. A change would be refused.
    who = principal if isinstance(principal, str) else ""
    return authorization.RoleAssignment(
        f"{name}-role",
        scope=scope,
        principal_id=principal,
        # The type is given, because Azure would otherwise look up the identity, which it cannot find right after its creation.
        principal_type=kind,
        role_definition_id=(
            f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        ),
        role_assignment_name=group.names.uuid(name, role, who),
        opts=pulumi.ResourceOptions(depends_on=[after] if after else None),
    )
