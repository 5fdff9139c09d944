"use strict";

const POLL_MS = 2000;
const byId = (id) => document.getElementById(id);
const show = (id, text) => { byId(id).textContent = text; };

/** A note under a button, in red when something went wrong. */
function note(id, text, bad = false) {
  show(id, text);
  byId(id).classList.toggle("bad", bad);
}

/** Calls the API; an error carries the sentence of the problem that was sent. */
async function call(path, options = {}) {
  const response = await fetch(path, { cache: "no-store", ...options });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const keyless = response.status === 401 ? "a function key is asked for" : undefined;
    throw new Error(body.error ?? keyless ?? `the answer was ${response.status}`);
  }
  return body;
}

function withKey(options) {
  const key = byId("key").value;
  return key ? { ...options, headers: { ...options.headers, "x-functions-key": key } } : options;
}

function showVisits(list) {
  show("total", list.total_visits.toLocaleString());
  if (list.recent_visits.length === 0) return;
  const rows = list.recent_visits.map((visit) => {
    const row = document.createElement("tr");
    const time = new Date(visit.timestamp).toLocaleString();
    for (const text of [visit.id, time, visit.ip_address ?? "not kept", visit.instance_id]) {
      row.insertCell().textContent = text;
    }
    return row;
  });
  byId("rows").replaceChildren(...rows);
}

function showMetrics(metrics) {
  show("instance", metrics.instance_id);
  for (const name of ["cpu", "memory"]) {
    const percent = metrics[`${name}_percent`];
    byId(`${name}-bar`).value = percent;
    show(name, `${percent.toFixed(0)} %`);
  }
  show("rate", `${metrics.requests_per_second.toFixed(1)} /s`);
  const { p50, p95, p99 } = metrics.latency_ms;
  const round = (ms) => (ms === null ? "–" : ms < 10 ? ms.toFixed(1) : ms.toFixed(0));
  show("latency", p50 === null ? "no requests" : `${round(p50)} / ${round(p95)} / ${round(p99)} ms`);
  const { running, remaining_seconds } = metrics.stress;
  if (running) note("load", `Running, ${Math.ceil(remaining_seconds)} s left`);
  else if (byId("load").textContent.startsWith("Running")) note("load", "Over");
}

async function refresh() {
  const calls = [
    call("/api/visits").then(showVisits),
    call("/api/metrics").then(showMetrics),
    fetch("/health", { cache: "no-store" }).then((response) => response.json()).then((health) => {
      show("database", `${health.db_type}, ${health.database}`);
    }),
  ];
  const failed = (await Promise.allSettled(calls)).find((result) => result.status === "rejected");
  const state = byId("state");
  state.classList.toggle("bad", Boolean(failed));
  state.textContent = failed ? `Not up to date: ${failed.reason.message}` : "Live";
}

async function poll() {
  if (!document.hidden) await refresh();
  setTimeout(poll, POLL_MS);
}

/** Runs an action with its button disabled, and shows how it ended. */
function on(button, outcome, action) {
  byId(button).addEventListener("click", async () => {
    byId(button).disabled = true;
    try {
      note(outcome, await action());
    } catch (error) {
      note(outcome, error.message, true);
    }
    byId(button).disabled = false;
    refresh();
  });
}

on("visit", "outcome", async () => {
  const visit = await call("/api/visit", { method: "POST" });
  return `No. ${visit.id} from ${visit.ip}, recorded by ${visit.instance_id}`;
});

on("start", "load", async () => {
  const order = { duration: Number(byId("seconds").value), wait: false, scope: "fleet" };
  const options = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(order) };
  const started = await call("/api/stress", withKey(options));
  return `Running, ${started.duration} s left`;
});

on("stop", "load", async () => {
  await call("/api/stress", withKey({ method: "DELETE" }));
  return "Stopped";
});

poll();
