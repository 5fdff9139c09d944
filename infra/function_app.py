"""The function app: the handler behind the Functions host, without passwords or keys in its settings."""

from __future__ import annotations

import pulumi
import rules
from access import Access
from database import DATABASE, Database
from group import Group
from identity import Identities
from network import Network
from observability import Observability
from pulumi_azure_native import web
from settings import Plan
from storage import Storage

HEALTH_CHECK = "/health/live"


def create(
    group: Group,
    plan: web.AppServicePlan,
    network: Network,
    identities: Identities,
    database: Database,
    storage: Storage,
    observability: Observability,
    access: Access,
) -> web.WebApp:
    """Creates the app, and disables password logins for deployment."""
    app = web.WebApp(
        "app",
        resource_group_name=group.name,
        location=group.location,
        name=_name(group),
        kind="functionapp,linux",
        reserved=True,
        server_farm_id=plan.id,
        https_only=True,
        public_network_access="Enabled",
        # Any instance can serve any request. A cookie would bind a visitor to one instance and distribute the load unevenly.
        client_affinity_enabled=False,
        virtual_network_subnet_id=network.app_subnet.id,
        # Traffic to the database's private address goes through the network in any case. Traffic to Entra, Storage, and telemetry uses
        # App Service's own outbound addresses, which are free. Through the network, it would require a NAT gateway.
        outbound_vnet_routing=web.OutboundVnetRoutingArgs(all_traffic=False, application_traffic=False),
        identity=web.ManagedServiceIdentityArgs(
            type=web.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[identities.app.id]
        ),
        site_config=_site_config(group, identities, database, storage, observability),
        tags=group.tags,
        # The app starts as soon as it is created, and then needs its roles and its database.
        opts=pulumi.ResourceOptions(depends_on=[*access.app, database.administrator]),
    )
    # Deployment uses the Entra login. The passwords of the publishing profile are disabled.
    scm = web.WebAppScmAllowed(
        "app-scm-passwords", resource_group_name=group.name, name=app.name, allow=False
    )
    web.WebAppFtpAllowed(
        "app-ftp-passwords",
        resource_group_name=group.name,
        name=app.name,
        allow=False,
        # Both belong to the same app, so they are changed one at a time.
        opts=pulumi.ResourceOptions(depends_on=[scm]),
    )
    return app


def _site_config(
    group: Group,
    identities: Identities,
    database: Database,
    storage: Storage,
    observability: Observability,
) -> web.SiteConfigArgs:
    settings = _app_settings(group, identities, database, storage, observability)
    # Only here, and not in a WebAppApplicationSettings as well, because each would undo the other's changes.
    common = [web.NameValuePairArgs(name=name, value=value) for name, value in sorted(settings.items())]
    return web.SiteConfigArgs(
        app_settings=common,
        # For the platform, "custom" means no language stack. The SDK's default is a .NET stack.
        linux_fx_version="",
        use32_bit_worker_process=False,
        # A dedicated plan would unload an idle host, and its timers would stop. On Elastic Premium this must not be set.
        always_on=None if group.settings.plan is Plan.ELASTIC_PREMIUM else True,
        # This path does not use the database, so a slow database does not remove every instance from the load balancer.
        health_check_path=HEALTH_CHECK,
        http20_enabled=True,
        min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
        scm_min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
        ftps_state=web.FtpsState.DISABLED,
        remote_debugging_enabled=False,
    )


def _app_settings(
    group: Group,
    identities: Identities,
    database: Database,
    storage: Storage,
    observability: Observability,
) -> dict[str, pulumi.Input[str]]:
    client_id = identities.app.client_id
    settings: dict[str, pulumi.Input[str]] = {
        "FUNCTIONS_EXTENSION_VERSION": "~4",
        "FUNCTIONS_WORKER_RUNTIME": "custom",
        # The host's own storage, accessed with the app's identity.
        "AzureWebJobsStorage__accountName": storage.host.name,
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": client_id,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": observability.insights.connection_string,
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": pulumi.Output.concat("ClientId=", client_id, ";Authorization=AAD"),
        # The package is complete, so there is nothing to build.
        "SCM_DO_BUILD_DURING_DEPLOYMENT": "false",
        "ENABLE_ORYX_BUILD": "false",
        "DATABASE_AUTH": "entra",
        "DATABASE_POOL_MAX": str(rules.POOL_PER_INSTANCE),
        # The role step updates the schema, because the app's role may only read and write.
        "MIGRATE": "off",
        "PGHOST": database.host,
        "PGPORT": "5432",
        "PGDATABASE": DATABASE,
        "PGUSER": identities.app.name,
        "PGSSLMODE": "verify-full",
        # This is the app's only identity, but it must be named: otherwise the platform would use the system-assigned one, which does not exist.
        "AZURE_CLIENT_ID": client_id,
        "AUTOSCALE_PROFILE": group.settings.profile.text,
        "LOG_FORMAT": "json",
    }
    if group.settings.plan is Plan.ELASTIC_PREMIUM:
        # The function Autoscale needs these to set the app's own instance count; see scaling.py.
        settings["SCALER"] = Plan.ELASTIC_PREMIUM.value
        settings["SCALER_SITE_ID"] = site_id(group)
    elif not group.settings.package:
        # Zip deployment. It is recommended for a dedicated plan on Linux, but does not always work (Azure-Functions#2612). So
        # scripts/deploy checks that the functions exist, and otherwise sets `package`:
        # https://learn.microsoft.com/azure/azure-functions/run-functions-from-deployment-package
        settings["WEBSITE_RUN_FROM_PACKAGE"] = "1"
    if group.settings.package:
        # No content share, because that requires an account key. The package is read from its blob with the identity.
        settings["WEBSITE_RUN_FROM_PACKAGE"] = storage.packages.url(group.settings.package)
        settings["WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID"] = identities.app.id
    return settings


def site_id(group: Group) -> pulumi.Output[str]:
    """The app's ARM id, built from names, because the app's own settings contain it before the app exists."""
    return pulumi.Output.concat(
        f"/subscriptions/{group.settings.login.subscription_id}/resourceGroups/",
        group.name,
        f"/providers/Microsoft.Web/sites/{_name(group)}",
    )


def _name(group: Group) -> str:
    return group.names.worldwide("app")
