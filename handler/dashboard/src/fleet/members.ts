import type { Fleet, FleetInstance, LabFleet } from "../api";

/** An instance as its tile shows it. */
export type Member = {
  id: string;
  state: FleetInstance["state"];
  /** In milliseconds since 1970. */
  started: number;
  /** CPU in percent; null where it is not known. */
  cpu: number | null;
  /** What it said of itself with its last heartbeat; none before the first, and none from an app that sends none. */
  report: FleetInstance | undefined;
  /** Requests that the host sent it, and those that it has not answered yet; none where the instance itself reports. */
  counted?: { served: number; inFlight: number };
};

/** How long a tile is shown after the last heartbeat of an instance that has ended, in milliseconds. */
export const SHOWN_MS = { gone: 12_000, lost: 60_000 };

/** How the emulator names the ending of a process that it stopped itself. */
const STOPPED = ["scaled in", "stopped"];

/** Whether an instance no longer serves. */
export const hasEnded = (state: Member["state"]) => state === "gone" || state === "lost";

/** The server's time, as near as a heartbeat: the newest thing that any instance said. */
export function serverTime(fleet: Fleet | undefined): number | undefined {
  const seen = fleet?.instances.map((instance) => Date.parse(instance.last_seen)) ?? [];
  return seen.length > 0 ? Math.max(...seen) : undefined;
}

/**
 * The instances that have a tile, the oldest first so that a new one moves none of them. The emulator lists an
 * instance before its first heartbeat, and its ending before the heartbeats show it.
 */
export function members(fleet: Fleet | undefined, lab: LabFleet | undefined): Member[] {
  const now = serverTime(fleet) ?? 0;
  const ofLab = new Map(lab?.instances.map((instance) => [instance.id, instance]));
  const known = (fleet?.instances ?? []).map((report): Member => {
    const process = ofLab.get(report.instance_id);
    const state =
      hasEnded(report.state) || !process
        ? report.state
        : process.state === "exited"
          ? exitOf(process)
          : process.state === "draining"
            ? "draining"
            : report.state;
    const { instance_id: id, cpu_percent: cpu, started_at } = report;
    return { id, state, started: Date.parse(started_at), cpu, report };
  });
  const ids = new Set(known.map((member) => member.id));
  const unheard = [...ofLab.values()]
    .filter((instance) => !ids.has(instance.id) && instance.state === "starting")
    .map(
      (instance): Member => ({
        id: instance.id,
        state: "starting",
        started: Date.parse(instance.started_at),
        cpu: null,
        report: undefined,
      }),
    );
  const isShown = ({ state, report }: Member) =>
    (state !== "gone" && state !== "lost") || now - Date.parse(report?.last_seen ?? "") < SHOWN_MS[state];
  return [...known, ...unheard].filter(isShown).sort((one, other) => one.started - other.started);
}

/** A process that ended without being stopped, such as one that was killed, is lost. */
function exitOf({ ending }: LabFleet["instances"][number]): "gone" | "lost" {
  return ending && !STOPPED.includes(ending) ? "lost" : "gone";
}

/** The instances that have a tile as the host knows them, for an app that reports nothing of itself. */
export function countedMembers(lab: LabFleet): Member[] {
  const now = Date.parse(lab.now);
  const members = lab.instances.map((instance): Member & { ended: number } => {
    const { id, requests, outstanding, cpu_percent: cpu } = instance;
    const states = { starting: "starting", ready: "live", draining: "draining" } as const;
    const state = instance.state === "exited" ? exitOf(instance) : states[instance.state];
    return {
      id,
      state,
      started: Date.parse(instance.started_at),
      cpu,
      report: undefined,
      counted: { served: requests, inFlight: outstanding },
      ended: Date.parse(instance.ended_at ?? lab.now),
    };
  });
  const isShown = ({ state, ended }: (typeof members)[number]) =>
    (state !== "gone" && state !== "lost") || now - ended < SHOWN_MS[state];
  return members.filter(isShown).sort((one, other) => one.started - other.started);
}

/** Which of the palette's colours each instance has; it keeps it for as long as anything of it is shown. */
export class Colours {
  readonly #places: ReadonlyMap<string, number>;
  readonly #colours: number;

  constructor(colours: number, places: ReadonlyMap<string, number> = new Map()) {
    this.#colours = colours;
    this.#places = places;
  }

  /** The colours when these are shown, in the order of their start: a newcomer gets the one that is used least. */
  showing(ids: string[]): Colours {
    const places = new Map<string, number>();
    const used = new Array<number>(this.#colours).fill(0);
    const give = (id: string, place: number) => {
      places.set(id, place);
      used[place] = (used[place] ?? 0) + 1;
    };
    for (const id of ids) {
      const place = this.#places.get(id);
      if (place !== undefined) give(id, place);
    }
    for (const id of ids) if (!places.has(id)) give(id, used.indexOf(Math.min(...used)));
    return new Colours(this.#colours, places);
  }

  /** 0 for one that is not shown. */
  of(id: string): number {
    return this.#places.get(id) ?? 0;
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }
}
