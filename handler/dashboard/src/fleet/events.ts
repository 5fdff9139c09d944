import type { LabFleet, LabTimeline, Timeline } from "../api";

/** Something that happened to the fleet, for a list. */
export type FleetEvent = {
  /** In milliseconds since 1970. */
  at: number;
  kind: Timeline["events"][number]["type"];
  /** The instance that it happened to. */
  id: string | undefined;
  /** Of a scaling action: the counts before and after it. */
  from: number | undefined;
  to: number | undefined;
  /** Why, as the host says it, in English. */
  reason: string | undefined;
};

/** A scaling action's reason without the counts at its end, which stand beside it. */
export const withoutCounts = (reason: string) => reason.replace(/: (out|in) from \d+ to \d+$/, "");

/** What happened in the span of the timeline, the newest first, with the emulator's scaling actions. */
export function fleetEvents(timeline: Timeline | LabTimeline, lab: LabFleet | undefined): FleetEvent[] {
  const told = timeline.events.map(
    (event): FleetEvent => ({
      at: Date.parse(event.timestamp),
      kind: event.type,
      id: event.instance_id,
      from: event.from,
      to: event.to,
      reason: "reason" in event ? event.reason : undefined,
    }),
  );
  const begin = Date.parse(timeline.points[0]?.timestamp ?? "");
  const actions = told.some(({ from }) => from !== undefined) ? [] : (lab?.actions ?? []);
  const scaled = actions
    .map(
      ({ at, from, to, reason }): FleetEvent => ({
        at: Date.parse(at),
        kind: to > from ? "scaled_out" : "scaled_in",
        id: undefined,
        from,
        to,
        reason,
      }),
    )
    .filter(({ at }) => at >= begin);
  return [...told, ...scaled].sort((one, other) => other.at - one.at);
}
