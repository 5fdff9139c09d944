"""The virtual network: one subnet each for the apps and the database, and the rules for their traffic.

Subnets are separate resources, and not listed inside the network as well, because each form would undo the other. They are
created one after the other, because Azure allows one change of a network at a time ("AnotherOperationInProgress").
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from group import Group
from pulumi_azure_native import network, privatedns

NETWORK = "10.0.0.0/16"

# An instance uses one address, and two while the plan changes its size. The site of the role step needs no additional ones,
# because the addresses belong to the plan: learn.microsoft.com/azure/app-service/overview-vnet-integration. The subnet cannot
# be enlarged later.
APP = "10.0.0.0/26"

# The smallest subnet that PostgreSQL accepts.
DATABASE = "10.0.1.0/28"

POSTGRES = "5432"
HTTPS = "443"


@dataclass(frozen=True)
class Network:
    """The parts that other modules use."""

    app_subnet: network.Subnet
    database_subnet: network.Subnet
    zone: privatedns.PrivateZone
    link: privatedns.VirtualNetworkLink


def create(group: Group) -> Network:
    """Creates the network, its subnets with their rules, and the private DNS zone."""
    vnet = network.VirtualNetwork(
        "vnet",
        resource_group_name=group.name,
        location=group.location,
        virtual_network_name=group.names.of("vnet"),
        address_space=network.AddressSpaceArgs(address_prefixes=[NETWORK]),
        tags=group.tags,
        # Azure returns the subnets here too. Without this, a later run would see them as a change.
        opts=pulumi.ResourceOptions(ignore_changes=["subnets"]),
    )
    # Only traffic to the database and, through the service endpoint, to storage uses this subnet. All other traffic uses App
    # Service's own outbound addresses, so the subnet needs no access to the internet.
    app = _subnet(
        group, vnet, "app", APP, "Microsoft.Web/serverFarms", _app_rules(), outbound=False, after=None
    )
    # From this subnet, the server checks Entra tokens and writes its backups.
    database = _subnet(
        group,
        vnet,
        "database",
        DATABASE,
        "Microsoft.DBforPostgreSQL/flexibleServers",
        _database_rules(),
        outbound=True,
        after=app,
    )
    # The name must have this ending, and must not be the server's own full name.
    zone = privatedns.PrivateZone(
        "zone",
        resource_group_name=group.name,
        private_zone_name=f"{group.names.prefix}.private.postgres.database.azure.com",
        location="global",
        tags=group.tags,
    )
    link = privatedns.VirtualNetworkLink(
        "zone-link",
        resource_group_name=group.name,
        private_zone_name=zone.name,
        virtual_network_link_name=group.names.of("link"),
        location="global",
        registration_enabled=False,
        virtual_network=privatedns.SubResourceArgs(id=vnet.id),
        tags=group.tags,
    )
    return Network(app, database, zone, link)


def _subnet(
    group: Group,
    vnet: network.VirtualNetwork,
    name: str,
    prefix: str,
    delegation: str,
    rules: list[network.SecurityRuleArgs],
    *,
    outbound: bool,
    after: network.Subnet | None,
) -> network.Subnet:
    security = network.NetworkSecurityGroup(
        f"{name}-nsg",
        resource_group_name=group.name,
        location=group.location,
        network_security_group_name=group.names.of(f"{name}-nsg"),
        security_rules=rules,
        tags=group.tags,
    )
    return network.Subnet(
        f"{name}-subnet",
        resource_group_name=group.name,
        virtual_network_name=vnet.name,
        subnet_name=name,
        address_prefix=prefix,
        default_outbound_access=outbound,
        delegations=[network.DelegationArgs(name=name, service_name=delegation)],
        # For the app: its storage account accepts only this subnet. For the database: backups stay on Azure's own network. The service
        # would add the endpoint itself, and a later run would remove it.
        service_endpoints=(
            [network.ServiceEndpointPropertiesFormatArgs(service="Microsoft.Storage")]
            if name in ("app", "database")
            else None
        ),
        network_security_group=network.NetworkSecurityGroupArgs(id=security.id),
        opts=pulumi.ResourceOptions(depends_on=[after] if after else None),
    )


def _app_rules() -> list[network.SecurityRuleArgs]:
    return [
        _rule("to-database", 100, "Outbound", "Allow", APP, DATABASE, POSTGRES),
        _rule("to-storage", 110, "Outbound", "Allow", APP, "Storage", HTTPS),
        _rule("nothing-else-out", 4096, "Outbound", "Deny", "*", "*", "*"),
        _rule("nothing-in", 4096, "Inbound", "Deny", "*", "*", "*"),
    ]


def _database_rules() -> list[network.SecurityRuleArgs]:
    """The rules that PostgreSQL needs. Without access to Entra, nobody can log in."""
    return [
        _rule("from-app", 100, "Inbound", "Allow", APP, DATABASE, POSTGRES),
        _rule("within-in", 120, "Inbound", "Allow", DATABASE, DATABASE, POSTGRES),
        _rule("nobody-else-in", 4096, "Inbound", "Deny", "VirtualNetwork", "*", "*"),
        _rule("within-out", 100, "Outbound", "Allow", DATABASE, DATABASE, POSTGRES),
        _rule("to-entra", 110, "Outbound", "Allow", DATABASE, "AzureActiveDirectory", HTTPS),
        _rule("to-storage", 120, "Outbound", "Allow", DATABASE, "Storage", HTTPS),
    ]


def _rule(
    name: str, priority: int, direction: str, access: str, source: str, destination: str, port: str
) -> network.SecurityRuleArgs:
    return network.SecurityRuleArgs(
        name=name,
        priority=priority,
        direction=network.SecurityRuleDirection(direction),
        access=network.SecurityRuleAccess(access),
        protocol=network.SecurityRuleProtocol.ASTERISK if port == "*" else network.SecurityRuleProtocol.TCP,
        source_address_prefix=source,
        source_port_range="*",
        destination_address_prefix=destination,
        destination_port_range=port,
    )
