"""Holds the documentation against the project: links, commands and their options, outputs, settings, translations.

Every shell block of the pages at the top, of infra/README.md and docs/ is run, unless its fence says why not:

    ```sh                   run; a ```text block after it is its output, with ... for what differs each time
    ```sh serve             starts the app for the blocks after it on the page, in place of one that runs
    ```sh starts            each line starts it, in place of one that runs; it is ended as soon as it serves
    ```sh elsewhere STEP    run by that step of scripts/test
    ```sh azure             needs Azure: only its shape is checked, and that our scripts know the options
    ```sh hand              installs something, takes very long, or needs what is not there: checked in the same way
    ```sh where PROGRAM     run, and told when it is not, only where PROGRAM is installed; also after serve or starts

A page for those who have lab but not this repository says so in a comment (blocks.OWN_FOLDER). Its blocks run one after
another in an empty folder, as in one terminal, with lab in PATH.

A page that changes files says so, too (copy_of.CHANGES_FILES). It runs in a copy of the repository, where its blocks of code are
put into the files that their fences name:

    ```rust PATH            a new file
    ```diff PATH            lines to add and to remove, between lines that the file has once

The examples in the help of the scripts and of lab are checked as well: their options, and those that need nothing are run.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from pathlib import Path

import blocks
import checks
import page
import shell

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="append", metavar="PATH", help="run this page's blocks only, or several")
    parser.add_argument("--look", action="store_true", help="run no block")
    parser.add_argument("--workflows", metavar="FOLDER", type=Path, help="only write the workflows that pages show into it")
    arguments = parser.parse_args()
    # An interrupted run ends the apps that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))

    names = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "infra/README.md"]
    names += sorted(file.relative_to(ROOT).as_posix() for file in (ROOT / "docs").rglob("*.md"))
    pages = {name: page.read(ROOT, name) for name in names}
    if unknown := set(arguments.page or []) - set(names):
        parser.error(f"there is no page {', '.join(sorted(unknown))}")
    if arguments.workflows:
        return _write_workflows(pages, arguments.workflows)
    steps = subprocess.run(
        [ROOT / "scripts" / "test", "--list"], capture_output=True, text=True, check=True
    ).stdout.split()

    programs = shell.Programs(ROOT)
    helps = programs.helps()
    wrong = _look(pages, helps, programs, steps)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    if wrong:
        return 1
    total = sum(len(each.blocks) for each in [*pages.values(), *helps.values()])
    print(f"{len(pages)} pages, {total} blocks: links, marks, options, settings and translations are right", flush=True)
    if arguments.look:
        return 0
    try:
        # Those in Spanish have the same blocks.
        chosen = [pages[name] for name in arguments.page or names if not name.startswith(checks.SPANISH)]
        for each in chosen if arguments.page else [*helps.values(), *chosen]:
            for told in blocks.run(ROOT, each, steps):
                print(told, flush=True)
    except blocks.Failed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


def _write_workflows(pages: dict[str, page.Page], folder: Path) -> int:
    """Writes each YAML block with jobs, for the checks of scripts/test's step flows."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.yml"):
        old.unlink()
    shown = [block for each in pages.values() for block in each.blocks if block.language == "yaml" and "\njobs:\n" in block.text]
    for block in shown:
        (folder / (block.place.replace("/", "-").replace(":", "-") + ".yml")).write_text(block.text, encoding="utf-8")
    if not shown:
        print("no page shows a workflow: has the way they are written changed?", file=sys.stderr)
    return 0 if shown else 1


def _look(
    pages: dict[str, page.Page], helps: dict[str, page.Page], programs: shell.Programs, steps: list[str]
) -> list[str]:
    return [
        *checks.links(ROOT, pages),
        *checks.fences(pages, steps),
        *checks.calls(pages, programs),
        *checks.translations(pages),
        *checks.length(ROOT, pages),
        *checks.settings(pages["docs/reference/settings.md"], programs),
        *checks.every_command(pages["docs/reference/commands.md"], programs),
        *checks.examples(helps, programs),
        *checks.pictures(ROOT, pages),
    ]


if __name__ == "__main__":
    sys.exit(main())
