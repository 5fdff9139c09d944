"""The dashboard in infra/monitoring/grafana: what its panels ask, and whether it is one that Grafana understands.

Grafana itself ignores a misspelt option without a word. Read into Grafana's own model and written again, such a word is
lost, so nothing may be.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "infra" / "monitoring"
FILE = MONITORING / "grafana" / "dashboards" / "elastic-visits.json"
CPU_PANEL = "CPU of each instance"

# The model has no words for these, which Grafana's Prometheus data source and its variables read.
BEYOND_THE_MODEL = re.compile(
    r"\.annotations\.list\[\d+\]\.(step|titleFormat|textFormat|useValueForTime)|\.templating\.list\[\d+\]\.definition"
)


@dataclass(frozen=True)
class Query:
    """Something that the dashboard asks Prometheus."""

    place: str
    expression: str


def load() -> dict[str, Any]:
    """The dashboard."""
    return json.loads(FILE.read_text())


# Only where the app scales itself, and then as the handler's own tests show them.
SCALER_METRICS = {
    f"elastic_visits_scaler_{name}"
    for name in (
        "evaluations_total",
        "decisions_total",
        "outcomes_total",
        "errors_total",
        "wanted_instances",
        "actual_instances",
        "evaluation_age_seconds",
    )
}


def asks_the_scaler(query: Query) -> bool:
    """Whether a query finds something only where the app scales itself."""
    return any(name in query.expression for name in SCALER_METRICS)


def queries(dashboard: dict[str, Any], *, interval: str) -> list[Query]:
    """Every query of every panel and annotation, with Grafana's variables put in as Grafana would."""
    found = [
        Query(f'panel "{panel["title"]}", {target["refId"]}', target["expr"])
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]
    found += [Query(f'annotation "{one["name"]}"', one["expr"]) for one in dashboard["annotations"]["list"]]
    # What several chosen instances become.
    every = [Query(one.place, one.expression.replace("$instance", ".*").replace("$__rate_interval", interval)) for one in found]
    left = [one.place for one in every if "$" in one.expression]
    if left:
        raise ValueError(f"a variable that is not known here, in {left[0]}")
    return every


def mistakes(dashboard: dict[str, Any], metrics: set[str]) -> list[str]:
    """What is wrong with it, a sentence each. `metrics` are the names that /metrics knows."""
    register_default_plugins()
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))
    wrong = [
        f"{place} is nothing that Grafana knows" for place in _lost(dashboard, again) if not BEYOND_THE_MODEL.fullmatch(place)
    ]
    uid = re.search(r"^\s+uid: (\S+)$", (MONITORING / "grafana/provisioning/datasources/prometheus.yml").read_text(), re.MULTILINE)
    sources = set(re.findall(r'"uid": "(\w+)"', json.dumps([dashboard["panels"], dashboard["annotations"], dashboard["templating"]])))
    if uid is None or sources != {uid[1]}:
        wrong.append(f"panels ask {sorted(sources)}, and the data source is {uid and uid[1]}")
    wrong += _thresholds(dashboard)
    known = metrics | SCALER_METRICS | _recorded()
    for place, text in [*((one.place, one.expression) for one in queries(dashboard, interval="1m")), *_rules()]:
        for name in set(re.findall(r"\b(?:elastic_visits_\w+|job\w*:elastic_visits[\w:]+)", text)) - known:
            wrong.append(f"{place}: there is no metric {name}")
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        wrong.append("two panels have the same id")
    return wrong


def _lost(before: Any, after: Any, place: str = "") -> list[str]:
    if isinstance(before, dict):
        there = after if isinstance(after, dict) else {}
        return [
            lost
            for key, value in before.items()
            for lost in ([f"{place}.{key}"] if key not in there else _lost(value, there[key], f"{place}.{key}"))
        ]
    if isinstance(before, list):
        there = after if isinstance(after, list) else []
        if len(before) != len(there):
            return [place]
        return [lost for at, (one, other) in enumerate(zip(before, there)) for lost in _lost(one, other, f"{place}[{at}]")]
    return [] if before == after else [place]


def _thresholds(dashboard: dict[str, Any]) -> list[str]:
    """The lines in the CPU chart are those of infra/autoscale.json, or nothing says when the fleet will scale."""
    rules = json.loads((ROOT / "infra" / "autoscale.json").read_text())["rules"]
    wanted = sorted(rule["metricTrigger"]["threshold"] / 100 for rule in rules)
    panel = next(panel for panel in dashboard["panels"] if panel["title"] == CPU_PANEL)
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    drawn = sorted(step["value"] for step in steps if step["value"] is not None)
    return [] if drawn == wanted else [f'"{CPU_PANEL}" draws lines at {drawn}, and infra/autoscale.json has {wanted}']


def _recorded() -> set[str]:
    """The names that recording rules make, and those that Prometheus makes of a histogram."""
    text = (MONITORING / "rules" / "fleet.yml").read_text()
    return set(re.findall(r"record: (\S+)", text))


def _rules() -> list[tuple[str, str]]:
    """Each line of the rule files that may name a metric."""
    return [
        (f"{file.name}, line {number}", line)
        for file in sorted((MONITORING / "rules").glob("*.yml"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if not line.lstrip().startswith(("#", "runbook:"))
    ]
