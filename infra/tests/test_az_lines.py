"""Finding the `az` command lines in texts."""

from __future__ import annotations

from pathlib import Path

import az_lines
import pytest
from check_az import plain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("  $ az group exists --name g", ["az", "group", "exists", "--name", "g"]),
        ("az group exists \\\n    --name g", ["az", "group", "exists", "--name", "g"]),
        ("az group list --query '[].name'   # names them", ["az", "group", "list", "--query", "[].name"]),
        ("  az group list --tag a   if it says so", ["az", "group", "list", "--tag", "a"]),
        ('KEY="$(az group show --name g)"', ["az", "group", "show", "--name", "g"]),
        ("run `az group show --name g` first", ["az", "group", "show", "--name", "g"]),
        ("        run: az group show --name g", ["az", "group", "show", "--name", "g"]),
        ("az group list --query \"[?name=='a|b']\" | head", ["az", "group", "list", "--query", "[?name=='a|b']"]),
    ],
)
def test_a_command_is_found_as_a_shell_would_split_it(text: str, found: list[str]) -> None:
    assert az_lines.in_text(text) == [found]


@pytest.mark.parametrize("text", ["`az group list` names them", "# az", "xaz group list --tag a", "`az group show --output json`"])
def test_a_text_that_only_mentions_a_command_is_not_a_command_line(text: str) -> None:
    assert az_lines.in_text(text) == []


def test_lines_are_kept_once_and_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "lines"
    monkeypatch.delenv(az_lines.VARIABLE, raising=False)
    az_lines.keep([["az", "group", "list"]], "")
    monkeypatch.setenv(az_lines.VARIABLE, str(file))
    az_lines.keep([["az", "group", "list"], ["pulumi", "up"]], "  $ az group show --name g")
    az_lines.keep([["az", "group", "list"]], "")
    assert az_lines.kept(file) == [("az", "group", "list"), ("az", "group", "show", "--name", "g")]


def test_values_that_differ_between_runs_are_left_out() -> None:
    line = ("az", "x", "--src", "/tmp/pytest-1/a stage/target/a.zip", "--name", f"h-{'a' * 64}", "--id", "$PLAN")
    words = plain(line)
    assert words[3] == "target/a.zip" and words[5] == f"h-{'0' * 64}" and words[7].startswith("/subscriptions/")
