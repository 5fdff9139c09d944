"""What the identity that deploys must be allowed to do, and whether it is.

The answer of Azure's permissions API lists every role's actions; an action is allowed when one role has it and does not
except it (learn.microsoft.com/azure/role-based-access-control/role-definitions#actions-format).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

# Beyond these, `Contributor` has every action that the stack needs.
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
        # A `*` stands for any text, slashes too.
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    return any(fits(one.get("actions") or []) and not fits(one.get("notActions") or []) for one in permissions)


def lacking(
    permissions: list[Permission], *, lock: bool, role: bool
) -> list[tuple[str, list[str], list[str]]]:
    """What is not allowed: a description, the roles that allow it, and other ways out.

    Args:
        lock: whether a lock is to be created on the database server.
        role: whether a custom role is to be created.
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
