"""Two storage accounts without keys: one for the Functions host, one for packages.

They are separate because of their write permissions. The host needs broad permissions in its own account. If the packages were
there too, an attacker in the app could replace the handler, and the role step would run the replacement as the database's
administrator. For the same reason, the host of the role step stores its own blobs in the account for packages.

The host's account accepts only the app's subnet, which uses a service endpoint. Both plans
support that: https://learn.microsoft.com/azure/azure-functions/configure-networking-how-to
The account for packages accepts calls from every network: deployers upload to it, and no document says that the platform
fetches a package through the app's subnet. Both accounts require a role, and nothing is public.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from group import Group
from network import Network
from pulumi_azure_native import storage

PACKAGES = "packages"


@dataclass(frozen=True)
class Packages:
    """The location of packages."""

    account: storage.StorageAccount
    container: storage.BlobContainer

    def url(self, blob: str) -> pulumi.Output[str]:
        """The address of a package, for identities with a role on it."""
        return pulumi.Output.concat(
            "https://", self.account.name, ".blob.core.windows.net/", self.container.name, "/", blob
        )


@dataclass(frozen=True)
class Storage:
    """The accounts."""

    host: storage.StorageAccount
    packages: Packages


def create(group: Group, network: Network) -> Storage:
    """Creates the account of the host, and the account and the container for packages."""
    allowed = [storage.VirtualNetworkRuleArgs(virtual_network_resource_id=network.app_subnet.id)]
    # The rules exist in both cases, so that enabling the firewall later blocks nobody.
    restricted = storage.DefaultAction.DENY if group.settings.storage_firewall else storage.DefaultAction.ALLOW
    host = _account(group, "host", _rules(restricted, allowed))
    account = _account(group, "pkg", _rules(storage.DefaultAction.ALLOW, []))
    container = storage.BlobContainer(
        "packages-container",
        resource_group_name=group.name,
        account_name=account.name,
        container_name=PACKAGES,
        public_access=storage.PublicAccess.NONE,
    )
    return Storage(host, Packages(account, container))


def _rules(default: storage.DefaultAction, allowed: list[storage.VirtualNetworkRuleArgs]) -> storage.NetworkRuleSetArgs:
    # Azure's own services read the account's metrics and logs.
    return storage.NetworkRuleSetArgs(
        default_action=default, bypass=storage.Bypass.AZURE_SERVICES, virtual_network_rules=allowed
    )


def _account(group: Group, what: str, rules: storage.NetworkRuleSetArgs) -> storage.StorageAccount:
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
        network_rule_set=rules,
        tags=group.tags,
    )
