"""Who may do what: every role assignment of the stack, each as narrow as its work allows.

Azure takes some minutes to honour a new role, so the first start may log a 403 or two before it goes well.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from group import Group
from identity import Identities
from observability import Observability
from pulumi_azure_native import authorization
from settings import Plan
from storage import Storage

BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
TABLE_CONTRIBUTOR = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"


@dataclass(frozen=True)
class Access:
    """What the app must wait for before it starts."""

    app: list[pulumi.Resource]


def create(group: Group, identities: Identities, storage: Storage, observability: Observability) -> Access:
    """Makes the role assignments."""
    app = identities.app.principal_id
    service = authorization.PrincipalType.SERVICE_PRINCIPAL
    granted: list[pulumi.Resource] = [
        # The host keeps its keys, locks and timers in blobs, and makes the containers itself.
        _assign(group, "app-host-blobs", app, service, BLOB_OWNER, storage.host.id),
        # And its diagnostic events in a table.
        _assign(group, "app-host-tables", app, service, TABLE_CONTRIBUTOR, storage.host.id),
        _assign(group, "app-telemetry", app, service, METRICS_PUBLISHER, observability.insights.id),
    ]
    packages = storage.container.id
    if group.settings.plan is Plan.ELASTIC_PREMIUM:
        # The platform fetches the package as the app. On premium-v3 it is deployed by zip, so no role is needed.
        granted.append(_assign(group, "app-package", app, service, BLOB_READER, packages))
    # The role step fetches the handler.
    provisioner = identities.provisioner.principal_id
    _assign(group, "provisioner-package", provisioner, service, BLOB_READER, packages)
    # Keys are off, so whoever deploys needs a role to upload.
    login = group.settings.login
    kind = authorization.PrincipalType.USER if login.is_person else service
    _assign(group, "deployer-package", login.object_id, kind, BLOB_CONTRIBUTOR, packages)
    return Access(granted)


def _assign(
    group: Group,
    name: str,
    principal: pulumi.Input[str],
    kind: authorization.PrincipalType,
    role: str,
    scope: pulumi.Input[str],
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
    )
