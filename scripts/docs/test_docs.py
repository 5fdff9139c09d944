"""The checks find what is wrong: each against a page that has it."""

from __future__ import annotations

import subprocess
import tempfile
import unittest
from pathlib import Path

import blocks
import checks
import copy_of
import page
import shell

STEPS = ["tests", "demo"]


class Pages(unittest.TestCase):
    def test_blocks_have_their_place_words_and_text_without_the_list_s_indentation(self) -> None:
        read = page.parse("a.md", "1. do\n\n   ```sh azure\n   az login\n     --deep\n   ```\n")
        self.assertEqual(read.blocks, (page.Block("a.md", 3, "sh", ("azure",), "az login\n  --deep\n"),))

    def test_an_unclosed_fence_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "a.md:2"):
            page.parse("a.md", "text\n```sh\nls\n")

    def test_anchors_match_those_of_github(self) -> None:
        read = page.parse("a.md", "# `lab up`: the fleet, on one machine\n## Twice\n## Twice\n## ¿Qué hace?\n")
        self.assertEqual(read.anchors, {"lab-up-the-fleet-on-one-machine", "twice", "twice-1", "qué-hace"})

    def test_links_in_code_do_not_count(self) -> None:
        read = page.parse("a.md", "`[a](b)` [c](d.md#e) ![f](g.png)\n```sh\n[h](i)\n```\n[j]: k.md\n")
        self.assertEqual({link.target for link in read.links}, {"d.md#e", "g.png", "k.md"})


class Checks(unittest.TestCase):
    def test_links(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            for name, text in {"a.md": "# One\n[1](b.md#two) [2](b.md#three) [3](c.md) [4](#one)\n", "b.md": "# Two\n"}.items():
                (root / name).write_text(text)
            pages = {name: page.read(root, name) for name in ("a.md", "b.md")}
            found = list(checks.links(root, pages))
        self.assertEqual(found, ["a.md:2: b.md has no heading for #three", "a.md:2: c.md leads nowhere"])

    def test_length(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "docs").mkdir()
            for name, words, faults in (
                ("README.md", 900, 0),
                ("README.md", 901, 1),
                ("docs/page.md", 2000, 0),
                ("docs/page.md", 2001, 1),
                ("CHANGELOG.md", 2001, 0),
            ):
                (root / name).write_text("word " * words)
                found = list(checks.length(root, {name: page.read(root, name)}))
                self.assertEqual(len(found), faults, (name, words))

    def test_marks(self) -> None:
        text = "".join(
            f"```{fence}\nls\n```\n"
            for fence in (
                *("", "bash", "sh", "text", "sh elsewhere demo", "sh elsewhere moon", "sh later", "sh azure x", "text", "json", "text"),
                *("sh where go", "sh serve where go", "sh where", "sh where go now", "sh later where go"),
            )
        )
        found = list(checks.fences({"a.md": page.parse("a.md", text)}, STEPS))
        self.assertEqual([sentence.split(":")[1] for sentence in found], ["1", "4", "16", "19", "22", "31", "40", "43", "46"])

    def test_a_translation_may_differ_in_comments_only(self) -> None:
        pages = {
            "docs/concepts/autoscaling.md": "# A\n```sh\nls   # all\n```\n```text\nx\n```\n",
            "docs/es/guide.md": "# A\n```sh\nls # todo\n```\n```text\nx\n```\n",
        }
        read = {name: page.parse(name, text) for name, text in pages.items()}
        self.assertEqual(list(checks.translations(read)), [])
        for text in ("# A\n```sh\nls -l\n```\n```text\nx\n```\n", "# A\n```sh\nls\n```\n", "```sh\nls\n```\n```text\nx\n```\n"):
            read["docs/es/guide.md"] = page.parse("docs/es/guide.md", text)
            self.assertEqual(len(list(checks.translations(read))), 1, text)

    def test_the_spanish_start_page_translates_none(self) -> None:
        for name, faults in (("docs/es/README.md", 0), ("docs/es/other.md", 1)):
            self.assertEqual(len(list(checks.translations({name: page.parse(name, "# A\n")}))), faults, name)

    def test_options(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "scripts").mkdir()
            script = root / "scripts" / "check"
            script.write_text("#!/bin/sh\necho '  --wait S   wait'\n")
            script.chmod(0o755)
            programs = shell.Programs(root)
            for text, faults in {
                "./scripts/check --wait 5   # --no": 0,
                "./scripts/check \\\n  --wai 5": 1,
                "./scripts/missing": 1,
                "A=1 ./scripts/check --wait 1 && ./scripts/check --no | grep --count x": 1,
            }.items():
                block = page.parse("a.md", f"```sh\n{text}\n```\n").blocks[0]
                self.assertEqual(len(programs.faults(block)), faults, text)

    def test_the_examples_of_a_help_text(self) -> None:
        help_text = """Usage: scripts/load [URL]

  scripts/load --until 3        # fills scripts/load
  scripts/load --until 2        fills scripts/load
  FUNCTIONS_KEY=... scripts/load https://NAME.example --rate 20 \\
      --duration 30m
  printf '0' | target/quick/lab simulate --load -
  -h, --help    this text; target/quick/lab load --help has more
Every scripts/load writes a report.
"""
        found = shell.examples(help_text)
        expected = [
            "scripts/load --until 3",
            "scripts/load --until 2        fills scripts/load",
            "FUNCTIONS_KEY=... scripts/load https://NAME.example --rate 20 --duration 30m",
            "printf '0' | target/quick/lab simulate --load -",
        ]
        self.assertEqual(found, expected)
        self.assertEqual([bool(shell.PLACEHOLDER.search(each)) for each in found], [False, False, True, False])
        for filled_in, text in ((True, "lab report RUN.json"), (False, "lab postgres --env TEST_DATABASE_URL -- true")):
            self.assertEqual(bool(shell.PLACEHOLDER.search(text)), filled_in, text)


class Copies(unittest.TestCase):
    def put(self, text: str) -> str:
        """What becomes of a file with three lines."""
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a.rs").write_text("one\ntwo\none more\n")
            read = page.parse("a.md", f"Change `a.rs`, `b.rs`:\n{text}")
            copy_of.put(Path(folder), read, read.blocks[0])
            return "".join(file.read_text() for file in sorted(Path(folder).iterdir()))

    def test_steps(self) -> None:
        self.assertEqual(self.put("```diff a.rs\n-one\n two\n+three\n```\n"), "two\nthree\none more\n")
        self.assertEqual(self.put("```rust b.rs\nfour\n```\n"), "one\ntwo\none more\nfour\n")

    def test_steps_that_cannot_be_done(self) -> None:
        for text, wrong in (
            ("```diff a.rs\n three\n+four\n```\n", "0 times"),
            ("```diff a.rs\n+four\n```\n", "times, not once"),
            ("```diff a.rs\ntwo\n+four\n```\n", "begins with none of"),
            ("```rust a.rs\nfour\n```\n", "exists already"),
            ("```rust c.rs\nfour\n```\n", "does not tell readers"),
        ):
            with self.assertRaisesRegex(ValueError, f"a.md:2: .*{wrong}"):
                self.put(text)

    def test_a_step_names_its_file(self) -> None:
        text = f"{copy_of.CHANGES_FILES}\n```rust\n```\n```diff a.rs\n```\n"
        self.assertEqual(len(list(checks.fences({"a.md": page.parse("a.md", text)}, STEPS))), 1)

    def test_a_copy_is_linked_to_what_is_only_replaced(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root, to = Path(folder) / "root", Path(folder) / "to"
            built = root / "target" / "quick" / "deps"
            built.mkdir(parents=True)
            (root / "new.rs").write_text("")
            (root / ".gitignore").write_text("/target/\n")
            for name in ("libtokio-1.rlib", "tokio-1.d"):
                (built / name).write_text(name)
            # Of a build that runs at the same time: one folder is left out, and what is listed but deleted is no error.
            (built / "rmetaAbC123").mkdir()
            (built / "deleted.d").symlink_to(built / "nothing")
            subprocess.run(["git", "init", "--quiet", root], check=True)
            copy_of.make(root, to)
            self.assertEqual((to / "new.rs").stat().st_mtime_ns, (root / "new.rs").stat().st_mtime_ns)
            self.assertEqual(len(list((to / "target/quick/deps").iterdir())), 2)
            linked = [(to / "target/quick/deps" / name).samefile(built / name) for name in ("libtokio-1.rlib", "tokio-1.d")]
        self.assertEqual(linked, [True, False])


class Runs(unittest.TestCase):
    def test_outputs(self) -> None:
        for shown, said, right in [
            ("a\nb\n", "a\nb\n", True),
            ("a\nb\n", "a\nc\n", False),
            ("a ... c\n", "a 17 c\n", True),
            ("a\n...\nd\n", "a\nb\nc\nd\n", True),
            ("a\n...\n", "a\n", True),
            ("a\n", "a\nb\n", False),
            ("a.b\n", "axb\n", False),
        ]:
            self.assertEqual(blocks.fits(shown, said), right, (shown, said))

    def test_a_limit_is_larger_than_the_one_shown(self) -> None:
        read = page.parse("a.md", "```sh\necho 'p99<2s' | tr 3 4\n```\n```text\np99<2s\n```\n")
        with self.assertRaisesRegex(blocks.Failed, "it printed\np99<40s"):
            list(blocks.run(Path.cwd(), read, STEPS))
        read = page.parse("a.md", "```sh\necho 'p99<2s'\n```\n```text\np99<2s\n```\n")
        self.assertEqual(len(list(blocks.run(Path.cwd(), read, STEPS))), 1)

    def test_a_failing_block_is_found(self) -> None:
        for text in ("```sh\nfalse\ntrue\n```\n", "```sh\necho 1\n```\n```text\n2\n```\n"):
            with self.assertRaisesRegex(blocks.Failed, "a.md:1"):
                list(blocks.run(Path.cwd(), page.parse("a.md", text), STEPS))

    def test_a_block_waits_for_its_program(self) -> None:
        text = "```sh where no-such-program\nfalse\n```\n```sh where sh\necho 1\n```\n```text\n1\n```\n"
        told = list(blocks.run(Path.cwd(), page.parse("a.md", text), STEPS))
        self.assertEqual(told[0], "a.md:1 was NOT run: no-such-program is not installed")
        self.assertRegex(told[1], "a.md:4 took")
        with self.assertRaisesRegex(blocks.Failed, "a.md:1"):
            list(blocks.run(Path.cwd(), page.parse("a.md", "```sh where sh\nfalse\n```\n"), STEPS))

    def test_a_page_for_those_without_the_repository_has_a_folder_of_its_own(self) -> None:
        text = "```sh\nls | wc -l\ncd /\n```\n```text\n0\n```\n```sh\npwd\n```\n```text\n/\n```\n"
        own = page.parse("a.md", f"{blocks.OWN_FOLDER}\n{text}")
        self.assertEqual(len(list(blocks.run(Path.cwd(), own, STEPS))), 2)
        text = "```sh\ncd /\n```\n```sh\npwd\n```\n```text\n/\n```\n"
        with self.assertRaisesRegex(blocks.Failed, "a.md:4"):
            list(blocks.run(Path.cwd(), page.parse("a.md", text), STEPS))

    def test_marked_blocks_are_not_run(self) -> None:
        text = "```sh azure\nfalse\n```\n```sh hand\nfalse\n```\n```sh elsewhere demo\nfalse\n```\n"
        self.assertEqual(list(blocks.run(Path.cwd(), page.parse("a.md", text), STEPS)), [])


if __name__ == "__main__":
    unittest.main()
