import type { Capacity, Fleet, Health, LabFleet, Rule, Scaler } from "../api";
import { hasEnded, type Member } from "./members";
import { type Direction, direction, fires, isCpu, isoSeconds } from "./rules";
import { meanOfLast, type Series } from "./series";

/** A rule and what it makes of the present. */
export type Reading = {
  rule: Rule;
  value: number | null;
  fires: boolean;
  /** Seconds until the rule may act; 0 where the scaler itself says what is left. */
  waits: number;
};

/** Why the fleet is as large as it is. */
export type Situation =
  | { kind: "waiting" }
  | { kind: "noRules" }
  | { kind: "noScaler" }
  | { kind: "paused" }
  /** The app's own scaler wants another count, and Azure does not take it. */
  | { kind: "refused"; wanted: number; outcome: string; problem: string | null }
  /** `lost` of those that served were lost just now. */
  | { kind: "starting"; count: number; lost: number }
  | { kind: "leaving"; count: number }
  | { kind: "atMaximum"; reading: Reading; maximum: number }
  | { kind: "atMinimum"; reading: Reading; minimum: number }
  | { kind: "cooldown"; reading: Reading; way: Direction; left: number }
  | { kind: "acting"; reading: Reading; way: Direction }
  /** The scaler was free to act and did not: one fewer would be too few, say. */
  | { kind: "kept"; way: Direction; count: number; reason: string }
  /** CPU of this moment asks for it, the average over the window does not yet. */
  | { kind: "building"; reading: Reading; way: Direction; now: number; window: number }
  | { kind: "steady"; value: number; low: number | undefined; high: number | undefined };

/** The scaler's side of the page. */
export type Story = {
  situation: Situation;
  readings: Reading[];
  /** How many instances serve, how many the scaler wants, and how many there may be; undefined if unknown. */
  counts: { running: number; wanted: number | undefined; maximum: number | undefined } | undefined;
  /** Average CPU of this moment. */
  now: number | null;
  /** Until a rule may act again, in the scaler's seconds; null where nobody can tell. */
  cooldownLeft: number | null;
  /** The scaler's own account, or a guess from what the fleet shows. */
  source: "lab" | "app" | "azure" | "none";
  /** Seconds of the scaler in one of ours. */
  timeScale: number;
  last: { at: number; from: number; to: number } | undefined;
};

export type Known = {
  fleet: Pick<Fleet, "rules" | "capacity" | "scaler"> | undefined;
  members: Member[];
  series: Series | undefined;
  lab: LabFleet | undefined;
  health: Health | undefined;
};

export function story({ fleet, members, series, lab, health }: Known): Story {
  const rules = lab?.rules ?? fleet?.rules ?? [];
  const capacity = lab?.capacity ?? fleet?.capacity ?? undefined;
  const now = presentCpu(members);
  const own = fleet?.scaler ?? undefined;
  const source = own ? "app" : lab ? "lab" : health?.environment === "production" ? "azure" : "none";
  const timeScale = lab?.time_scale ?? 1;
  const last = series?.events.filter((event) => !event.seen && !event.lost && event.from > 0).at(-1);
  const lastLost = series?.events.findLast((event) => event.lost);
  // An instance that starts after a scaling action replaces none that was lost before it.
  const isReplaced = last !== undefined && lastLost !== undefined && last.at > lastLost.at;
  const lost = isReplaced ? 0 : members.filter((member) => member.state === "lost").length;
  // Since the count was last seen to change, whichever way; the scaler decided a little earlier.
  const passed = source === "azure" && last ? (series?.range[1] ?? 0) - last.at : undefined;
  const readings = rules.map((rule, index): Reading => {
    if (source === "lab") {
      const reading = lab?.last_decision?.readings.find((reading) => reading.rule === index);
      return { rule, value: reading?.value ?? null, fires: reading?.fires ?? false, waits: 0 };
    }
    const value =
      series && isCpu(rule)
        ? meanOfLast(series.times, series.mean, isoSeconds(rule.time_window) / timeScale)
        : null;
    const waits = passed === undefined ? 0 : Math.max(isoSeconds(rule.cooldown) - passed, 0);
    return { rule, value, fires: fires(rule, value), waits };
  });
  const counts = fleet && {
    running: members.filter((member) => member.state === "live").length,
    wanted: own?.wanted ?? lab?.count,
    maximum: capacity?.maximum,
  };
  const told = { counts, readings, now, source, timeScale, last } as const;
  const cooldownLeft = own
    ? ownCooldown(own, timeScale, series?.range[1] ?? 0)
    : lab
      ? (lab.last_decision?.cooldown_left_seconds ?? 0)
      : passed === undefined
        ? null
        : // As the scaler says it: of the rule that would act, else of the one that waits longest.
          (asking(readings)?.reading.waits ?? Math.max(0, ...readings.map((reading) => reading.waits)));
  const situation = !fleet
    ? ({ kind: "waiting" } as const)
    : rules.length === 0 || !capacity
      ? ({ kind: "noRules" } as const)
      : source === "none"
        ? ({ kind: "noScaler" } as const)
        : situate({ members, lab, own, lost, readings, capacity, now, cooldownLeft: cooldownLeft ?? 0 });
  return { ...told, cooldownLeft, situation };
}

type Facts = {
  members: Member[];
  lab: LabFleet | undefined;
  own: Scaler | undefined;
  /** Instances that were lost and may be replaced. */
  lost: number;
  readings: Reading[];
  capacity: Capacity;
  now: number | null;
  cooldownLeft: number;
};

function situate({ members, lab, own, lost, readings, capacity, now, cooldownLeft }: Facts): Situation {
  const count = lab?.count ?? members.filter((member) => !hasEnded(member.state)).length;
  if (own && own.wanted !== null && own.outcome !== null && !["as_wanted", "set"].includes(own.outcome))
    return { kind: "refused", wanted: own.wanted, outcome: own.outcome, problem: own.problem };
  if (!own && lab?.paused) return { kind: "paused" };
  const starting = lab
    ? Math.max(lab.count - lab.ready, 0)
    : members.filter((member) => member.state === "starting").length;
  if (starting > 0) return { kind: "starting", count: starting, lost };
  const leaving = members.filter((member) => member.state === "draining").length;
  if (leaving > 0) return { kind: "leaving", count: leaving };
  if (readings.every((reading) => reading.value === null)) return { kind: "waiting" };

  const asked = asking(readings);
  if (asked) {
    const { reading: firing, way } = asked;
    if (way === "out" && count >= capacity.maximum)
      return { kind: "atMaximum", reading: firing, maximum: capacity.maximum };
    if (way === "in" && count <= capacity.minimum)
      return { kind: "atMinimum", reading: firing, minimum: capacity.minimum };
    if (cooldownLeft > 0) return { kind: "cooldown", reading: firing, way, left: cooldownLeft };
    // A scaler that was free to act and did not has its reason.
    const decision = own ? { from: own.from, to: own.wanted, reason: own.reason } : lab?.last_decision;
    if (decision && decision.to === decision.from && decision.from === count)
      return { kind: "kept", way, count, reason: decision.reason ?? "" };
    return { kind: "acting", reading: firing, way };
  }
  for (const way of ["out", "in"] as const) {
    const ahead = ofWay(readings, way).find((reading) => isCpu(reading.rule) && fires(reading.rule, now));
    const possible = way === "out" ? count < capacity.maximum : count > capacity.minimum;
    if (ahead && possible && now !== null)
      return { kind: "building", reading: ahead, way, now, window: isoSeconds(ahead.rule.time_window) };
  }
  const value = readings.find((reading) => reading.value !== null)?.value ?? 0;
  return { kind: "steady", value, low: threshold(readings, "in"), high: threshold(readings, "out") };
}

/** The threshold of the first CPU rule of a direction. */
const threshold = (readings: Reading[], way: Direction) =>
  ofWay(readings, way).find((reading) => isCpu(reading.rule))?.rule.threshold;

/** Average CPU of those that serve, as of their last heartbeat. */
function presentCpu(members: Member[]): number | null {
  const serving = members.flatMap(({ cpu, state }) =>
    cpu !== null && (state === "live" || state === "draining") ? [cpu] : [],
  );
  return serving.length > 0 ? serving.reduce((sum, value) => sum + value, 0) / serving.length : null;
}

/** What is left of the cooldown that the last evaluation found. */
function ownCooldown(own: Scaler, timeScale: number, now: number): number {
  const evaluated = own.evaluated_at ? Date.parse(own.evaluated_at) / 1000 : now;
  return Math.max((own.cooldown_left_seconds ?? 0) - Math.max(now - evaluated, 0) * timeScale, 0);
}

const ofWay = (readings: Reading[], way: Direction) =>
  readings.filter((reading) => direction(reading.rule) === way);

/**
 * The rule that asks for another count, as Azure has it: out if any rule asks for it, in only if all of them do, and each
 * rule waits for its own cooldown. So of the first the one that waits least counts, of the others the one that waits
 * longest; and a way that need not wait comes before one that must.
 */
function asking(readings: Reading[]): { reading: Reading; way: Direction } | undefined {
  const out = ofWay(readings, "out").filter((reading) => reading.fires);
  const inward = ofWay(readings, "in");
  const first = out.toSorted((one, other) => one.waits - other.waits)[0];
  const last = inward.every((reading) => reading.fires)
    ? inward.toSorted((one, other) => other.waits - one.waits)[0]
    : undefined;
  if (last && (!first || (first.waits > 0 && last.waits === 0))) return { reading: last, way: "in" };
  return first && { reading: first, way: "out" };
}
