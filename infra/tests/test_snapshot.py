"""The stack's requests equal the reviewed ones in snapshots/<plan>.json.

Every change of the stack changes these files, so that a reviewer sees it. To renew them after an intended change:

    RENEW_SNAPSHOTS=1 ./scripts/test --only azure
    git diff infra/tests/snapshots
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict

import pytest
from recorder import INFRA, Recorded

SNAPSHOTS = INFRA / "tests" / "snapshots"


def test_everything_is_as_reviewed(either: Recorded) -> None:
    resources = [asdict(found) for _, found in sorted(either.resources.items())]
    text = json.dumps({"resources": resources, "outputs": either.outputs}, indent=2, sort_keys=True) + "\n"
    path = SNAPSHOTS / f"{either.outputs['plan']}.json"
    if os.environ.get("RENEW_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
        pytest.skip(f"wrote {path.name}; read the difference, then run again without RENEW_SNAPSHOTS")
    assert json.loads(text) == json.loads(path.read_text(encoding="utf-8")), "see the top of this file to renew it"
    assert text == path.read_text(encoding="utf-8"), "the snapshot was edited by hand"
