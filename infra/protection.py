"""Protects the database from accidental deletion.

There are two protections, because there are two ways to delete it: the lock stops the portal and `az`, and `protect` in
database.py stops Pulumi. To delete the database intentionally:

    az lock delete --name <lock_name> --resource <postgres_server> --resource-group <resource_group> \\
        --resource-type Microsoft.DBforPostgreSQL/flexibleServers
    pulumi state unprotect --all --yes

The lock does not prevent stopping, starting, or changing the server.
"""

from __future__ import annotations

import pulumi
from database import Database
from group import Group
from pulumi_azure_native import authorization


def create(group: Group, database: Database) -> str:
    """Locks the server. Returns the lock's name, or an empty string if the setting `protect` is false.

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
        notes="Contains the visits. scripts/destroy removes this lock.",
        # The last change of the server.
        opts=pulumi.ResourceOptions(depends_on=[database.administrator]),
    )
    return name
