"""Statements of the pages about Azure that can be compared with another source."""

from __future__ import annotations

import json
import re

import pytest
import settings
from overview import DISK, SERVER, ZONE
from stand_ins import ROOT

PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "azure").glob("*.md")}
README = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_costs_follow_from_the_price_file(count: int) -> None:
    prices = json.loads((ROOT / "infra" / "prices.json").read_text())
    page = PAGES["cost.md"]
    assert prices["as_of"] in page
    besides = SERVER + DISK + ZONE
    for part in (SERVER, DISK, ZONE, DISK + ZONE):
        assert f"{part:.2f}" in page
    hours = prices["hours_per_month"]
    costs = {plan["name"]: round(plan["per_instance_hour"] * hours * count + besides) for plan in prices["plans"]}
    assert f"| {count} | {costs['P0v3']} | {costs['EP1']} |" in page


def test_every_setting_is_described() -> None:
    described = set(re.findall(r"^\| `elastic-visits:([a-z-]+)`", PAGES["deploy.md"], re.MULTILINE))
    assert described == set(settings.KEYS)
    assert f"| `azure-native:location` | `{settings.DEFAULT_LOCATION}` |" in PAGES["deploy.md"]


@pytest.mark.parametrize("page", [README, *PAGES.values()], ids=["README.md", *PAGES])
def test_every_script_that_a_page_names_exists(page: str) -> None:
    named = set(re.findall(r"\bscripts/([a-z]+)\b(?!/)", page))
    for script in named:
        assert (ROOT / "scripts" / script).is_file(), script
