import { highest, join, mean, together } from "../charts/bins";
import type { Comparison, InstanceCpu, Values } from "../charts/fleet";
import type { ScalingEvent } from "../charts/labels";
import type { Level } from "../charts/levels";
import { daysAxis, runAxis, type TimeAxis } from "../charts/time";
import type { Inlined } from "./run";

/** A run's rows turned into the columns that the charts draw. */
export type Columns = {
  axis: TimeAxis;
  events: ScalingEvent[];
  levels: Level[];
  limits: Level[];
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
  /** The fleet under the other rule file, where one is compared. */
  comparison?: Comparison;
};

export function columns({ run, order, thresholds, limits, days, compared }: Inlined): Columns {
  const { load, samples } = run;
  const seconds = together(load.length);
  const joined = <T>(into: (rows: typeof load) => T) => join(load, seconds, into);
  const said = run.actions.some((action) => action.source !== "seen");
  const end = Math.max(run.seconds, last(load) + 1, last(samples));
  return {
    axis: days ? daysAxis(end, days) : runAxis(end, run.time_scale),
    events: run.actions
      .map(({ at, from, to, source }) => ({ at, from, to, seen: said && source === "seen", lost: false }))
      .sort((one, other) => one.at - other.at),
    levels: thresholds.map(drawn),
    limits: limits.map(drawn),
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
    ...(compared ? { comparison: comparison(samples, compared) } : {}),
  };
}

function drawn({ value, out, label, spans }: Inlined["thresholds"][number]): Level {
  const between = spans?.map(([from = 0, to = 0]): [number, number] => [from, to]);
  return { value, out, label, ...(between ? { spans: between } : {}) };
}

/** The other fleet at the times of the first one: both have the same, unless a file was made otherwise. */
function comparison(
  samples: { at: number }[],
  { names, samples: others }: NonNullable<Inlined["compared"]>,
): Comparison {
  let next = 0;
  const matched = samples.map(({ at }) => {
    while ((others[next + 1]?.at ?? Number.POSITIVE_INFINITY) <= at) next += 1;
    return others[next];
  });
  return {
    names: [names[0] ?? "", names[1] ?? ""],
    mean: matched.map((sample) => sample?.cpu_percent ?? null),
    ready: matched.map((sample) => sample?.ready ?? null),
  };
}

function last(rows: { at: number }[]): number {
  return rows.at(-1)?.at ?? 0;
}
