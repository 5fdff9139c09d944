"""Two storage accounts without keys: one for the Functions host, one for packages.

They are two because of who may write. The host needs wide rights in its own account. If packages lay there too, a
broken-into app could put another program in the handler's place, and the role step would run that as the database's
administrator.

Both are reached over the internet, by those who have a role: the deployer uploads from anywhere. Nothing is public.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from group import Group
from pulumi_azure_native import storage

PACKAGES = "packages"


@dataclass(frozen=True)
class Storage:
    """The accounts and the container for packages."""

    host: storage.StorageAccount
    packages: storage.StorageAccount
    container: storage.BlobContainer


def create(group: Group) -> Storage:
    """Makes both accounts."""
    host = _account(group, "host")
    packages = _account(group, "pkg")
    container = storage.BlobContainer(
        "packages-container",
        resource_group_name=group.name,
        account_name=packages.name,
        container_name=PACKAGES,
        public_access=storage.PublicAccess.NONE,
    )
    return Storage(host, packages, container)


def package_url(packages: Storage, blob: str) -> pulumi.Output[str]:
    """Where a package is read from, by those who have a role there."""
    return pulumi.Output.concat(
        "https://", packages.packages.name, ".blob.core.windows.net/", packages.container.name, "/", blob
    )


def _account(group: Group, what: str) -> storage.StorageAccount:
    return storage.StorageAccount(
        f"{what}-storage",
        resource_group_name=group.name,
        location=group.location,
        account_name=group.names.storage(what),
        kind=storage.Kind.STORAGE_V2,
        sku=storage.SkuArgs(name=storage.SkuName.STANDARD_LRS),
        access_tier=storage.AccessTier.HOT,
        allow_shared_key_access=False,
        default_to_o_auth_authentication=True,
        allow_blob_public_access=False,
        allow_cross_tenant_replication=False,
        is_local_user_enabled=False,
        is_sftp_enabled=False,
        enable_https_traffic_only=True,
        minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
        public_network_access=storage.PublicNetworkAccess.ENABLED,
        network_rule_set=storage.NetworkRuleSetArgs(
            default_action=storage.DefaultAction.ALLOW, bypass=storage.Bypass.AZURE_SERVICES
        ),
        tags=group.tags,
    )
