"""The stack: everything that Elastic Visits needs in Azure, in the order in which it is created.

    settings       every setting; a wrong one is refused by name before anything is created
    regions, rules what settings and rule files are checked against
    naming, group  names; the resource group
    network        the virtual network, its subnets and their rules, the private DNS zone
    identity       the identities of the app and of the role step
    database       PostgreSQL
    storage        the host's account and the one for packages
    observability  logs and telemetry
    access         every role assignment
    scaling        the plan, and the autoscale setting from the rule file
    function_app   the app
    alerts, budget notifications of problems and of costs
    workbook       the fleet's scaling on one page of the portal
    protection     the lock on the database
    outputs        the values that the scripts and users need
"""

import access
import alerts
import budget
import database
import function_app
import group
import identity
import network
import observability
import outputs
import protection
import scaling
import settings
import storage
import workbook

_group = group.create(settings.load())
_network = network.create(_group)
_identities = identity.create(_group)
_database = database.create(_group, _network, _identities)
_storage = storage.create(_group, _network)
_observability = observability.create(_group)
_access = access.create(_group, _identities, _storage, _observability)
observability.keep_logs(_group, _observability, "database", _database.server.id, ["PostgreSQLLogs"])
budget.create(_group)
_lock_name = protection.create(_group, _database)
_elastic = _group.settings.plan is settings.Plan.ELASTIC_PREMIUM
_scaler_role = access.create_scaler_role(_group) if _elastic else None
_app: outputs.App | None = None
# A paused stack keeps its data, network, identities, and names. Resources that cost money while unused are removed. So are the
# alerts, because a stopped database would trigger its alert.
if not _group.settings.paused:
    _plan = scaling.create_plan(_group)
    _site = function_app.create(
        _group, _plan, _network, _identities, _database, _storage, _observability, _access
    )
    if _elastic:
        access.allow_scaling(_group, _identities, _site, _scaler_role)
    _scaling = scaling.create_autoscale(_group, _plan, _site)
    observability.keep_logs(_group, _observability, "app", _site.id, ["FunctionAppLogs"])
    # A plan has only metrics. Its CPU is the metric of the rules.
    observability.keep_logs(_group, _observability, "plan", _plan.id, [], metrics=True)
    if _scaling.setting:
        evaluations = ["AutoscaleEvaluations", "AutoscaleScaleActions"]
        observability.keep_logs(_group, _observability, "autoscale", _scaling.setting.id, evaluations, metrics=True)
    alerts.create(_group, _plan, _site, _database, _observability, _scaling)
    _workbook = workbook.create(_group, _plan, _site, _database, _observability, _scaling)
    _app = outputs.App(_plan, _site, _scaling, _workbook)
outputs.export(_group, _network, _identities, _database, _storage, _observability, _app, _lock_name)
