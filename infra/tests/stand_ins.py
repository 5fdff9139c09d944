"""Stand-ins for az, pulumi and the other programs that the scripts call. Each records its calls and gives prepared answers.

The tests run a copy of the repository's scripts, and PATH contains only the stand-ins and a few harmless programs. So the real
scripts run, but nothing else does.
"""

from __future__ import annotations

import ast
import json
import marshal
import os
import pty
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import az_lines
import azure_answers as azure
from azure_answers import GROUP_ID, SUBSCRIPTION

ROOT = Path(__file__).resolve().parents[2]
PYTHON = os.path.realpath(sys.executable)

# A call is written as one line, a Python literal, because a word may contain line ends. The answer is the first one whose prefix
# matches. The scripts make thousands of calls, so the program imports only built-in modules: json and os would double its time.
PROGRAM = f"#!{PYTHON} -IS\n" + """\
import marshal, posix, sys
environment = {key.decode(): value.decode() for key, value in posix.environ.items()}
call = [sys.argv[0].rpartition("/")[2], *sys.argv[1:]]
secrets = {key: environment[key] for key in ("PGPASSWORD", "PGSSLMODE", "PGHOST", "PGUSER", "PGDATABASE") if key in environment}
with open(environment["CALLS"], "a") as calls:
    calls.write(ascii({"call": call, "environment": secrets}) + "\\n")
line = " ".join(call)
if environment["HOLD"] and line.startswith(environment["HOLD"]):
    import signal
    signal.pause()
with open(environment["ANSWERS"], "rb") as file:
    answers = marshal.load(file)
for answer in answers:
    if line.startswith(answer["prefix"]) and answer["times"] != 0:
        if answer["times"] > 0:
            answer["times"] -= 1
            with open(environment["ANSWERS"], "wb") as file:
                marshal.dump(answers, file)
        if answer["out"]:
            print(answer["out"])
        if answer["err"]:
            print(answer["err"], file=sys.stderr)
        sys.exit(answer["code"])
"""

SITES = f"{GROUP_ID}/providers/Microsoft.Web/sites"
OUTPUTS = {
    "url": "https://ev-dev-app.azurewebsites.net",
    "subscription_id": SUBSCRIPTION,
    "resource_group": "ev-dev-rg",
    "location": "swedencentral",
    "plan": "premium-v3",
    "plan_name": "ev-dev-plan",
    "plan_id": f"{GROUP_ID}/providers/Microsoft.Web/serverfarms/ev-dev-plan",
    "function_app": "ev-dev-app",
    "function_app_id": f"{SITES}/ev-dev-app",
    "app_identity_name": "ev-dev-app-identity",
    "app_identity_object_id": "11111111-2222-4333-8444-555555555555",
    "provisioner_identity_id": f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/ev-dev-provisioner",
    "provisioner_client_id": "66666666-2222-4333-8444-555555555555",
    "provisioner_name": "ev-dev-provisioner",
    "postgres_server": "ev-dev-postgres",
    "postgres_host": "ev-dev-postgres.postgres.database.azure.com",
    "database": "elastic_visits",
    "storage_account": "evdevpkg",
    "package_container": "packages",
    "app_subnet_id": f"{GROUP_ID}/providers/Microsoft.Network/virtualNetworks/ev-dev-vnet/subnets/app",
    "role_step_app": "ev-dev-role-step",
    "workspace_id": "33333333-2222-4333-8444-555555555555",
    "workspace_name": "ev-dev-logs",
    "autoscale_setting": "ev-dev-autoscale",
    "autoscale_note": "Scaled by its rules; it's autoscale.json that says which.",
    "lock_name": "ev-dev-keep-database",
    "workbook_url": "https://portal.example/#@t/resource/subscriptions/s/workbooks/w/workbook",
}


def heed_signals() -> None:
    """Lets signals end the process, even if the tests ignore them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass
class Done:
    """A script that has ended."""

    code: int
    out: str
    calls: list[list[str]]
    environments: list[dict[str, str]]

    @property
    def lines(self) -> list[str]:
        """The calls, one line each."""
        return [" ".join(call) for call in self.calls]

    def position(self, prefix: str) -> int:
        """The position of the first call with this prefix. Fails if there is none."""
        for number, line in enumerate(self.lines):
            if line.startswith(prefix):
                return number
        raise AssertionError(f"no call begins with {prefix!r}:\n" + "\n".join(self.lines))


@dataclass
class Stage:
    """A copy of the scripts, with stand-ins for the programs that they call."""

    folder: Path
    answers: list[dict[str, object]] = field(default_factory=lambda: [])
    without: set[str] = field(default_factory=lambda: set())
    hold: str = ""
    """A call that begins so does not end until a signal ends it."""

    def __post_init__(self) -> None:
        for name in ("scripts", "infra"):
            (self.folder / name).mkdir()
        for script in (ROOT / "scripts").iterdir():
            if script.is_file():
                shutil.copy(script, self.folder / "scripts")
        for part in ("scripts/azure", "infra/tests/snapshots"):
            shutil.copytree(ROOT / part, self.folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("naming.py", "regions.py", "prices.json", "autoscale.json", "role-step.json"):
            shutil.copy(ROOT / "infra" / name, self.folder / "infra")
        self.lab = self.folder / "target" / "quick" / "lab"
        for program in (self.lab, self.folder / "target" / "app" / "handler"):
            program.parent.mkdir(parents=True)
            program.write_text(PROGRAM)
            program.chmod(0o755)
        (self.folder / "target" / "elastic-visits.zip").write_bytes(b"a package")
        (self.folder / "target" / "elastic-visits-role-step.zip").write_bytes(b"the role step")
        self.answer("az account show", SUBSCRIPTION)
        self.answer("az account show --query name", "Playground")
        self.answer("pulumi whoami", "somebody")
        self.answer("az functionapp function list", "12")
        self.answer("az postgres flexible-server show", "Ready")
        azure.no_role_step(self.answer)
        azure.allows_everything(self.answer)
        # Nothing is deployed yet.
        self.answer("az group list", "[]")
        self.answer("pulumi config --json", "{}")
        self.answer("az group exists", "false")
        self.answer("az monitor autoscale show", "true")
        # For the scripts, the toolchain is installed.
        self.answer("rustc --version", "rustc 1.95.0 (x)")
        self.outputs()

    def outputs(self, **changed: str) -> None:
        """Sets the outputs of the stack."""
        self.answer("pulumi stack output", json.dumps(OUTPUTS | changed))

    def answer(self, prefix: str, out: str = "", *, err: str = "", code: int = 0, times: int = -1) -> None:
        """Sets the answer to calls with this prefix from now on. The latest takes precedence. Negative `times`: always."""
        self.answers.insert(0, {"prefix": prefix, "out": out, "err": err, "code": code, "times": times})

    def run(self, script: str, *arguments: str, typed: str | None = None, environment: dict[str, str] | None = None) -> Done:
        """Runs a script to its end. `typed` is the input of a separate terminal."""
        variables = self._prepare() | (environment or {})
        command = [str(self.folder / script), *arguments]
        if typed is None:
            done = subprocess.run(
                command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
            )
            code, out = done.returncode, done.stdout
        else:
            ours, theirs = pty.openpty()
            process = subprocess.Popen(
                command, env=variables, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            os.write(ours, typed.encode() + b"\n")
            out, _ = process.communicate(timeout=120)
            code = process.returncode
            os.close(ours)
            os.close(theirs)
        made = self._made()
        az_lines.keep([one["call"] for one in made], out)
        return Done(code, out, [one["call"] for one in made], [one["environment"] for one in made])

    def start(self, script: str, *arguments: str) -> subprocess.Popen[str]:
        """Starts a script in its own process group, for a test that interrupts it."""
        return subprocess.Popen(
            [self.folder / script, *arguments], env=self._prepare(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
            # A shell in the background, such as a step of scripts/test, ignores Ctrl+C, and nohup ignores the end of the
            # terminal. Their child processes inherit this.
            preexec_fn=heed_signals,
        )

    def calls(self) -> list[str]:
        """The calls of a started script, one line each."""
        return [" ".join(one["call"]) for one in self._made()]

    def _made(self) -> list[dict[str, Any]]:
        # While a script is running, the last line may be incomplete.
        text = (self.folder / "calls").read_text()
        return [ast.literal_eval(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def _prepare(self) -> dict[str, str]:
        """Creates the programs and the answers, and returns the script's environment."""
        programs = self.folder / "programs"
        shutil.rmtree(programs, ignore_errors=True)
        programs.mkdir()
        for name in {"az", "pulumi", "cargo", "rustc", "cc", "musl-gcc", "sleep", "node", "npm"} - self.without:
            program = programs / name
            program.write_text(PROGRAM)
            program.chmod(0o755)
        calls, answers = self.folder / "calls", self.folder / "answers"
        calls.write_text("")
        answers.write_bytes(marshal.dumps(self.answers))
        for name in ("sh", "sed", "cat", "date", "sha256sum", "id", "find", "env", "uname", "cksum", "sort", "mkdir",
                     "rm", "mktemp", "chmod"):
            real = shutil.which(name)
            assert real is not None, name
            (programs / name).symlink_to(real)
        # Without the installed modules of this Python: the scripts use none, and the search for them takes half of the time.
        plain = programs / "python3"
        plain.write_text(f'#!/bin/sh\nexec {shlex.quote(PYTHON)} -S "$@"\n')
        plain.chmod(0o755)
        return {
            "PATH": str(programs),
            "HOME": str(self.folder),
            "CALLS": str(calls),
            "ANSWERS": str(answers),
            "HOLD": self.hold,
            "DEPLOYER_ADDRESS": "203.0.113.9",
        }
