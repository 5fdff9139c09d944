"""The function app: the handler behind the Functions host, with no password and no key in its settings."""

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
    """Makes the app and closes its side doors."""
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
        # Any instance answers for the fleet; a cookie would tie a visitor to one and skew the load.
        client_affinity_enabled=False,
        virtual_network_subnet_id=network.app_subnet.id,
        # The database's private address goes through the network anyhow. Entra, Storage and telemetry leave by App
        # Service's own way out, which costs nothing; routed through the network they would need a NAT gateway.
        outbound_vnet_routing=web.OutboundVnetRoutingArgs(all_traffic=False, application_traffic=False),
        identity=web.ManagedServiceIdentityArgs(
            type=web.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[identities.app.id]
        ),
        site_config=_site_config(group, identities, database, storage, observability),
        tags=group.tags,
        # The app starts as soon as it is there, and then needs its roles and its database.
        opts=pulumi.ResourceOptions(depends_on=[*access.app, database.administrator]),
    )
    # Deployment goes by Entra login; the passwords of the publishing profile open nothing.
    scm = web.WebAppScmAllowed(
        "app-scm-passwords", resource_group_name=group.name, name=app.name, allow=False
    )
    web.WebAppFtpAllowed(
        "app-ftp-passwords",
        resource_group_name=group.name,
        name=app.name,
        allow=False,
        # Both are parts of the same app, changed one at a time.
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
    # Only here, never in a WebAppApplicationSettings as well: the two would take turns to undo each other.
    common = [web.NameValuePairArgs(name=name, value=value) for name, value in sorted(settings.items())]
    return web.SiteConfigArgs(
        app_settings=common,
        # What "custom" means to the platform: no language stack. The SDK's own default names a .NET one.
        linux_fx_version="",
        use32_bit_worker_process=False,
        # A dedicated plan lets an idle host sleep, and then timers too. On Elastic Premium it must not be set.
        always_on=None if group.settings.plan is Plan.ELASTIC_PREMIUM else True,
        # Touches no database, so a slow one does not take every instance out of rotation.
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
        # The host's own storage, by the identity that the app has.
        "AzureWebJobsStorage__accountName": storage.host.name,
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": client_id,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": observability.insights.connection_string,
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": pulumi.Output.concat("ClientId=", client_id, ";Authorization=AAD"),
        # The package is complete; nothing is to be built from it.
        "SCM_DO_BUILD_DURING_DEPLOYMENT": "false",
        "ENABLE_ORYX_BUILD": "false",
        "DATABASE_AUTH": "entra",
        "DATABASE_POOL_MAX": str(rules.POOL_PER_INSTANCE),
        # The role step migrates; the app's role may only read and write.
        "MIGRATE": "off",
        "PGHOST": database.host,
        "PGPORT": "5432",
        "PGDATABASE": DATABASE,
        "PGUSER": identities.app.name,
        "PGSSLMODE": "verify-full",
        # The app has this identity only, but must name it: a token without it would be the system's, which it has not.
        "AZURE_CLIENT_ID": client_id,
        "AUTOSCALE_PROFILE": group.settings.profile.text,
        "LOG_FORMAT": "json",
    }
    if group.settings.plan is Plan.ELASTIC_PREMIUM:
        # What the function Autoscale needs to set the app's own instance count; see scaling.py.
        settings["SCALER"] = Plan.ELASTIC_PREMIUM.value
        settings["SCALER_SITE_ID"] = site_id(group)
    elif not group.settings.package:
        # Zip deployment; recommended for a dedicated plan on Linux, and not always honored (Azure-Functions#2612), so
        # scripts/deploy looks for the functions and else sets `package`:
        # https://learn.microsoft.com/azure/azure-functions/run-functions-from-deployment-package
        settings["WEBSITE_RUN_FROM_PACKAGE"] = "1"
    if group.settings.package:
        # No content share: that would need an account key. The package is read from its blob by the identity.
        settings["WEBSITE_RUN_FROM_PACKAGE"] = storage.packages.url(group.settings.package)
        settings["WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID"] = identities.app.id
    return settings


def site_id(group: Group) -> pulumi.Output[str]:
    """The app's ARM id, put together from names, because the app's own settings name it before the app is there."""
    return pulumi.Output.concat(
        f"/subscriptions/{group.settings.login.subscription_id}/resourceGroups/",
        group.name,
        f"/providers/Microsoft.Web/sites/{_name(group)}",
    )


def _name(group: Group) -> str:
    return group.names.worldwide("app")
