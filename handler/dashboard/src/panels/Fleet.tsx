import type { Capacity } from "../api";
import { useColour } from "../components/Instance";
import { Panel } from "../components/Panel";
import { hasEnded, type Member } from "../fleet/members";
import { useSpeech } from "../words/language";

/** More free places than this would only push the instances apart. */
const FREE_SHOWN = 8;
/** Tiles at most. */
const TILES = 24;

type Props = {
  members: Member[];
  capacity: Capacity | undefined;
  /** The server's time, in milliseconds. */
  now: number | undefined;
  className?: string;
};

/** A tile for each instance, and one for each that may still come. */
export function FleetPanel({ members, capacity, now, className }: Props) {
  const { words } = useSpeech();
  const live = members.filter((member) => member.state === "live").length;
  // One that has just ended keeps its place until its tile goes; one that was lost may be replaced at once.
  const places = members.filter((member) => member.state !== "lost").length;
  const free = Math.max((capacity?.maximum ?? 0) - places, 0);
  const shown = members.slice(0, TILES);
  return (
    <Panel
      id="fleet"
      heading={words.fleet.heading}
      className={`flex flex-col ${className ?? ""}`}
      aside={
        <p>
          <b className="text-2xl tabular-nums" data-testid="live">
            {now === undefined ? "–" : live}
          </b>{" "}
          <span className="text-lg">{words.fleet.live}</span>{" "}
          {capacity && <span className="text-soft">{words.fleet.atMost(capacity.maximum)}</span>}
        </p>
      }
    >
      {members.length === 0 && !capacity && <p className="text-soft">{words.fleet.none}</p>}
      <ul className="tiles grid grid-cols-[repeat(auto-fit,minmax(min(100%,12.5rem),1fr))] gap-3">
        {shown.map((member) => (
          <Tile key={member.id} member={member} now={now} />
        ))}
        {free <= FREE_SHOWN &&
          Array.from({ length: free }, (_, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: free places have nothing else to tell them apart
            <li key={place} className="tile tile-free" title={words.fleet.freeNote}>
              {words.fleet.free}
            </li>
          ))}
      </ul>
      {members.length > TILES && <p className="mt-3 text-soft">{words.fleet.more(members.length - TILES)}</p>}
    </Panel>
  );
}

function Tile({ member, now }: { member: Member; now: number | undefined }) {
  const { words, format } = useSpeech();
  const colour = useColour(member.id);
  const { report, counted, state } = member;
  const known = hasEnded(state) ? undefined : report;
  const cpu = hasEnded(state) ? null : member.cpu;
  const age = Math.max(((now ?? member.started) - member.started) / 1000, 0);
  return (
    <li
      className="tile"
      data-state={state}
      data-testid="tile"
      data-id={member.id}
      style={{ "--i": colour } as never}
    >
      <div className="tile-level" style={{ height: `${Math.min(Math.max(cpu ?? 0, 0), 100)}%` }} />
      <div className="relative flex h-full flex-col">
        <div className="flex items-center justify-between gap-2">
          <span className="truncate font-mono text-sm" title={member.id}>
            {member.id}
          </span>
          <span className="tile-state">{words.fleet.states[state]}</span>
        </div>
        <p className="mt-1 flex items-baseline gap-2">
          <span
            className="figure text-[2.6rem] leading-tight font-bold tracking-tight tabular-nums"
            data-testid="cpu"
          >
            {cpu === null ? "–" : format.percent(cpu)}
          </span>
          <span className="text-sm">{words.fleet.cpu}</span>
        </p>
        <p className="min-h-5 text-sm font-medium" data-testid="stress">
          {known?.stress.running
            ? words.fleet.testing(format.span(known.stress.remaining_seconds))
            : !report && !counted && state === "starting"
              ? words.fleet.unheard
              : ""}
        </p>
        <dl className="mt-auto grid grid-cols-[auto_auto_auto] gap-2 pt-2 text-sm">
          {counted ? (
            <>
              <Fact name={words.fleet.served} value={format.whole(counted.served)} />
              <Fact name={words.fleet.inFlight} value={format.whole(counted.inFlight)} />
            </>
          ) : (
            <>
              <Fact name={words.fleet.memory} value={known ? format.percent(known.memory_percent) : "–"} />
              <Fact name={words.fleet.rate} value={known ? format.rate(known.requests_per_second) : "–"} />
            </>
          )}
          <Fact name={words.fleet.age} value={format.age(age)} />
        </dl>
      </div>
    </li>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div className="min-w-0">
      <dt className="truncate text-[0.8rem] opacity-80">{name}</dt>
      <dd className="font-semibold whitespace-nowrap tabular-nums">{value}</dd>
    </div>
  );
}
