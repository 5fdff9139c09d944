"""Runs the Locust file for ten seconds against the handler, as scripts/test does with the Python of target/peers-venv.

The handler uses a free port and SQLite in a temporary folder, and is stopped afterwards.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The fuzz tests start and stop the server in the same way.
sys.path.append(str(HERE.parent / "fuzz"))
from drive import Failed, environment, free_port, server, without_proxies  # noqa: E402

WANTED = {"/api/visit", "/api/metrics", "/api/stress"}
LIMIT = 300


def run_locust(url, folder):
    command = [
        *(sys.executable, "-m", "locust", "--locustfile", str(HERE / "locustfile.py"), "--host", url),
        *("--headless", "--users", "30", "--spawn-rate", "10", "--run-time", "10s"),
        # The table is written to standard error, the numbers to standard output.
        *("--json", "--only-summary", "--exit-code-on-error", "1", "--loglevel", "WARNING"),
    ]
    env = {name: value for name, value in without_proxies().items() if name != "FUNCTIONS_KEY"}
    done = subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT
    )
    if done.returncode != 0:
        raise Failed(f"locust ended with exit code {done.returncode}:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout)


def check(figures):
    requests = {figure["name"]: figure["num_requests"] for figure in figures}
    failures = {figure["name"]: figure["num_failures"] for figure in figures if figure["num_failures"]}
    if failures:
        raise Failed(f"there were failures: {failures}")
    if set(requests) != WANTED or not all(requests.values()):
        raise Failed(f"some endpoints got no requests: {requests}")
    print(f"Locust, 10 s: {requests}, no failure")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--handler", type=Path, required=True, help="the handler's binary")
    arguments = parser.parse_args()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    try:
        with tempfile.TemporaryDirectory(prefix="peers-") as name:
            folder = Path(name)
            env = environment(folder, FUNCTIONS_CUSTOMHANDLER_PORT=str(port))
            with server([arguments.handler.resolve()], url, env, folder, signal.SIGTERM):
                check(run_locust(url, folder))
    except (Failed, subprocess.TimeoutExpired) as error:
        sys.exit(f"scripts/peers: {error}")


if __name__ == "__main__":
    main()
