#!/usr/bin/env python3
"""Shows the parts of a deployment: region, plan, resources, rules, and the cost per month for one, two, and three instances.

The resources come from the reviewed snapshot of the stack (infra/tests/snapshots), the rules from the rule file, and the
prices of instances from infra/prices.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

INFRA = Path(__file__).resolve().parents[2] / "infra"
SKUS = {"premium-v3": "P0v3", "elastic-premium": "EP1"}

# USD per month in East US, as in docs/azure/cost.md: PostgreSQL B1ms and its 32 GiB, and a private DNS zone.
SERVER, DISK, ZONE = 12.41, 3.68, 0.50
RESTART = "Azure starts a stopped PostgreSQL server again after seven days, and it costs 12.41 USD per month from then on."


def instance_price(plan: str) -> float:
    """USD per month for one instance."""
    prices: dict[str, Any] = json.loads((INFRA / "prices.json").read_text(encoding="utf-8"))
    (hour,) = (one["per_instance_hour"] for one in prices["plans"] if one["name"] == SKUS[plan])
    return float(hour) * float(prices["hours_per_month"])


def resources(plan: str) -> list[str]:
    """The number of resources of each kind, such as "2 StorageAccount"."""
    snapshot = json.loads((INFRA / "tests" / "snapshots" / f"{plan}.json").read_text(encoding="utf-8"))
    kinds = Counter(str(one["kind"]).rsplit(":", 1)[1] for one in snapshot["resources"])
    return [f"{count} {kind}" for kind, count in sorted(kinds.items())]


def rules(name: str) -> list[str]:
    """A line for each rule of the rule file."""
    setting = json.loads((INFRA / name).read_text(encoding="utf-8"))
    profiles: list[dict[str, Any]] = setting["profiles"] if "profiles" in setting else [setting]
    lines: list[str] = []
    for profile in profiles:
        capacity = profile["capacity"]
        lines.append(f"{profile['name']}: {capacity['minimum']} to {capacity['maximum']} instances")
        for rule in profile["rules"]:
            trigger, action = rule["metricTrigger"], rule["scaleAction"]
            sign = {"GreaterThan": ">", "LessThan": "<"}.get(trigger["operator"], trigger["operator"])
            step = "+" if action["direction"] == "Increase" else "-"
            lines.append(
                f"  {trigger['metricName']} {sign} {trigger['threshold']} over {trigger['timeWindow']}: "
                f"{step}{action['value']}, cooldown {action['cooldown']}"
            )
    return lines


def wrapped(items: list[str], width: int = 100) -> str:
    lines: list[str] = []
    line = ""
    for item in items:
        if line and len(line) + len(item) + 2 > width:
            lines.append(line + ",")
            line = ""
        line = f"{line}, {item}" if line else item
    return "\n            ".join([*lines, line])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", choices=sorted(SKUS), required=True)
    parser.add_argument("--location", default="")
    parser.add_argument("--rules", default="autoscale.json")
    parser.add_argument("--paused", action="store_true", help="only what still costs while the stack is paused")
    given = parser.parse_args()
    fixed = SERVER + DISK + ZONE
    if given.paused:
        print(f"Costs while paused: {DISK + ZONE:.2f} USD per month (disk {DISK:.2f}, DNS zone {ZONE:.2f}; storage accounts below 1).")
        print(RESTART)
        return 0
    price = instance_price(given.plan)
    by = "Azure Monitor applies them" if given.plan == "premium-v3" else "the app applies them itself"
    print(f"Region:     {given.location}")
    print(f"Plan:       {given.plan} ({SKUS[given.plan]}, Linux)")
    print(f"Resources:  {wrapped(resources(given.plan))}")
    print(f"Rules:      {given.rules}; {by}")
    for line in rules(given.rules):
        print(f"            {line}")
    for count in (1, 2, 3):
        print(f"Cost:       {count * price + fixed:.0f} USD per month with {count} instance{'s' if count > 1 else ''} (East US, estimate)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
