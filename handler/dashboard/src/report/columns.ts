import { highest, join, mean, together } from "../charts/bins";
import type { InstanceCpu, Values } from "../charts/fleet";
import type { Level, ScalingEvent } from "../charts/marks";
import { runAxis, type TimeAxis } from "../charts/time";
import type { Inlined } from "./run";

/** A run's rows turned into the columns that the charts draw. */
export type Columns = {
  axis: TimeAxis;
  events: ScalingEvent[];
  levels: Level[];
  load: {
    times: number[];
    sent: Values;
    ok: Values;
    failed: Values;
    busy: Values;
    p50: Values;
    p95: Values;
    p99: Values;
  };
  /** Seconds of load that are drawn as one point. */
  seconds: number;
  fleet: { times: number[]; mean: Values; wanted: Values; ready: Values; instances: InstanceCpu[] };
};

export function columns({ run, order, thresholds }: Inlined): Columns {
  const { load, samples } = run;
  const seconds = together(load.length);
  const joined = <T>(into: (rows: typeof load) => T) => join(load, seconds, into);
  const said = run.actions.some((action) => action.source !== "seen");
  return {
    axis: runAxis(Math.max(run.seconds, last(load) + 1, last(samples)), run.time_scale),
    events: run.actions
      .map(({ at, from, to, source }) => ({ at, from, to, seen: said && source === "seen", lost: false }))
      .sort((one, other) => one.at - other.at),
    levels: thresholds.map(({ percent, out, label }) => ({ value: percent, out, label })),
    load: {
      times: joined((seconds) => seconds[0]?.at ?? 0),
      sent: joined((seconds) => mean(seconds.map((second) => second.sent))),
      ok: joined((seconds) => mean(seconds.map((second) => second.ok))),
      failed: joined((seconds) => mean(seconds.map((second) => second.failed))),
      busy: joined((seconds) => mean(seconds.map((second) => second.busy))),
      // Percentiles cannot be averaged; the worst second is what is certain.
      p50: joined((seconds) => highest(seconds.map((second) => second.latency_ms.p50))),
      p95: joined((seconds) => highest(seconds.map((second) => second.latency_ms.p95))),
      p99: joined((seconds) => highest(seconds.map((second) => second.latency_ms.p99))),
    },
    seconds,
    fleet: {
      times: samples.map((sample) => sample.at),
      mean: samples.map((sample) => sample.cpu_percent),
      wanted: samples.map((sample) => sample.wanted),
      ready: samples.map((sample) => sample.ready),
      instances: order
        .map((id, place) => ({ id, place, values: samples.map((sample) => sample.per_instance[id] ?? null) }))
        .filter((instance) => instance.values.some((value) => value !== null)),
    },
  };
}

function last(rows: { at: number }[]): number {
  return rows.at(-1)?.at ?? 0;
}
