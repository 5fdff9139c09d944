"""The two identities. Both are user-assigned, so they and their database roles are kept when the app is deleted.

A system-assigned identity would be replaced together with the app. PostgreSQL identifies it by its object id, and would refuse
the new one.
"""

from __future__ import annotations

from dataclasses import dataclass

from group import Group
from pulumi_azure_native import managedidentity


@dataclass(frozen=True)
class Identities:
    """The identities of the app and of the role step."""

    app: managedidentity.UserAssignedIdentity
    """The function app's identity. It is never an administrator of the database."""

    provisioner: managedidentity.UserAssignedIdentity
    """The database's administrator. Only the site of the role step uses it, which exists for some minutes."""


def create(group: Group) -> Identities:
    """Creates both."""
    return Identities(_identity(group, "app"), _identity(group, "provisioner"))


def _identity(group: Group, name: str) -> managedidentity.UserAssignedIdentity:
    return managedidentity.UserAssignedIdentity(
        f"{name}-identity",
        resource_group_name=group.name,
        location=group.location,
        resource_name_=group.names.of(name),
        tags=group.tags,
    )
