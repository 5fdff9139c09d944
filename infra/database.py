"""PostgreSQL: accessible only from within the network, and only by Entra identities.

The app's database is not created here but by the role step (`handler provision`), which runs as the administrator. It makes
the role `azure_pg_admin` the owner, so that all administrators, who are its members, may alter the schema.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from group import Group
from identity import Identities
from network import Network
from pulumi_azure_native import dbforpostgresql
from settings import HighAvailability, Maintenance

DATABASE = "elastic_visits"

_ALONE = dbforpostgresql.SkuArgs(name="Standard_B1ms", tier=dbforpostgresql.SkuTier.BURSTABLE)

# The burstable tier does not support a standby server:
# https://learn.microsoft.com/azure/reliability/reliability-azure-database-postgresql
_WITH_STANDBY = dbforpostgresql.SkuArgs(name="Standard_D2ds_v5", tier=dbforpostgresql.SkuTier.GENERAL_PURPOSE)

_MODES = {
    HighAvailability.OFF: dbforpostgresql.PostgreSqlFlexibleServerHighAvailabilityMode.DISABLED,
    HighAvailability.SAME_ZONE: dbforpostgresql.PostgreSqlFlexibleServerHighAvailabilityMode.SAME_ZONE,
    HighAvailability.ZONE_REDUNDANT: dbforpostgresql.PostgreSqlFlexibleServerHighAvailabilityMode.ZONE_REDUNDANT,
}


@dataclass(frozen=True)
class Database:
    """The server and its administrator."""

    server: dbforpostgresql.Server
    administrator: dbforpostgresql.AdministratorsMicrosoftEntra
    host: pulumi.Output[str]


def create(group: Group, network: Network, identities: Identities) -> Database:
    """Creates the server, then its administrator."""
    settings = group.settings
    tenant = settings.login.tenant_id
    standby = settings.high_availability is not HighAvailability.OFF
    server = dbforpostgresql.Server(
        "postgres",
        resource_group_name=group.name,
        location=group.location,
        server_name=group.names.worldwide("postgres"),
        version=dbforpostgresql.PostgresMajorVersion.POSTGRES_MAJOR_VERSION_16,
        sku=_WITH_STANDBY if standby else _ALONE,
        storage=dbforpostgresql.StorageArgs(storage_size_gb=32, auto_grow=dbforpostgresql.StorageAutoGrow.ENABLED),
        network=dbforpostgresql.NetworkArgs(
            delegated_subnet_resource_id=network.database_subnet.id,
            private_dns_zone_arm_resource_id=network.zone.id,
            public_network_access=dbforpostgresql.ServerPublicNetworkAccessState.DISABLED,
        ),
        auth_config=dbforpostgresql.AuthConfigArgs(
            active_directory_auth=dbforpostgresql.MicrosoftEntraAuth.ENABLED,
            password_auth=dbforpostgresql.PasswordBasedAuth.DISABLED,
            tenant_id=tenant,
        ),
        backup=dbforpostgresql.BackupArgs(
            backup_retention_days=7, geo_redundant_backup=dbforpostgresql.GeographicallyRedundantBackup.DISABLED
        ),
        high_availability=dbforpostgresql.HighAvailabilityArgs(mode=_MODES[settings.high_availability]),
        maintenance_window=_maintenance_window(settings.maintenance),
        tags=group.tags,
        opts=pulumi.ResourceOptions(
            # Azure no longer checks that the zone is linked. Without the link, the server's name would not resolve.
            depends_on=[network.link],
            # Removed with `pulumi state unprotect`; see protection.py.
            protect=True,
            # A disk cannot be made smaller after it has grown, and Azure chose the zone.
            ignore_changes=["storage.storageSizeGB", "availabilityZone"],
        ),
    )
    # One change to the server at a time: each later change must wait for the previous one. While the server restarts to enable
    # Entra, Azure may return AadAuthOperationCannotBePerformedWhenServerIsNotAccessible. Running `pulumi up` again continues.
    administrator = dbforpostgresql.AdministratorsMicrosoftEntra(
        "postgres-administrator",
        resource_group_name=group.name,
        server_name=server.name,
        object_id=identities.provisioner.principal_id,
        principal_name=identities.provisioner.name,
        # A string, because the SDK's `PrincipalType` has the values of another API ("servicePrincipal").
        principal_type="ServicePrincipal",
        tenant_id=tenant,
        opts=pulumi.ResourceOptions(depends_on=[server]),
    )
    return Database(server, administrator, server.fully_qualified_domain_name)


def _maintenance_window(chosen: Maintenance | None) -> dbforpostgresql.MaintenanceWindowArgs | None:
    if chosen is None:
        return None
    return dbforpostgresql.MaintenanceWindowArgs(
        custom_window="Enabled", day_of_week=chosen.day_of_week, start_hour=chosen.hour, start_minute=chosen.minute
    )
