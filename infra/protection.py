"""What keeps the database from being deleted by mistake.

Two guards, since there are two ways: the lock stops the portal and `az`, `protect` in database.py stops Pulumi. To
delete it on purpose:

    az lock delete --name <lock_name> --resource <postgres_server> --resource-group <resource_group> \\
        --resource-type Microsoft.DBforPostgreSQL/flexibleServers
    pulumi state unprotect --all --yes

The lock hinders neither stopping nor starting the server, nor changing it.
"""

from __future__ import annotations

import pulumi
from database import Database
from group import Group
from pulumi_azure_native import authorization


def create(group: Group, database: Database) -> str:
    """Locks the server and answers the lock's name; an empty one where the setting `protect` is false.

    Only Owner, User Access Administrator and roles with Microsoft.Authorization/locks/* can create and delete a lock:
    https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources#who-can-create-or-delete-locks
    """
    if not group.settings.protect:
        return ""
    name = group.names.of("keep-database")
    authorization.ManagementLockByScope(
        "postgres-lock",
        scope=database.server.id,
        lock_name=name,
        level=authorization.LockLevel.CAN_NOT_DELETE,
        notes="Holds the visits. scripts/destroy lifts this lock.",
        # Last of what is done to the server.
        opts=pulumi.ResourceOptions(depends_on=[database.administrator]),
    )
    return name
