"""The App Service plan, and the rules for its number of instances: one to three.

On premium-v3, Azure Monitor applies the rule file. Elastic Premium does not apply CPU rules: an autoscale setting would only
raise the minimum, and Azure's scale controller would exceed its maximum. So no setting is created there. Instead, the app
applies the same rule file once a minute (function Autoscale) and sets its own count with the site's
`minimumElasticInstanceCount` and `functionAppScaleLimit`. This stack sets neither of them, so no deployment sends an old count.
If a deployment resets them, the app's next evaluation sets them again.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import rules
from group import Group
from pulumi_azure_native import monitor, web
from settings import Plan

MINIMUM = 1
MAXIMUM = rules.MOST_INSTANCES

OBEYS_RULES = "Azure Monitor scales the plan by the CPU rules of the rule file, because premium-v3 is a dedicated plan."
SCALES_ITSELF = (
    "The app applies the CPU rules of the rule file itself, once a minute, because Azure applies no CPU rules on Elastic Premium."
)


@dataclass(frozen=True)
class Scaling:
    """What applies the rules."""

    setting: monitor.AutoscaleSetting | None
    note: str


def create_plan(group: Group) -> web.AppServicePlan:
    """Creates the plan. "P0v3" is a dedicated plan, "EP1" (with an E) is Elastic Premium."""
    common = pulumi.ResourceOptions(
        # Autoscale changes the count all the time. A deployment that sends a count would reset the fleet to it, so the count is
        # neither sent nor compared.
        ignore_changes=["sku.capacity"]
    )
    if group.settings.plan is Plan.PREMIUM_V3:
        return web.AppServicePlan(
            "plan",
            resource_group_name=group.name,
            location=group.location,
            name=group.names.of("plan"),
            kind="linux",
            reserved=True,
            sku=web.SkuDescriptionArgs(name="P0v3", tier="Premium0V3"),
            # App Service's "automatic scaling" by requests has no rules and does not support function apps.
            elastic_scale_enabled=False,
            per_site_scaling=False,
            zone_redundant=False,
            tags=group.tags,
            opts=common,
        )
    return web.AppServicePlan(
        "plan",
        resource_group_name=group.name,
        location=group.location,
        name=group.names.of("plan"),
        kind="elastic",
        reserved=True,
        # On this plan, the capacity is the minimum, not the current count. It is set once, when the plan is created.
        sku=web.SkuDescriptionArgs(name="EP1", tier="ElasticPremium", capacity=MINIMUM),
        # The limit, whatever count the app sets.
        maximum_elastic_worker_count=MAXIMUM,
        per_site_scaling=False,
        zone_redundant=False,
        tags=group.tags,
        opts=common,
    )


def create_autoscale(group: Group, plan: web.AppServicePlan, app: web.WebApp) -> Scaling:
    """Creates the autoscale setting from the rule file, if Azure applies one on this plan."""
    profile = group.settings.profile
    if group.settings.plan is Plan.ELASTIC_PREMIUM:
        return Scaling(None, SCALES_ITSELF)
    setting = monitor.AutoscaleSetting(
        "autoscale",
        resource_group_name=group.name,
        location=group.location,
        autoscale_setting_name=group.names.of("autoscale"),
        name=group.names.of("autoscale"),
        # The SDK's default is false: the rules would be deployed but never act.
        enabled=True,
        target_resource_uri=plan.id,
        profiles=[_profile(deployed, plan.id) for deployed in profile.deployed],
        tags=group.tags,
        # A new plan has no CPU metric in its first minutes, and Azure then refuses the setting (UnsupportedMetric). Waiting for the
        # app gives it time. If Azure still refuses, running `pulumi up` again continues.
        opts=pulumi.ResourceOptions(depends_on=[app]),
    )
    return Scaling(setting, OBEYS_RULES)


def _profile(profile: rules.Deployed, plan: pulumi.Output[str]) -> monitor.AutoscaleProfileArgs:
    fixed_date: monitor.TimeWindowArgs | None = None
    recurrence: monitor.RecurrenceArgs | None = None
    match profile.schedule:
        case rules.FixedDate(time_zone, start, end):
            fixed_date = monitor.TimeWindowArgs(time_zone=time_zone, start=start, end=end)
        case rules.Recurrence(time_zone, days, hours, minutes):
            recurrence = monitor.RecurrenceArgs(
                frequency=monitor.RecurrenceFrequency.WEEK,
                schedule=monitor.RecurrentScheduleArgs(
                    time_zone=time_zone, days=list(days), hours=list(hours), minutes=list(minutes)
                ),
            )
        case None:
            pass
    return monitor.AutoscaleProfileArgs(
        name=profile.name,
        capacity=monitor.ScaleCapacityArgs(
            minimum=profile.minimum, maximum=profile.maximum, default=profile.default
        ),
        rules=[_rule(rule, plan) for rule in profile.rules],
        fixed_date=fixed_date,
        recurrence=recurrence,
    )


def _rule(rule: rules.Rule, plan: pulumi.Output[str]) -> monitor.ScaleRuleArgs:
    return monitor.ScaleRuleArgs(
        metric_trigger=monitor.MetricTriggerArgs(
            metric_name=rules.METRIC,
            # Without it, Azure stops reading the metric on Linux plans after some hours.
            metric_namespace=rules.NAMESPACE,
            # The plan, because the app has no such metric.
            metric_resource_uri=plan,
            time_grain=rule.time_grain,
            statistic=rule.statistic,
            time_window=rule.time_window,
            time_aggregation=rule.time_aggregation,
            operator=rule.operator,
            threshold=rule.threshold,
            divide_per_instance=False,
        ),
        scale_action=monitor.ScaleActionArgs(
            direction=rule.direction, type=rule.change, value=rule.value, cooldown=rule.cooldown
        ),
    )
