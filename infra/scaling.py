"""The App Service plan and what decides how many instances it has: one to three.

On premium-v3 Azure Monitor follows the rule file. Elastic Premium obeys no CPU rules: an autoscale setting would only raise
the least count, and Azure's scale controller would exceed its maximum. So none is created there. Instead, the app applies
the same rule file once a minute (function Autoscale) and sets its own count, `minimumElasticInstanceCount` and
`functionAppScaleLimit` of the site. This stack sets neither of them, so it has no old count to send with a deployment. Should
a deployment reset them, the app's next evaluation sets them again.
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
    "The app applies the CPU rules of the rule file itself, once a minute, because Azure obeys no CPU rules on Elastic Premium."
)


@dataclass(frozen=True)
class Scaling:
    """Who applies the rules."""

    setting: monitor.AutoscaleSetting | None
    note: str


def create_plan(group: Group) -> web.AppServicePlan:
    """Makes the plan. `premium-v3` and `elastic-premium` are told apart by an E: "P0v3" is dedicated, "EP1" is not."""
    common = pulumi.ResourceOptions(
        # Autoscale changes the count all the time. Sending one with the next deployment would take the fleet back to
        # it in the middle of the day, so it is neither sent nor compared.
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
            # App Service's "automatic scaling" by requests knows no rules and leaves function apps out.
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
        # Here the capacity is the least count, not the count of the moment: stated once, when the plan is made.
        sku=web.SkuDescriptionArgs(name="EP1", tier="ElasticPremium", capacity=MINIMUM),
        # The bound that holds whatever the app sets.
        maximum_elastic_worker_count=MAXIMUM,
        per_site_scaling=False,
        zone_redundant=False,
        tags=group.tags,
        opts=common,
    )


def create_autoscale(group: Group, plan: web.AppServicePlan, app: web.WebApp) -> Scaling:
    """Creates the autoscale setting from the rule file, where Azure obeys one."""
    profile = group.settings.profile
    if group.settings.plan is Plan.ELASTIC_PREMIUM:
        return Scaling(None, SCALES_ITSELF)
    setting = monitor.AutoscaleSetting(
        "autoscale",
        resource_group_name=group.name,
        location=group.location,
        autoscale_setting_name=group.names.of("autoscale"),
        name=group.names.of("autoscale"),
        # The SDK's default is false: a rule that looks deployed and never acts.
        enabled=True,
        target_resource_uri=plan.id,
        profiles=[_profile(deployed, plan.id) for deployed in profile.deployed],
        tags=group.tags,
        # A new plan has no CPU metric in its first minutes, and Azure then refuses the setting (UnsupportedMetric).
        # Waiting for the app gives it time; if it still happens, `pulumi up` again goes on from there.
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
            # Without it Azure stops reading the metric on Linux plans after some hours.
            metric_namespace=rules.NAMESPACE,
            # The plan's, since the app has no such metric.
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
