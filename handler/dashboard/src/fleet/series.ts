import type { LabFleet, Timeline } from "../api";
import type { Values } from "../charts/fleet";
import type { ScalingEvent } from "../charts/labels";

/** A timeline as the charts take it: columns, times in seconds since 1970. */
export type Series = {
  /** From and to. */
  range: [number, number];
  times: number[];
  mean: Values;
  instances: { id: string; values: Values }[];
  count: Values;
  rate: Values;
  p50: Values;
  p95: Values;
  p99: Values;
  events: ScalingEvent[];
  /** Points at which anything was heard. */
  known: number;
};

/** The least that an axis spans, in seconds. */
const SHORTEST = 60;

const seconds = (time: string) => Date.parse(time) / 1000;

export function series(timeline: Timeline, minutes: number, lab: LabFleet | undefined): Series {
  const { points, bucket_seconds: bucket } = timeline;
  const times = points.map((point) => seconds(point.timestamp));
  const end = (times.at(-1) ?? Date.now() / 1000 - bucket) + bucket;
  // An axis of mostly nothing says little: it grows with what is known.
  const begun = times.find((_, index) => points[index]?.instances !== null) ?? end;
  const ids = [...new Set(points.flatMap((point) => Object.keys(point.per_instance)))];
  return {
    range: [Math.max(end - minutes * 60, Math.min(begun - bucket, end - SHORTEST)), end],
    times,
    mean: points.map((point) => point.cpu_percent),
    instances: ids.map((id) => ({ id, values: points.map((point) => point.per_instance[id] ?? null) })),
    count: points.map((point) => point.instances),
    rate: points.map((point) => point.requests_per_second),
    p50: points.map((point) => point.latency_ms.p50),
    p95: points.map((point) => point.latency_ms.p95),
    p99: points.map((point) => point.latency_ms.p99),
    events: scalingEvents(timeline, lab),
    known: points.filter((point) => point.cpu_percent !== null).length,
  };
}

/** What the scaler did, where it can be asked; and how the number of instances was seen to change. */
function scalingEvents(timeline: Timeline, lab: LabFleet | undefined): ScalingEvent[] {
  const said = (lab?.actions ?? timeline.events.map(change).filter((one) => one !== undefined)).map(
    ({ at, from, to }) => ({ at: seconds(at), from, to, seen: false, lost: false }),
  );
  const seen: ScalingEvent[] = [];
  let count = timeline.points.at(-1)?.instances ?? 0;
  // From the present count backwards, since the oldest event of the span does not know how many there were.
  for (const event of timeline.events.toReversed()) {
    if (change(event)) continue;
    const joined = event.type === "joined";
    const before = joined ? Math.max(count - 1, 0) : count + 1;
    seen.push({
      at: seconds(event.timestamp),
      from: before,
      to: count,
      seen: lab !== undefined || said.length > 0,
      lost: event.type === "lost",
    });
    count = before;
  }
  return [...seen, ...said].sort((one, other) => one.at - other.at);
}

/** What the app's own scaler did, of an event that tells of it. */
function change({ timestamp, from, to }: Timeline["events"][number]) {
  return from === undefined || to === undefined ? undefined : { at: timestamp, from, to };
}

/** The mean of a column over its last seconds; null where nothing is known. */
export function meanOfLast(times: number[], values: Values, span: number): number | null {
  const end = times.at(-1);
  if (end === undefined) return null;
  const recent = values.filter((value, index) => value !== null && (times[index] ?? 0) > end - span);
  if (recent.length === 0) return null;
  return recent.reduce<number>((sum, value) => sum + (value ?? 0), 0) / recent.length;
}

/** The newest known value, if it is not older than `span` seconds. */
export function newest(times: number[], values: Values, span: number): number | null {
  const end = times.at(-1) ?? 0;
  for (let index = values.length - 1; index >= 0 && (times[index] ?? 0) > end - span; index -= 1) {
    const value = values[index];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
