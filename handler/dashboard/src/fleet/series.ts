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
  /** Instances that serve. */
  count: Values;
  /** Instances that the scaler wants; null where nobody says it. */
  wanted: Values;
  rate: Values;
  p50: Values;
  p95: Values;
  p99: Values;
  events: ScalingEvent[];
  /** Points at which anything was heard. */
  known: number;
};

const seconds = (time: string) => Date.parse(time) / 1000;

/** `lost` is the word that marks a lost instance in a chart. */
export function series(
  timeline: Timeline,
  minutes: number,
  lab: LabFleet | undefined,
  lost?: string,
): Series {
  const { points, bucket_seconds: bucket } = timeline;
  const times = points.map((point) => seconds(point.timestamp));
  const end = (times.at(-1) ?? Date.now() / 1000 - bucket) + bucket;
  const actions = scalerActions(timeline, lab);
  const seen = seenChanges(timeline, lab !== undefined || actions.length > 0, lost);
  const ids = [...new Set(points.flatMap((point) => Object.keys(point.per_instance)))];
  return {
    range: [end - minutes * 60, end],
    times,
    mean: points.map((point) => point.cpu_percent),
    instances: ids.map((id) => ({ id, values: points.map((point) => point.per_instance[id] ?? null) })),
    count: points.map((point) => point.instances),
    wanted: wantedAt(times, bucket, actions, lab),
    rate: points.map((point) => point.requests_per_second),
    p50: points.map((point) => point.latency_ms.p50),
    p95: points.map((point) => point.latency_ms.p95),
    p99: points.map((point) => point.latency_ms.p99),
    events: [...seen, ...actions].sort((one, other) => one.at - other.at),
    known: points.filter((point) => point.cpu_percent !== null).length,
  };
}

/** What the scaler did: its own account where there is one. */
function scalerActions(timeline: Timeline, lab: LabFleet | undefined): ScalingEvent[] {
  return (lab?.actions ?? timeline.events.map(change).filter((one) => one !== undefined)).map(
    ({ at, from, to }) => ({ at: seconds(at), from, to, seen: false, lost: false }),
  );
}

/** How the number of instances was seen to change; `isTold` if the scaler's own account is shown too. */
function seenChanges(timeline: Timeline, isTold: boolean, lost: string | undefined): ScalingEvent[] {
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
      seen: isTold,
      lost: event.type === "lost",
      ...(event.type === "lost" && lost ? { label: lost } : {}),
    });
    count = before;
  }
  return seen;
}

/** What the scaler wanted at the end of each bucket: what its last action set, before the first what that one changed. */
function wantedAt(
  times: number[],
  bucket: number,
  actions: ScalingEvent[],
  lab: LabFleet | undefined,
): Values {
  const begun = lab ? seconds(lab.started_at) : 0;
  let next = 0;
  return times.map((at) => {
    const end = at + bucket;
    while ((actions[next]?.at ?? Infinity) < end) next += 1;
    return end <= begun ? null : (actions[next - 1]?.to ?? actions[next]?.from ?? lab?.count ?? null);
  });
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
