// The usual load on Elastic Visits for k6 (https://k6.io), with the mix of `lab load --preset k6`:
//
//   k6 run scripts/peers/visits.k6.js
//   BASE_URL=https://NAME.azurewebsites.net FUNCTIONS_KEY=... k6 run scripts/peers/visits.k6.js
//
// 50 users after two minutes, 100 after five more, none after two more; visits 3, metrics 2, stress 1. Every visit must
// return 201. A stress run that is refused because another one is in progress (429) is not a failure. If the app requires
// a key and none is set, each user requests no more stress runs after its first refusal.
//
// This is a closed loop: users wait for responses. A target that stalls gets less load, and its latencies look better
// than with `lab load` at a fixed rate.

import { check, sleep } from "k6";
import http from "k6/http";
import { Counter } from "k6/metrics";

const base = (__ENV.BASE_URL ?? "http://127.0.0.1:7071").replace(/\/+$/, "");
const key = __ENV.FUNCTIONS_KEY;

/** @type {import("k6/options").Options} */
export const options = {
  stages: [
    { duration: "2m", target: 50 },
    { duration: "5m", target: 100 },
    { duration: "2m", target: 0 },
  ],
  thresholds: {
    "checks{kind:visit}": ["rate==1"],
    http_req_failed: ["rate<0.001"],
  },
};

const busy = new Counter("busy");
// For this user only, because each k6 user has its own copy of the script.
let stressRefused = false;

function visit() {
  const answer = http.post(`${base}/api/visit`, null, {
    tags: { kind: "visit" },
    responseCallback: http.expectedStatuses(201),
  });
  check(answer, { "the visit is recorded": (answer) => answer.status === 201 }, { kind: "visit" });
}

function metrics() {
  http.get(`${base}/api/metrics`, {
    tags: { kind: "metrics" },
    responseCallback: http.expectedStatuses(200),
  });
}

function stress() {
  const expected = key ? [202, 429] : [202, 401, 429];
  /** @type {Record<string, string>} */
  const headers = { "content-type": "application/json" };
  if (key) {
    headers["x-functions-key"] = key;
  }
  const answer = http.post(`${base}/api/stress`, JSON.stringify({ duration: 1, wait: false }), {
    headers,
    tags: { kind: "stress" },
    responseCallback: http.expectedStatuses(...expected),
  });
  if (answer.status === 429) {
    busy.add(1);
  }
  stressRefused = answer.status === 401 && !key;
}

export default function () {
  const chance = Math.random() * (stressRefused ? 5 : 6);
  if (chance < 3) {
    visit();
  } else if (chance < 5) {
    metrics();
  } else {
    stress();
  }
  sleep(1);
}
