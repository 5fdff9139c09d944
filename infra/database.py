"""PostgreSQL: reached only from within the network, and by Entra identities only.

The app's database is not created here but by the role step (`handler provision`), which runs as the administrator. It
gives the database to the role `azure_pg_admin`, whose members, the administrators, may then alter its schema.
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

# The burstable tier takes no standby server:
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
    """Makes the server, then its administrator."""
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
            # Azure no longer checks that the zone is linked, and the server would be there but not found.
            depends_on=[network.link],
            # Lifted with `pulumi state unprotect`; see protection.py.
            protect=True,
            # A disk that has grown cannot be made smaller, and the zone was chosen by Azure.
            ignore_changes=["storage.storageSizeGB", "availabilityZone"],
        ),
    )
    # One change to the server at a time: whatever is added here later must wait for the one before it. Azure has been
    # seen to answer AadAuthOperationCannotBePerformedWhenServerIsNotAccessible while the server restarts to enable
    # Entra; running `pulumi up` again goes on from there.
    administrator = dbforpostgresql.AdministratorsMicrosoftEntra(
        "postgres-administrator",
        resource_group_name=group.name,
        server_name=server.name,
        object_id=identities.provisioner.principal_id,
        principal_name=identities.provisioner.name,
        # As text: the SDK's `PrincipalType` has the values of another API ("servicePrincipal").
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
