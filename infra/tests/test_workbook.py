"""The workbook: it opens, its queries use existing data, and it contains no secrets."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import recorder
import workbook
from pulumi_azure_native import monitor
from recorder import Recorded, run

# https://learn.microsoft.com/azure/azure-monitor/reference/tables-index: the used columns of each table.
TABLES = {
    "AppRequests": {"TimeGenerated", "Name", "ResultCode", "DurationMs", "ItemCount", "AppRoleInstance"},
    "AutoscaleEvaluationsLog": {"TimeGenerated", "OperationName", "ObservedValue", "CurrentInstanceCount"},
    "AutoscaleScaleActionsLog": {
        "TimeGenerated",
        "ScaleDirection",
        "CurrentInstanceCount",
        "NewInstanceCount",
        "ResultType",
        "ScaleActionMessage",
    },
}
TEXT, QUERY, PARAMETERS, METRIC = 1, 3, 9, 10


def items(stack: Recorded, kind: int) -> list[dict[str, Any]]:
    """The content of all items of one kind in the workbook."""
    document = json.loads(stack.one("applicationinsights:Workbook").inputs["serializedData"])
    return [item["content"] for item in document["items"] if item["type"] == kind]


def test_it_has_the_form_that_azure_accepts(either: Recorded) -> None:
    made = either.one("applicationinsights:Workbook").inputs
    document = json.loads(made["serializedData"])
    assert document["version"] == made["version"] == "Notebook/1.0"
    assert made["kind"] == "shared"
    assert made["category"] == "workbook"
    assert made["sourceId"] == "insights_id"
    assert len({item["name"] for item in document["items"]}) == len(document["items"])
    assert {item["type"] for item in document["items"]} == {TEXT, QUERY, PARAMETERS, METRIC}


def test_its_name_is_a_stable_uuid_that_differs_between_stacks(either: Recorded) -> None:
    def name(stack: Recorded) -> str:
        return stack.one("applicationinsights:Workbook").inputs["resourceName"]

    plan = {"elastic-visits:plan": either.outputs["plan"]}
    assert str(uuid.UUID(name(either))) == name(either) == name(run(plan))
    assert name(run(plan, stack="other")) != name(either)


def test_queries_use_existing_tables_and_columns(either: Recorded) -> None:
    for query in items(either, QUERY):
        first, *steps = query["query"].split("\n")
        # Columns of tables begin with a capital letter, columns that a query creates do not.
        assert set(re.findall(r"\b[A-Z][A-Za-z]+\b", re.sub(r'"[^"]*"|\[\'[^\']*\'\]', "", " ".join(steps)))) <= TABLES[first]
        assert query["crossComponentResources"] == ["logs_id"]
        assert query["queryType"] == 0


def test_every_chart_follows_the_one_time_range(either: Recorded) -> None:
    (parameters,) = items(either, PARAMETERS)
    (time_range,) = parameters["parameters"]
    for chart in items(either, QUERY) + items(either, METRIC):
        assert chart["timeContextFromParameter"] == time_range["name"]


def test_metrics_belong_to_the_created_resources(either: Recorded) -> None:
    for chart in items(either, METRIC):
        (resource,) = chart["resourceIds"]
        assert resource == {
            "microsoft.web/serverfarms": "plan_id",
            "microsoft.web/sites": "app_id",
            "microsoft.dbforpostgresql/flexibleservers": "postgres_id",
        }[chart["resourceType"]]


def test_rules_are_shown_with_what_applies_them(premium: Recorded, elastic: Recorded) -> None:
    (heading,) = items(premium, TEXT)
    assert "1 to 3 instances" in heading["json"]
    assert "average CPU > 70% over PT5M: +1, then PT5M of cooldown" in heading["json"]
    assert "average CPU < 30% over PT5M: -1" in heading["json"]
    seen = next(query["query"] for query in items(premium, QUERY) if "ObservedValue" in query["query"])
    assert "['scale in at 30%'] = 30.0, ['scale out at 70%'] = 70.0" in seen
    (heading,) = items(elastic, TEXT)
    assert "1 to 3 instances" in heading["json"] and "The app applies these rules itself" in heading["json"]
    assert not [query for query in items(elastic, QUERY) if "Autoscale" in query["query"]]


def test_every_operator_has_its_sign() -> None:
    assert set(workbook.SIGNS) == set(monitor.ComparisonOperationType)


def test_other_rules_give_another_heading() -> None:
    (heading,) = items(run({"elastic-visits:rules": "autoscale.fast.json"}), TEXT)
    assert "over PT2M" in heading["json"] and "`cpu-70-30-fast`" in heading["json"]


def test_it_contains_no_secret(either: Recorded) -> None:
    data = either.one("applicationinsights:Workbook").inputs["serializedData"]
    assert recorder.CONNECTION_STRING not in data
    assert not re.search(r"(?i)key|password|token|secret", data)


def test_the_output_leads_to_it(either: Recorded) -> None:
    assert either.outputs["workbook_url"].endswith("/resourceworkbook_id/workbook")
