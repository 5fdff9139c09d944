"""Checks the permissions of the deploying identity.

The response of Azure's permissions API lists every role's actions. An action is allowed if one role includes it and does not
exclude it (learn.microsoft.com/azure/role-based-access-control/role-definitions#actions-format).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

# `Contributor` has these and all other actions that the stack needs.
RESOURCES = (
    "Microsoft.Resources/subscriptions/resourceGroups/write",
    "Microsoft.Resources/deployments/write",
    "Microsoft.Network/virtualNetworks/write",
    "Microsoft.Network/virtualNetworks/subnets/join/action",
    "Microsoft.Network/privateDnsZones/write",
    "Microsoft.DBforPostgreSQL/flexibleServers/write",
    "Microsoft.DBforPostgreSQL/flexibleServers/administrators/write",
    "Microsoft.Storage/storageAccounts/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    "Microsoft.Web/serverfarms/write",
    "Microsoft.Web/sites/write",
    "Microsoft.Insights/autoscalesettings/write",
    "Microsoft.OperationalInsights/workspaces/write",
)
ASSIGNMENTS = ("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete")
LOCKS = ("Microsoft.Authorization/locks/write",)
ROLES = ("Microsoft.Authorization/roleDefinitions/write",)

Permission = dict[str, Any]


def allowed(permissions: list[Permission], action: str) -> bool:
    """Whether one of the roles allows the action. Case does not matter."""

    def fits(patterns: list[str]) -> bool:
        # A `*` matches any text, including slashes.
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    return any(fits(one.get("actions") or []) and not fits(one.get("notActions") or []) for one in permissions)


def lacking(
    permissions: list[Permission], *, lock: bool, role: bool
) -> list[tuple[str, list[str], list[str]]]:
    """The missing permissions: a description of each, the roles that include it, and alternatives.

    Args:
        lock: whether the deployment creates a lock on the database server.
        role: whether the deployment creates a custom role.
    """
    # https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources#who-can-create-or-delete-locks
    # https://learn.microsoft.com/azure/role-based-access-control/custom-roles#who-can-create-delete-update-or-view-a-custom-role
    needs: list[tuple[str, tuple[str, ...], list[str], list[str]]] = [
        ("create resources", RESOURCES, ["Contributor"], []),
        ("assign roles", ASSIGNMENTS, ["Role Based Access Control Administrator"], []),
    ]
    if lock:
        way = "Or deploy without the lock: pulumi config set protect false --cwd infra"
        needs.append(("create a lock on the database server", LOCKS, ["User Access Administrator"], [way]))
    if role:
        way = "Or use a built-in role, which allows more: pulumi config set scaler-role built-in --cwd infra"
        needs.append(("create a custom role for the app's scaling", ROLES, ["User Access Administrator"], [way]))
    found: list[tuple[str, list[str], list[str]]] = []
    for what, actions, roles, ways in needs:
        refused = [action for action in actions if not allowed(permissions, action)]
        if refused:
            found.append((f"{what} (missing: {', '.join(refused)})", roles, ways))
    return found
