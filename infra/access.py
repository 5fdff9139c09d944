"""Who may do what: every role assignment of the stack, each as narrow as its work allows.

Azure takes some minutes to honour a new role, so the first start may log a 403 or two before it goes well.
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

# Reading and changing a site's configuration. `config/write` covers the app settings too; docs/concepts/security.md says what that means.
SCALER_ACTIONS = ["Microsoft.Web/sites/read", "Microsoft.Web/sites/config/read", "Microsoft.Web/sites/config/write"]


@dataclass(frozen=True)
class Access:
    """What the app must wait for before it starts."""

    app: list[pulumi.Resource]


def create(group: Group, identities: Identities, storage: Storage, observability: Observability) -> Access:
    """Makes the role assignments."""
    app = identities.app.principal_id
    service = authorization.PrincipalType.SERVICE_PRINCIPAL
    granted: list[pulumi.Resource] = [
        # The host keeps its keys and locks in blobs, a timer's lock among them, and creates the containers itself:
        # https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
        _assign(group, "app-host-blobs", app, service, BLOB_OWNER, storage.host.id),
        # And its diagnostic events in a table.
        _assign(group, "app-host-tables", app, service, TABLE_CONTRIBUTOR, storage.host.id),
        _assign(group, "app-telemetry", app, service, METRICS_PUBLISHER, observability.insights.id),
    ]
    packages = storage.packages.container.id
    # The platform fetches the package as the app.
    granted.append(_assign(group, "app-package", app, service, BLOB_READER, packages))
    # The platform fetches the package of the role step as the provisioner, whose host keeps its blobs in this account too.
    provisioner = identities.provisioner.principal_id
    _assign(group, "provisioner-host-blobs", provisioner, service, BLOB_OWNER, storage.packages.account.id)
    # Keys are off, so whoever deploys needs a role to upload.
    login = group.settings.login
    kind = authorization.PrincipalType.USER if login.is_person else service
    _assign(group, "deployer-package", login.object_id, kind, BLOB_CONTRIBUTOR, packages)
    return Access(granted)


def create_scaler_role(group: Group) -> authorization.RoleDefinition | None:
    """Creates the role that lets the app set its own instance count, unless a built-in role is used.

    A paused stack keeps it, so that whoever resumes the stack needs no permission to create roles.
    """
    if group.settings.scaler_role is ScalerRole.BUILT_IN:
        return None
    return authorization.RoleDefinition(
        "scaler-role",
        # A role may be defined for a resource group, not for a single resource. It is assigned at the site only.
        scope=group.resource.id,
        assignable_scopes=[group.resource.id],
        role_definition_id=group.names.uuid("scaler-role"),
        # Unique in the whole tenant.
        role_name=f"Elastic Visits scaler ({group.names.worldwide('app')})",
        role_type="CustomRole",
        description="Lets the app of an Elastic Visits stack set its own instance count.",
        permissions=[authorization.PermissionArgs(actions=SCALER_ACTIONS, not_actions=[])],
    )


def allow_scaling(
    group: Group, identities: Identities, app: web.WebApp, role: authorization.RoleDefinition | None
) -> None:
    """Lets the app set its own instance count: on Elastic Premium only, and at this one site.

    Until Azure honors the role, the app's calls are refused; it tries again every minute.
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
    # The deployer's is part of the name: another person's deployment is another assignment, not a forbidden change.
    who = principal if isinstance(principal, str) else ""
    return authorization.RoleAssignment(
        f"{name}-role",
        scope=scope,
        principal_id=principal,
        # Told, since Azure would look an identity up that it has only just made, and not find it.
        principal_type=kind,
        role_definition_id=(
            f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        ),
        role_assignment_name=group.names.uuid(name, role, who),
        opts=pulumi.ResourceOptions(depends_on=[after] if after else None),
    )
