"""The two identities. Both are made by the user, so to speak: they outlive the app, and with them their database roles.

A system-assigned one would be made anew with the app, and PostgreSQL, which knows it by its object id, would no longer
let it in.
"""

from __future__ import annotations

from dataclasses import dataclass

from group import Group
from pulumi_azure_native import managedidentity


@dataclass(frozen=True)
class Identities:
    """Who the app is, and who sets the database up."""

    app: managedidentity.UserAssignedIdentity
    """The function app's. Never an administrator of the database."""

    provisioner: managedidentity.UserAssignedIdentity
    """The database's administrator, attached only to the site of the role step, which lives for minutes."""


def create(group: Group) -> Identities:
    """Makes both."""
    return Identities(_identity(group, "app"), _identity(group, "provisioner"))


def _identity(group: Group, name: str) -> managedidentity.UserAssignedIdentity:
    return managedidentity.UserAssignedIdentity(
        f"{name}-identity",
        resource_group_name=group.name,
        location=group.location,
        resource_name_=group.names.of(name),
        tags=group.tags,
    )
