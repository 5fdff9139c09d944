"""Tests infra/monitoring and scripts/monitor in a real run: one instance, three, one of them killed, one again.

`lab up` runs the app with one Azure minute per second, and scripts/monitor records it with the real Prometheus. A stress run
of the fleet scales it out, while visitors send requests. At the end, all queries of the dashboard must have results, and the
alert about the killed instance must have fired, but no other one. Everything uses free ports and a temporary folder.
scripts/test runs this program with the Python of target/monitoring-venv.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import dashboard

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
MOST = 3
LIVE = "job:elastic_visits_instances_live:sum"
KILLED = "ElasticVisitsInstanceLost"
FLAPPING = "ElasticVisitsFlapping"
LIFE_PANEL = "Each instance's life"
LOST = 4
# The run only scales out to three instances and back, so these alerts must not fire.
QUIET = [
    "ElasticVisitsNoLiveInstance",
    "ElasticVisitsDatabaseAway",
    "ElasticVisitsAtMaximum",
    "ElasticVisitsErrorRate",
    "ElasticVisitsLatency",
    FLAPPING,
    "ElasticVisitsScalerSilent",
    "ElasticVisitsScalerRefused",
    "ElasticVisitsScrapeFails",
]
T = TypeVar("T")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failed(Exception):
    """The error in one sentence."""


def call(url: str, method: str = "GET", body: Any = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    headers = {} if body is None else {"content-type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    with OPENER.open(request, timeout=10) as answer:
        return answer.read()


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def eventually(what: str, ask: Callable[[], T | None]) -> T:
    """Repeats `ask` until it has a result. A service that is not available yet counts as no result."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            answer = ask()
        except (OSError, urllib.error.URLError, json.JSONDecodeError):
            answer = None
        if answer:
            return answer
        time.sleep(0.2)
    raise Failed(f"{what}: did not happen within {PATIENCE} s")


@contextmanager
def running(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program, which must end with exit code 0 when it is told to end."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=ROOT)
    try:
        yield process
        if process.poll() is not None:
            raise Failed(f"{Path(command[0]).name} ended by itself with exit code {process.returncode}")
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)
        if code != 0:
            raise Failed(f"{Path(command[0]).name} ended with exit code {code} on SIGTERM")
    except BaseException:
        print(f"--- Output of {Path(command[0]).name}:\n{log.read_text()[-3000:]}", file=sys.stderr)
        raise
    finally:
        # The program gets SIGTERM first, because its child processes would outlive a killed one.
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Visitors:
    """Sends visits and reads the list, about ten times per second each, until it is stopped."""

    def __init__(self, app: str) -> None:
        self._app = app
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._visit)
        self.failed = 0
        self.answered = 0

    def __enter__(self) -> Visitors:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _visit(self) -> None:
        while not self._stop.wait(0.05):
            for method, path in [("POST", "/api/visit"), ("GET", "/api/visits")]:
                try:
                    call(f"{self._app}{path}", method)
                    self.answered += 1
                except OSError:
                    self.failed += 1


class Prometheus:
    """The client of a running Prometheus."""

    def __init__(self, url: str) -> None:
        self._url = url

    def _ask(self, path: str, **query: Any) -> Any:
        text = urllib.parse.urlencode(query)
        try:
            answer = json.loads(call(f"{self._url}/api/v1/{path}?{text}"))
        except urllib.error.HTTPError as refused:
            raise Failed(f"{query.get('query', path)}: {json.loads(refused.read())['error']}") from None
        return answer["data"]

    def now(self, expression: str) -> list[dict[str, Any]]:
        """The current series."""
        return self._ask("query", query=expression)["result"]

    def number(self, expression: str) -> float | None:
        """The current value of the only series; `None` if there is not exactly one."""
        found = self.now(expression)
        return float(found[0]["value"][1]) if len(found) == 1 else None

    def over(self, expression: str, begun: float) -> list[float]:
        """The values of all series since then, one per second."""
        found = self._ask("query_range", query=expression, start=begun, end=time.time(), step=1)["result"]
        values = [float(value) for series in found for _, value in series["values"]]
        # Without quantiles and shares of no requests, which are not numbers.
        return [value for value in values if math.isfinite(value)]

    def fired(self, begun: float) -> set[str]:
        """The alerts that fired since then."""
        found = self._ask("query_range", query='ALERTS{alertstate="firing"}', start=begun, end=time.time(), step=1)
        return {series["metric"]["alertname"] for series in found["result"]}

    def labels(self, name: str, metric: str) -> list[str]:
        """The values that a variable of the dashboard would list."""
        return self._ask(f"label/{name}/values", **{"match[]": metric})


MONITOR = str(ROOT / "scripts" / "monitor")
# Arguments that are refused before anything is started, and a part of each message.
REFUSED = [
    (["ftp://127.0.0.1:7071"], "begins with http:// or https://"),
    (["http://127.0.0.1:7071/metrics"], "an address alone"),
    (["http://user@127.0.0.1"], "an address alone"),
    (['http://a"b'], "an address alone"),
    (["https://one", "https://two"], "only one URL"),
    (["--port", "70000"], "a port from 1 to 65535"),
    (["--port"], "needs a value"),
    (["--prot", "1"], "unknown argument"),
]


def refuses_what_is_wrong(plain: dict[str, str], folder: Path) -> None:
    empty = folder / "empty"
    for arguments, sentence in REFUSED:
        done = subprocess.run([MONITOR, "--data", str(empty), *arguments], capture_output=True, text=True, timeout=20, env=plain)
        if done.returncode != 2 or sentence not in done.stderr or empty.exists():
            raise Failed(f"scripts/monitor {arguments} was not refused with this message: {done.returncode} {done.stderr}")
    # A PATH without Prometheus, with only the programs that the script needs itself.
    bare = folder / "bare"
    bare.mkdir()
    for name in ("dirname", "cat", "id"):
        found = shutil.which(name)
        if found:
            (bare / name).symlink_to(found)
    done = subprocess.run(["/bin/sh", MONITOR], capture_output=True, text=True, timeout=20, env=plain | {"PATH": str(bare)})
    if done.returncode != 2 or "Prometheus or its promtool is not installed" not in done.stderr:
        raise Failed(f"scripts/monitor does not say that Prometheus is missing: {done.returncode} {done.stderr}")


def stand_in_for_grafana(folder: Path) -> Path:
    """Creates a program named as Grafana's that records its environment. Debian has no package of Grafana."""
    programs = folder / "programs"
    programs.mkdir()
    program = programs / "grafana-server"
    program.write_text(f"#!/bin/sh\n{{ env; printf 'ARGUMENTS=%s\\n' \"$*\"; }} >'{folder}/grafana.started'\nexec sleep 600\n")
    program.chmod(0o755)
    return programs


def grafana_was_started_well(folder: Path, port: int) -> None:
    record = folder / "grafana.started"
    # Its last line. The program may still be starting, or still writing.
    eventually("Grafana is started", lambda: "ARGUMENTS=" in record.read_text())
    told = dict(line.split("=", 1) for line in record.read_text().splitlines() if "=" in line)
    wanted = {
        "PROMETHEUS_URL": f"http://127.0.0.1:{port}",
        "SCRAPE_INTERVAL": "1s",
        "GF_SERVER_HTTP_ADDR": "127.0.0.1",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_AUTH_BASIC_ENABLED": "false",
        "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
    }
    wrong = [f"{name} is {told.get(name)!r}" for name, value in wanted.items() if told.get(name) != value]
    provisioning = Path(told["GF_PATHS_PROVISIONING"])
    used = {name for file in provisioning.rglob("*.yml") for name in re.findall(r"\$(\w+)", file.read_text())}
    wrong += [f"${name} is used in its files but not set" for name in used - told.keys()]
    if not list(Path(told["DASHBOARDS"]).glob("*.json")):
        wrong.append("there is no dashboard in its folder of dashboards")
    wrong += [f"a password is in {name}" for name in told if "PASSWORD" in name]
    if wrong:
        raise Failed(f"Grafana would be started wrongly: {'; '.join(wrong)}")


def live(app: str) -> int:
    return json.loads(call(f"{app}/api/instances"))["live"]


def run(lab: str, app_folder: str, folder: Path) -> None:
    app_port, port, node_port, grafana_port = free_ports(4)
    app = f"http://127.0.0.1:{app_port}"
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    host = [lab, "up", "--script-root", app_folder, "--time-scale", "60", "--port", str(app_port)]
    # The path contains a space, as a user's path may.
    watch = [MONITOR, app, "--port", str(port), "--data", str(folder / "what was measured")]
    watch += ["--node-port", str(node_port), "--grafana-port", str(grafana_port)]
    refuses_what_is_wrong(plain, folder)
    with_grafana = plain | {"PATH": f"{stand_in_for_grafana(folder)}:{plain['PATH']}"}
    prometheus = Prometheus(f"http://127.0.0.1:{port}")
    with running(host, folder / "host.log", plain | {"SQLITE_PATH": str(folder / "visits.db")}):
        eventually("the app serves", lambda: live(app) == 1)
        begun = time.time()
        with running(watch, folder / "monitor.log", with_grafana), Visitors(app) as visitors:
            eventually("Prometheus sees one instance", lambda: prometheus.number(LIVE) == 1)
            grafana_was_started_well(folder, port)
            order = {"duration": 600, "wait": False, "scope": "fleet"}
            call(f"{app}/api/stress", "POST", order)
            killed = eventually("three instances serve, and one is killed", lambda: kill_one(app))
            alert = f'ALERTS{{alertname="{KILLED}", alertstate="firing", instance_id="{killed}"}}'
            eventually(f"the alert on {killed}, which was killed", lambda: prometheus.now(alert))
            eventually("the dashboard shows it as lost", lambda: life(prometheus, killed) == LOST)
            print(f"{killed} of three was killed under load: the alert fires, and the dashboard shows it as lost")
            eventually("three instances again", lambda: prometheus.number(LIVE) == MOST)
            call(f"{app}/api/stress", "DELETE")
            eventually("one instance again", lambda: prometheus.number(LIVE) == 1)
            judge(prometheus, begun, visitors)
            wrong = dashboard.mistakes(dashboard.load(), metrics(app))
            if wrong:
                raise Failed("; ".join(wrong))
        left = [number for number in (port, node_port) if socket.socket().connect_ex(("127.0.0.1", number)) == 0]
        if left:
            raise Failed(f"scripts/monitor has ended, but a program still listens on {left}")


def kill_one(app: str) -> str | None:
    """If three instances serve, kills the newest one, which simulates a crash. Returns its name."""
    fleet = json.loads(call(f"{app}/admin/lab/fleet?samples=0"))
    serving = [one for one in fleet["instances"] if one["state"] == "ready"]
    if len(serving) < MOST:
        return None
    last = max(serving, key=lambda one: one["started_at"])["id"]
    call(f"{app}/admin/lab/instances/{last}/kill", "POST")
    return last


def life(prometheus: Prometheus, instance: str) -> float | None:
    """The current value for one instance in the dashboard's panel about the life of the instances."""
    panels = dashboard.load()["panels"]
    expression = next(panel["targets"][0]["expr"] for panel in panels if panel["title"] == LIFE_PANEL)
    found = [one for one in prometheus.now(expression) if one["metric"]["instance_id"] == instance]
    return float(found[0]["value"][1]) if found else None


def metrics(app: str) -> set[str]:
    """The names of the metrics and of the series in /metrics."""
    text = call(f"{app}/metrics").decode()
    names = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    return names | set(re.findall(r"^(\w+)\{", text, re.MULTILINE))


def judge(prometheus: Prometheus, begun: float, visitors: Visitors) -> None:
    counts = prometheus.over(LIVE, begun)
    # A killed instance counts until it has missed three heartbeats, and its replacement may already run. The last value is
    # not checked, because the last second may still be missing. The run has already waited for one instance.
    if counts[0] != 1 or MOST not in counts or max(counts) > MOST + 1:
        raise Failed(f"the counts went from {counts[0]:g} up to {max(counts):g}, not from 1 to {MOST}")
    found = dashboard.load()
    asked = [query for query in dashboard.queries(found, interval="10s") if not dashboard.asks_the_scaler(query)]
    empty = [query.place for query in asked if not prometheus.over(query.expression, begun)]
    if empty:
        raise Failed(f"these queries of the dashboard have no result: {', '.join(empty)}")
    names = prometheus.labels("instance_id", "elastic_visits_instance_info")
    if len(names) < MOST:
        raise Failed(f"the dashboard's list of instances has {names} only")
    fired = prometheus.fired(begun)
    # A rule that is never evaluated does not fire either, but promtool's tests show that each rule can fire.
    loud = fired.intersection(QUIET)
    # The kill and its replacement can cause a third rise and fall. The alert on flapping is then right.
    falls = prometheus.number(f"resets({LIVE}[1h])") or 0
    rises = (prometheus.number(f"changes({LIVE}[1h])") or 0) - falls
    if min(rises, falls) >= 3:
        loud.discard(FLAPPING)
    if KILLED not in fired or loud:
        raise Failed(f"of the alerts {sorted(fired)} fired, but only {KILLED} should have")
    print(
        f"1, {MOST}, 1 instances, {len(names)} in all; {visitors.answered} requests answered, {visitors.failed} failed; "
        f"{len(asked)} queries of the dashboard, all with results; fired: {', '.join(sorted(fired))}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", required=True, help="the lab's binary")
    parser.add_argument("--app", required=True, help="the function app's folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="elastic-visits-monitoring-") as folder:
        try:
            run(arguments.lab, arguments.app, Path(folder))
        except Failed as failure:
            print(f"monitoring: {failure}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
