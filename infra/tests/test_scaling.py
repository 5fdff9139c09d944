"""The limits of the number of instances, and the component that scales."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
import rules
import settings
from recorder import INFRA, Recorded, run


@pytest.mark.parametrize("name", ["autoscale.json", "autoscale.fast.json"])
def test_the_rules_equal_those_of_the_file(name: str) -> None:
    stack = run({"elastic-visits:rules": name})
    (profile,) = cast(list[dict[str, Any]], stack.one("monitor:AutoscaleSetting").inputs["profiles"])
    for rule in profile["rules"]:
        # The ID of the plan, which a file cannot contain.
        assert rule["metricTrigger"].pop("metricResourceUri") == "plan_id"
    assert profile == json.loads((INFRA / name).read_text(encoding="utf-8"))


def calendar(**changes: Any) -> dict[str, Any]:
    """A setting as `lab tune --out` and `lab rules --out` write it."""
    usual = json.loads((INFRA / "autoscale.json").read_text(encoding="utf-8"))
    for rule in usual["rules"]:
        rule["metricTrigger"]["metricResourceUri"] = "/subscriptions/0/serverfarms/rehearsed"
    weekdays = {
        **usual,
        "name": "weekdays",
        "capacity": {"minimum": "2", "maximum": "3", "default": "2"},
        "recurrence": {
            "frequency": "Week",
            "schedule": {
                "timeZone": "W. Europe Standard Time",
                "days": ["Monday", "Friday"],
                "hours": [8],
                "minutes": [0, 30],
            },
        },
    }
    sale: dict[str, Any] = {
        "name": "sale",
        "capacity": {"minimum": "3", "maximum": "3", "default": "3"},
        "rules": [],
        "fixedDate": {"timeZone": "UTC", "start": "2026-12-24T00:00:00", "end": "2026-12-27T00:00:00"},
    }
    return {
        "enabled": True,
        "name": "rehearsed",
        "targetResourceUri": "/subscriptions/0/serverfarms/rehearsed",
        "profiles": [usual, weekdays, sale],
        **changes,
    }


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_setting_with_a_calendar_is_deployed_unchanged(
    wrapped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = calendar()
    document = {"location": "westeurope", "properties": setting} if wrapped else setting
    (tmp_path / "mine.json").write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setattr(settings, "FOLDER", tmp_path)
    stack = run({"elastic-visits:rules": "mine.json"})
    profiles = stack.one("monitor:AutoscaleSetting").inputs["profiles"]
    expected = calendar()["profiles"]
    for profile in expected:
        for rule in profile["rules"]:
            rule["metricTrigger"]["metricResourceUri"] = "plan_id"
    assert profiles == expected
    # The app receives all profiles.
    assert json.loads(stack.app_settings()["AUTOSCALE_PROFILE"]) == document


def test_a_calendar_has_the_widest_limits_and_each_rule_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(calendar()), encoding="utf-8")
    profile = rules.read(file)
    assert (profile.minimum, profile.maximum, profile.default) == ("1", "3", "1")
    assert len(profile.rules) == 2
    assert profile.name == "cpu-70-30, weekdays, sale"


def change(place: str, value: Any) -> dict[str, Any]:
    """The calendar with one value changed, such as profiles.1.name."""
    setting = calendar()
    *path, last = place.split(".")
    part: Any = setting
    for key in path:
        part = part[int(key) if key.isdigit() else key]
    part[int(last) if last.isdigit() else last] = value
    return setting


TIMES = "profiles.1.recurrence.schedule"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (change("enabled", False), "enabled must be true"),
        (change("notifications", [{}]), "notifications are not deployed"),
        (change("profiles", []), "profiles holds 0 profiles"),
        (change("profiles", calendar()["profiles"] * 7), "profiles holds 21 profiles"),
        (change("profiles", calendar()["profiles"][1:]), "exactly one without fixedDate and recurrence"),
        (change("profiles.1.name", "cpu-70-30"), "profiles[1].name is 'cpu-70-30', which another profile has"),
        (change("profiles.1.capacity.maximum", "9"), "profiles[1].capacity.maximum is 9"),
        (change("profiles.1.fixedDate", {}), "profiles[1].fixedDate and recurrence exclude each other"),
        (change("profiles.1.recurrence.frequency", "Day"), "frequency must be Week"),
        (change(f"{TIMES}.days", ["Mon"]), "profiles[1].recurrence.schedule.days holds 'Mon'"),
        (change(f"{TIMES}.hours", [24]), "hours holds 24; accepted: from 0 to 23"),
        (change(f"{TIMES}.minutes", [True]), "minutes holds True"),
        (change(f"{TIMES}.minutes", []), "minutes is empty"),
        (change(f"{TIMES}.timeZone", ""), "timeZone is missing or empty"),
        (change("profiles.2.fixedDate.end", None), "profiles[2].fixedDate.end is missing or empty"),
        (change("profiles.0.rules.0.metricTrigger.metricResourceUri", "/other"), "rules[0].metricTrigger.metricResourceUri"),
        (change("predictiveAutoscalePolicy", {}), "lab rules infra/mine.json --out infra/mine.json"),
        ({"value": [calendar()]}, "lab rules infra/mine.json --out infra/mine.json"),
        ({"resources": []}, "lab rules infra/mine.json --out infra/mine.json"),
        (calendar()["profiles"][1], "put both into profiles of a setting"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_setting_that_cannot_be_deployed(setting: dict[str, Any], said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(setting), encoding="utf-8")
    with pytest.raises(rules.Refused) as refused:
        rules.read(file)
    assert said in str(refused.value)


def test_without_a_setting_the_rules_are_autoscale_json(premium: Recorded) -> None:
    expected = json.loads((INFRA / "autoscale.json").read_text(encoding="utf-8"))
    assert premium.one("monitor:AutoscaleSetting").inputs["profiles"][0]["name"] == expected["name"]


def test_the_setting_is_enabled_and_its_target_is_the_plan(premium: Recorded) -> None:
    """By default, the SDK sends false. The rules would be deployed but never act."""
    setting = premium.one("monitor:AutoscaleSetting")
    assert setting.inputs["enabled"] is True
    assert setting.inputs["targetResourceUri"] == "plan_id"
    for rule in setting.inputs["profiles"][0]["rules"]:
        assert rule["metricTrigger"]["metricNamespace"] == "microsoft.web/serverfarms"


def test_the_setting_waits_for_the_app(premium: Recorded) -> None:
    """A plan without an app has no CPU metric yet, and Azure would refuse the setting."""
    assert "app" in premium.one("monitor:AutoscaleSetting").depends_on


def test_a_deployment_does_not_change_the_live_count(either: Recorded) -> None:
    assert either.one("web:AppServicePlan").ignore_changes == ["sku.capacity"]


def test_premium_is_a_dedicated_plan_and_sends_no_count(premium: Recorded) -> None:
    plan = premium.one("web:AppServicePlan").inputs
    assert plan["sku"] == {"name": "P0v3", "tier": "Premium0V3"}
    assert plan["reserved"] is True
    assert plan["elasticScaleEnabled"] is False
    assert "maximumElasticWorkerCount" not in plan
    assert "functionAppScaleLimit" not in premium.one("web:WebApp").inputs["siteConfig"]


def test_elastic_is_bounded_from_one_to_three(elastic: Recorded) -> None:
    plan = elastic.one("web:AppServicePlan").inputs
    assert plan["sku"] == {"name": "EP1", "tier": "ElasticPremium", "capacity": 1}
    assert plan["kind"] == "elastic"
    assert plan["maximumElasticWorkerCount"] == 3


def test_a_deployment_sends_no_count_of_the_site(elastic: Recorded) -> None:
    """The app sets both. A value from the stack would be outdated."""
    site = elastic.one("web:WebApp").inputs["siteConfig"]
    assert not {"minimumElasticInstanceCount", "functionAppScaleLimit"} & site.keys()


def test_the_app_gets_the_same_rules_on_either_plan(either: Recorded) -> None:
    expected = json.loads((INFRA / "autoscale.json").read_text(encoding="utf-8"))
    assert json.loads(either.app_settings()["AUTOSCALE_PROFILE"]) == expected


def test_elastic_accepts_another_rule_file_too() -> None:
    stack = run({"elastic-visits:plan": "elastic-premium", "elastic-visits:rules": "autoscale.fast.json"})
    assert json.loads(stack.app_settings()["AUTOSCALE_PROFILE"])["name"] == "cpu-70-30-fast"


def test_the_note_of_elastic_says_what_applies_the_rules(elastic: Recorded) -> None:
    assert elastic.outputs["autoscale_setting"] == ""
    assert "applies the CPU rules" in elastic.outputs["autoscale_note"]


# https://learn.microsoft.com/azure/azure-monitor/reference/logs-index
CATEGORIES = {"app": ["FunctionAppLogs"], "plan": [], "database": ["PostgreSQLLogs"]}


def test_logs_of_app_plan_and_database_are_kept(either: Recorded) -> None:
    resources = {"app": "app_id", "plan": "plan_id", "database": "postgres_id"}
    for name, categories in CATEGORIES.items():
        setting = either.resources[f"{name}-logs"].inputs
        assert (setting["resourceUri"], setting["workspaceId"]) == (resources[name], "logs_id")
        assert [log["category"] for log in setting["logs"] if log["enabled"]] == categories
    # A plan has only metrics.
    assert [one["category"] for one in either.resources["plan-logs"].inputs["metrics"]] == ["AllMetrics"]


def test_evaluations_and_actions_are_logged(premium: Recorded) -> None:
    logs = premium.resources["autoscale-logs"].inputs
    assert (logs["resourceUri"], logs["workspaceId"]) == ("autoscale_id", "logs_id")
    assert {log["category"] for log in logs["logs"] if log["enabled"]} == {
        "AutoscaleEvaluations",
        "AutoscaleScaleActions",
    }
