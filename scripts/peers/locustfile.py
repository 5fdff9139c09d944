"""The usual load on Elastic Visits for Locust (https://locust.io), with the mix of `lab load --preset locust`.

    pip install --requirement scripts/peers/requirements.txt
    locust --locustfile scripts/peers/locustfile.py --host http://127.0.0.1:7071
    FUNCTIONS_KEY=... locust --locustfile scripts/peers/locustfile.py --host https://NAME.azurewebsites.net \\
        --headless --users 100 --spawn-rate 10 --run-time 2m

Visits 3, metrics 2, stress 1, with pauses of one to three seconds. Every visit must return 201. A stress run that is refused
because another one is in progress (429) is not a failure. If the app requires a key and none is set, no stress runs are
requested after the first refusal.

This is a closed loop: users wait for responses. A target that stalls gets less load, and its latencies look better than with
`lab load` at a fixed rate.
"""

import os

from locust import HttpUser, between, task

KEY = os.environ.get("FUNCTIONS_KEY")


class Visitor(HttpUser):
    """A user who visits, reads the metrics, and sometimes requests a stress run."""

    wait_time = between(1, 3)
    stress_refused = False

    @task(3)
    def visit(self):
        with self.client.post("/api/visit", catch_response=True) as answer:
            if answer.status_code != 201:
                answer.failure(f"answered {answer.status_code}, not 201")

    @task(2)
    def metrics(self):
        self.client.get("/api/metrics")

    @task(1)
    def stress(self):
        if Visitor.stress_refused:
            return
        headers = {"x-functions-key": KEY} if KEY else {}
        body = {"duration": 1, "wait": False}
        with self.client.post("/api/stress", json=body, headers=headers, catch_response=True) as answer:
            if answer.status_code == 401 and not KEY:
                Visitor.stress_refused = True
                answer.success()
            elif answer.status_code in (202, 429):
                answer.success()
            else:
                answer.failure(f"answered {answer.status_code}, not 202")
