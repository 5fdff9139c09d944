/**
 * The record of a run as the lab puts it into the page. The meaning of each field is told in
 * scripts/lab/run-record/src/run.rs; the tests hold both against each other.
 */
import { boolean, list, map, nullable, number, type Of, object, optional, string, unknown } from "../shape";

const percentiles = object({
  p50: nullable(number),
  p95: nullable(number),
  p99: nullable(number),
  max: nullable(number),
});

const run = object({
  title: string,
  target: string,
  started: string,
  simulated: optional(boolean),
  seconds: number,
  time_scale: number,
  rules: unknown,
  capacity: unknown,
  profile: unknown,
  plan: list(string),
  requests: object({
    sent: number,
    ok: number,
    failed: number,
    busy: number,
    errors: map(number),
    by_kind: map(number),
    latency_ms: percentiles,
  }),
  load: list(
    object({ at: number, sent: number, ok: number, failed: number, busy: number, latency_ms: percentiles }),
  ),
  samples: list(
    object({
      at: number,
      ready: number,
      wanted: number,
      cpu_percent: nullable(number),
      per_instance: map(number),
      requests: map(number),
    }),
  ),
  actions: list(object({ at: number, from: number, to: number, reason: string, source: string })),
  instances: list(
    object({
      id: string,
      pid: nullable(number),
      started: number,
      ready: nullable(number),
      ended: nullable(number),
      requests: number,
    }),
  ),
  per_instance: map(number),
  verdict: object({
    autoscaling: string,
    reasons: list(string),
    expectations: list(object({ condition: string, measured: string, held: boolean })),
  }),
  notes: list(string),
  // The lab tells of it in the page's own words and bands.
  simulation: optional(unknown),
  // The charts get what they need of it beside the run.
  compared: optional(unknown),
  // Likewise.
  comparison: optional(unknown),
});

/** A horizontal line; its spans of time, each from and to, where it does not always hold. */
const level = object({
  value: number,
  out: boolean,
  label: string,
  spans: nullable(list(list(number))),
});

/** What the page carries: the run, and what the lab worked out from it. */
export const inlined = object({
  run,
  name: string,
  csv: string,
  order: list(string),
  thresholds: list(level),
  limits: list(level),
  /** Where the axis of time has days: what the local clock shows from these seconds on, nothing without a date. */
  days: nullable(list(object({ at: number, local_seconds: number }))),
  /** The fleet under the other rule file. */
  compared: nullable(
    object({
      names: list(string),
      samples: list(object({ at: number, ready: number, cpu_percent: nullable(number) })),
    }),
  ),
});

export type Inlined = Of<typeof inlined>;
export type Run = Inlined["run"];
export type Percentiles = Of<typeof percentiles>;

/** What the lab put into the page. */
export function readInlined(page: Document): Inlined {
  const text = page.getElementById("run")?.textContent;
  if (!text) throw new Error("the page carries no run");
  return JSON.parse(text) as Inlined;
}
