"""The alerts: their signals, whether Azure would accept them, and their recipients."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import alerts
import pytest
import rules
from recorder import INFRA, Recorded, run

EMAIL = "elastic-visits:alert-email"
RULES = "elastic-visits:rules"
# https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-metric-alert-rule
FREQUENCIES = {"PT1M", "PT5M", "PT15M", "PT30M", "PT1H"}
WINDOWS = FREQUENCIES | {"PT6H", "PT12H", "P1D"}

# Metrics and aggregations of each namespace, from Azure's lists of metrics.
METRICS = {
    "Microsoft.Web/serverfarms": {"CpuPercentage": {"Average", "Maximum", "Minimum"}},
    "Microsoft.Web/sites": {
        "Http5xx": {"Total"},
        "HttpResponseTime": {"Average", "Maximum", "Minimum"},
        "HealthCheckStatus": {"Average", "Maximum", "Minimum"},
    },
    "Microsoft.DBforPostgreSQL/flexibleServers": {
        "is_db_alive": {"Average", "Maximum", "Minimum"},
        "storage_percent": {"Average", "Maximum", "Minimum"},
    },
}
# https://learn.microsoft.com/azure/azure-monitor/reference/tables-index: the used columns of each table.
COLUMNS = {
    "AutoscaleEvaluationsLog": {"TimeGenerated", "CurrentInstanceCount"},
    "AppRequests": {"Name"},
    "AppTraces": {"Message"},
}
SCOPES = {
    "Microsoft.Web/serverfarms": "plan_id",
    "Microsoft.Web/sites": "app_id",
    "Microsoft.DBforPostgreSQL/flexibleServers": "postgres_id",
}


def metric_alerts(stack: Recorded) -> dict[str, dict[str, Any]]:
    """The inputs of each alert, by its name after `alert-`."""
    return {found.name.removeprefix("alert-"): found.inputs for found in stack.of("monitor:MetricAlert")}


def log_alerts(stack: Recorded) -> dict[str, dict[str, Any]]:
    """The inputs of each alert, by its name after `alert-`."""
    return {found.name.removeprefix("alert-"): found.inputs for found in stack.of("monitor:ScheduledQueryRule")}


def criterion(alert: dict[str, Any]) -> dict[str, Any]:
    (found,) = alert["criteria"]["allOf"]
    return found


def test_the_list_of_alerts(premium: Recorded, elastic: Recorded) -> None:
    for stack in (premium, elastic):
        assert metric_alerts(stack).keys() == {
            "server-errors", "slow", "unhealthy", "database-down", "database-full", "busy",
        }
    assert log_alerts(premium).keys() == {"at-maximum"}
    # There is no autoscale setting that could log or fail.
    assert log_alerts(elastic).keys() == {"scaler-silent", "scaler-refused"}
    assert not elastic.of("monitor:ActivityLogAlert")


def test_azure_supports_the_metrics_and_windows(either: Recorded) -> None:
    for name, alert in metric_alerts(either).items():
        found = criterion(alert)
        namespace = found["metricNamespace"]
        assert found["timeAggregation"] in METRICS[namespace][found["metricName"]], name
        assert alert["scopes"] == [SCOPES[namespace]], name
        assert alert["evaluationFrequency"] in FREQUENCIES, name
        assert alert["windowSize"] in WINDOWS, name
        frequency, window = rules.seconds(alert["evaluationFrequency"]), rules.seconds(alert["windowSize"])
        assert frequency and window and frequency <= window, name
        assert alert["enabled"] is alert["autoMitigate"] is True
        assert 0 <= alert["severity"] <= 4
        assert len(alert["ruleName"]) <= 260 and re.fullmatch(r"[a-z0-9-]+", alert["ruleName"]), name


def test_azure_supports_the_tables_and_rules(either: Recorded) -> None:
    for name, alert in log_alerts(either).items():
        found = criterion(alert)
        table, *steps = found["query"].split("\n")
        quoted = re.sub(r'"[^"]*"', "", " ".join(steps))
        assert set(re.findall(r"\b[A-Z][A-Za-z]+\b", quoted)) <= COLUMNS[table], name
        measured = found.get("metricMeasureColumn")
        assert measured in COLUMNS[table] if measured else found["timeAggregation"] == "Count", name
        assert alert["scopes"] == ["logs_id"] and alert["location"] == "swedencentral", name
        # https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule
        assert alert["evaluationFrequency"] in FREQUENCIES and alert["windowSize"] in WINDOWS, name
        # Enum values of the REST API 2025-01-01-preview, scheduledQueryRule_API.json; the SDK has those of another API.
        assert found["operator"] in {"Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"}, name
        assert found["timeAggregation"] in {"Count", "Average", "Minimum", "Maximum", "Total"}, name
        # The table exists only after its first row, so Azure would reject the query of a new stack.
        assert alert["skipQueryValidation"] is True, name
        assert alert["enabled"] is alert["autoMitigate"] is True
        assert alert["kind"] == "LogAlert"


def test_the_handler_logs_the_text_that_the_alert_searches_for() -> None:
    assert alerts.NOT_SET in (INFRA.parent / "handler" / "src" / "fleet" / "scaler.rs").read_text(encoding="utf-8")
    assert (INFRA.parent / "functions" / "Autoscale" / "function.json").is_file()


def test_metric_alerts_are_only_on_types_that_support_them(either: Recorded) -> None:
    """https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-metric-near-real-time has no autoscale settings."""
    assert not [name for name, alert in metric_alerts(either).items() if "autoscale_id" in alert["scopes"]]


def test_every_alert_says_what_to_do(either: Recorded) -> None:
    for name, alert in (metric_alerts(either) | log_alerts(either)).items():
        for script in re.findall(r"\./scripts/([a-z]+)", alert["description"]):
            assert (INFRA.parent / "scripts" / script).is_file(), name
        assert len(alert["description"].split(". ")) >= 2, name


@pytest.mark.parametrize(("file", "window"), [("autoscale.json", "PT30M"), ("autoscale.fast.json", "PT15M")])
def test_busy_follows_the_rule_file(file: str, window: str) -> None:
    """The window is longer than the rules' window and cooldown, the metric's delay and a start together."""
    alert = metric_alerts(run({RULES: file}))["busy"]
    assert criterion(alert)["threshold"] == 70
    assert criterion(alert)["operator"] == "GreaterThan"
    assert alert["windowSize"] == window


def test_at_maximum_follows_the_rule_file(premium: Recorded) -> None:
    found = criterion(log_alerts(premium)["at-maximum"])
    maximum = json.loads((INFRA / "autoscale.json").read_text())["capacity"]["maximum"]
    assert (found["operator"], found["timeAggregation"]) == ("GreaterThanOrEqual", "Minimum")
    assert found["threshold"] == int(maximum)


def profile(folder: Path, change: dict[str, Any]) -> rules.Profile:
    """The profile of the default file with a change."""
    file = folder / "rules.json"
    file.write_text(json.dumps(json.loads((INFRA / "autoscale.json").read_text()) | change))
    return rules.read(file)


def test_a_fleet_that_cannot_change_is_not_always_at_its_maximum(tmp_path: Path) -> None:
    assert alerts.at_maximum(profile(tmp_path, {}))
    assert not alerts.at_maximum(profile(tmp_path, {"capacity": {"minimum": "2", "maximum": "2", "default": "2"}}))


def test_without_a_scale_out_rule_there_is_no_alert_on_high_cpu(tmp_path: Path) -> None:
    scale_in = json.loads((INFRA / "autoscale.json").read_text())["rules"][1]
    assert alerts.busy(profile(tmp_path, {}))
    assert not alerts.busy(profile(tmp_path, {"rules": [scale_in]}))


def test_a_failed_scale_action_triggers_an_alert(premium: Recorded) -> None:
    alert = premium.one("monitor:ActivityLogAlert").inputs
    assert alert["condition"]["allOf"] == [
        {"field": "category", "equals": "Autoscale"},
        {"field": "status", "equals": "Failed"},
    ]
    assert alert["scopes"] == ["group_id"]


def test_without_an_address_no_email_is_sent(either: Recorded) -> None:
    assert not either.of("monitor:ActionGroup")
    assert all(not alert["actions"] for alert in metric_alerts(either).values())
    assert all(alert["actions"] == {"actionGroups": []} for alert in log_alerts(either).values())


def test_the_address_receives_every_alert() -> None:
    stack = run({EMAIL: "operator@example.com"})
    group = stack.one("monitor:ActionGroup")
    (receiver,) = group.inputs["emailReceivers"]
    assert receiver["emailAddress"] == "operator@example.com"
    assert len(group.inputs["groupShortName"]) <= 12
    for name, alert in metric_alerts(stack).items():
        assert alert["actions"] == [{"actionGroupId": f"{group.name}_id"}], name
    for name, alert in log_alerts(stack).items():
        assert alert["actions"] == {"actionGroups": [f"{group.name}_id"]}, name
    activity = stack.one("monitor:ActivityLogAlert").inputs["actions"]
    assert activity == {"actionGroups": [{"actionGroupId": f"{group.name}_id"}]}


# --- The budget ---------------------------------------------------------------------------------------------


def test_without_an_amount_there_is_no_budget(either: Recorded) -> None:
    assert not either.of("consumption:Budget")


def test_a_budget_notifies_the_address_before_and_when_it_is_spent() -> None:
    budget = run({EMAIL: "operator@example.com", "elastic-visits:monthly-budget": "150"}).one("consumption:Budget")
    assert (budget.inputs["scope"], budget.inputs["amount"], budget.inputs["timeGrain"]) == ("group_id", 150, "Monthly")
    told = {(one["thresholdType"], one["threshold"]) for one in budget.inputs["notifications"].values()}
    assert told == {("Actual", 80), ("Actual", 100), ("Forecasted", 100)}
    assert all(one["contactEmails"] == ["operator@example.com"] for one in budget.inputs["notifications"].values())


def test_a_budget_begins_with_this_month_and_stays_there() -> None:
    """Azure rejects any other day and a past month, and the start of a budget cannot be changed."""
    before = datetime.now(UTC)
    budget = run({EMAIL: "operator@example.com", "elastic-visits:monthly-budget": "150"}).one("consumption:Budget")
    months = {f"{moment:%Y-%m}-01T00:00:00Z" for moment in (before, datetime.now(UTC))}
    assert budget.inputs["timePeriod"]["startDate"] in months
    assert budget.ignore_changes == ["timePeriod"]
