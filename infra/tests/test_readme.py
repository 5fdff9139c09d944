"""What infra/README.md says that can be looked up elsewhere."""

from __future__ import annotations

import json
import re

import pytest
from stand_ins import ROOT

README = (ROOT / "infra" / "README.md").read_text()
# PostgreSQL B1ms, its 32 GiB, the private DNS zone; the text names them.
BESIDES = 12.41 + 3.68 + 0.50


@pytest.mark.parametrize("count", [1, 2, 3])
def test_costs_follow_from_the_price_file(count: int) -> None:
    prices = json.loads((ROOT / "infra" / "prices.json").read_text())
    assert prices["as_of"] in README
    hours = prices["hours_per_month"]
    costs = {plan["name"]: round(plan["per_instance_hour"] * hours * count + BESIDES) for plan in prices["plans"]}
    assert f"| {count} | {costs['P0v3']} | {costs['EP1']} |" in README


def test_every_script_it_names_is_there() -> None:
    named = set(re.findall(r"\./scripts/([a-z]+)", README))
    assert named >= {"deploy", "check", "destroy"}
    for script in named:
        assert (ROOT / "scripts" / script).is_file(), script
