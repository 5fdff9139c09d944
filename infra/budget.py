"""A monthly budget for the resource group. It does not stop any resource: Azure sends an email when the costs reach a part of it.

Azure compares costs with the budget a few times a day, so the email comes hours after the money was spent:
https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-acm-create-budgets
"""

from __future__ import annotations

from datetime import UTC, datetime

import pulumi
from group import Group
from pulumi_azure_native import consumption


def create(group: Group) -> None:
    """Creates the budget if the settings have an amount."""
    amount = group.settings.monthly_budget
    if amount is None:
        return
    consumption.Budget(
        "budget",
        scope=group.resource.id,
        budget_name=group.names.of("budget"),
        category=consumption.CategoryType.COST,
        amount=amount,
        time_grain=consumption.TimeGrainType.MONTHLY,
        time_period=consumption.BudgetTimePeriodArgs(start_date=_first_of_this_month()),
        notifications={
            "actual-80": _notification(group, 80, consumption.ThresholdType.ACTUAL),
            "actual-100": _notification(group, 100, consumption.ThresholdType.ACTUAL),
            "forecast-100": _notification(group, 100, consumption.ThresholdType.FORECASTED),
        },
        # The month in which the budget was created. A later deployment must not move it.
        opts=pulumi.ResourceOptions(ignore_changes=["timePeriod"]),
    )


def _notification(group: Group, percent: int, kind: consumption.ThresholdType) -> consumption.NotificationArgs:
    return consumption.NotificationArgs(
        enabled=True,
        operator=consumption.OperatorType.GREATER_THAN,
        threshold=percent,
        threshold_type=kind,
        contact_emails=[group.settings.alert_email],
    )


def _first_of_this_month() -> str:
    """Azure requires the first day of a month that is not in the past."""
    return datetime.now(UTC).strftime("%Y-%m-01T00:00:00Z")
