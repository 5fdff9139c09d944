import type { Capacity, Fleet, Health, LabFleet, Rule, Scaler } from "../api";
import { hasEnded, type Member } from "./members";
import { type Direction, direction, fires, isCpu, isoSeconds } from "./rules";
import { meanOfLast, type Series } from "./series";

/** A rule and what it makes of the present. */
export type Reading = { rule: Rule; value: number | null; fires: boolean };

/** Why the fleet is as large as it is. */
export type Situation =
  | { kind: "waiting" }
  | { kind: "noRules" }
  | { kind: "noScaler" }
  | { kind: "paused" }
  /** The app's own scaler wants another count, and Azure does not take it. */
  | { kind: "refused"; wanted: number; problem: string }
  | { kind: "starting"; count: number }
  | { kind: "leaving"; count: number }
  | { kind: "atMaximum"; reading: Reading; maximum: number }
  | { kind: "atMinimum"; reading: Reading; minimum: number }
  | { kind: "cooldown"; reading: Reading; way: Direction; left: number }
  | { kind: "acting"; reading: Reading; way: Direction }
  /** The scaler was free to act and did not: one fewer would be too few, say. */
  | { kind: "kept"; way: Direction; count: number; reason: string }
  /** The load of this moment asks for it, the mean over the window does not yet. */
  | { kind: "building"; reading: Reading; way: Direction; now: number; window: number }
  | { kind: "steady"; value: number };

/** The scaler's side of the page. */
export type Story = {
  situation: Situation;
  readings: Reading[];
  /** Mean CPU of this moment. */
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
  fleet: Fleet | undefined;
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
  const readings = rules.map((rule, index): Reading => {
    if (source === "lab") {
      const reading = lab?.last_decision?.readings.find((reading) => reading.rule === index);
      return { rule, value: reading?.value ?? null, fires: reading?.fires ?? false };
    }
    const value =
      series && isCpu(rule)
        ? meanOfLast(series.times, series.mean, isoSeconds(rule.time_window) / timeScale)
        : null;
    return { rule, value, fires: fires(rule, value) };
  });
  const last = series?.events.filter((event) => !event.seen && !event.lost && event.from > 0).at(-1);
  const told = { readings, now, source, timeScale, last } as const;
  const cooldownLeft = own
    ? ownCooldown(own, timeScale, series?.range[1] ?? 0)
    : lab
      ? (lab.last_decision?.cooldown_left_seconds ?? 0)
      : source === "azure" && last
        ? guessedCooldown(last, rules, series?.range[1] ?? 0)
        : null;
  const situation = !fleet
    ? ({ kind: "waiting" } as const)
    : rules.length === 0 || !capacity
      ? ({ kind: "noRules" } as const)
      : source === "none"
        ? ({ kind: "noScaler" } as const)
        : situate({ members, lab, own, readings, capacity, now, cooldownLeft: cooldownLeft ?? 0 });
  return { ...told, cooldownLeft, situation };
}

type Facts = {
  members: Member[];
  lab: LabFleet | undefined;
  own: Scaler | undefined;
  readings: Reading[];
  capacity: Capacity;
  now: number | null;
  cooldownLeft: number;
};

function situate({ members, lab, own, readings, capacity, now, cooldownLeft }: Facts): Situation {
  const count = lab?.count ?? members.filter((member) => !hasEnded(member.state)).length;
  if (own && own.wanted !== null && own.outcome !== null && !["as_wanted", "set"].includes(own.outcome))
    return { kind: "refused", wanted: own.wanted, problem: own.problem ?? own.outcome };
  if (!own && lab?.paused) return { kind: "paused" };
  const starting = lab
    ? Math.max(lab.count - lab.ready, 0)
    : members.filter((member) => member.state === "starting").length;
  if (starting > 0) return { kind: "starting", count: starting };
  const leaving = members.filter((member) => member.state === "draining").length;
  if (leaving > 0) return { kind: "leaving", count: leaving };
  if (readings.every((reading) => reading.value === null)) return { kind: "waiting" };

  const ways = (way: Direction) => readings.filter((reading) => direction(reading.rule) === way);
  const out = ways("out").find((reading) => reading.fires);
  // As Azure does it: out if any rule asks for it, in only if all of them do.
  const inward = ways("in").length > 0 && ways("in").every((reading) => reading.fires) && ways("in")[0];
  const [firing, way] = out ? [out, "out" as const] : [inward || undefined, "in" as const];
  if (firing) {
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
    const ahead = ways(way).find((reading) => isCpu(reading.rule) && fires(reading.rule, now));
    const possible = way === "out" ? count < capacity.maximum : count > capacity.minimum;
    if (ahead && possible && now !== null)
      return { kind: "building", reading: ahead, way, now, window: isoSeconds(ahead.rule.time_window) };
  }
  const value = readings.find((reading) => reading.value !== null)?.value ?? 0;
  return { kind: "steady", value };
}

/** Mean CPU of those that serve, as of their last heartbeat. */
function presentCpu(members: Member[]): number | null {
  const serving = members.flatMap((member) =>
    member.report && (member.state === "live" || member.state === "draining")
      ? [member.report.cpu_percent]
      : [],
  );
  return serving.length > 0 ? serving.reduce((sum, value) => sum + value, 0) / serving.length : null;
}

/** What is left of the cooldown that the last evaluation found. */
function ownCooldown(own: Scaler, timeScale: number, now: number): number {
  const evaluated = own.evaluated_at ? Date.parse(own.evaluated_at) / 1000 : now;
  return Math.max((own.cooldown_left_seconds ?? 0) - Math.max(now - evaluated, 0) * timeScale, 0);
}

/** From the last time that the count was seen to change; the scaler decided a little earlier. */
function guessedCooldown(last: { at: number; from: number; to: number }, rules: Rule[], now: number): number {
  const way = last.to > last.from ? "out" : "in";
  const rule = rules.find((rule) => direction(rule) === way);
  return rule ? Math.max(isoSeconds(rule.cooldown) - (now - last.at), 0) : 0;
}
