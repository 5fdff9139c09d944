"""Fixtures: the stack on each plan."""

from __future__ import annotations

import sys

import pytest
import recorder
from stand_ins import ROOT

# The Python programs of the scripts.
sys.path.append(str(ROOT / "scripts" / "azure"))

PACKAGE = f"elastic-visits-{'0' * 64}.zip"
CONFIGS = {
    "premium-v3": {},
    "elastic-premium": {"elastic-visits:plan": "elastic-premium", "elastic-visits:package": PACKAGE},
}

# All optional parts, for checks of the whole stack.
EVERYTHING = {
    "elastic-visits:alert-email": "operator@example.com",
    "elastic-visits:monthly-budget": "150",
    "elastic-visits:database-maintenance": "sunday 03:00",
}


@pytest.fixture(scope="session", autouse=True)
def no_login_in_the_environment() -> None:
    """A developer's own login must not change the recorded stack."""
    patch = pytest.MonkeyPatch()
    for name in ("ARM_CLIENT_ID", "PULUMI_CONFIG"):
        patch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def premium() -> recorder.Recorded:
    """The stack on premium-v3, without settings."""
    return recorder.run(CONFIGS["premium-v3"])


@pytest.fixture(scope="session")
def elastic() -> recorder.Recorded:
    """The stack on elastic-premium, with an uploaded package."""
    return recorder.run(CONFIGS["elastic-premium"])


@pytest.fixture(scope="session", params=list(CONFIGS))
def either(request: pytest.FixtureRequest) -> recorder.Recorded:
    """The stack on each plan in turn."""
    return request.getfixturevalue({"premium-v3": "premium", "elastic-premium": "elastic"}[request.param])
