import type { Capacity } from "../api";
import { useColour } from "../components/Instance";
import { Panel } from "../components/Panel";
import { tileRows, useColumns } from "../components/tiles";
import { hasEnded, type Member } from "../fleet/members";
import { useSpeech } from "../words/language";

/** Instances and free slots in a tile of their own at most; beyond it, the free slots share one. */
const MOST = 10;
/** Tiles at most. */
const TILES = 24;
/** Beside fewer tiles than this, as on a phone, the free slots share one. */
const FEW_COLUMNS = 3;

type Props = {
  members: Member[];
  capacity: Capacity | undefined;
  /** The server's time, in milliseconds. */
  now: number | undefined;
  className?: string;
};

/** A tile for each instance, and one for each free slot. */
export function FleetPanel({ members, capacity, now, className }: Props) {
  const { words } = useSpeech();
  const [list, columns] = useColumns();
  // One that has just ended keeps its slot until its tile goes; one that was lost is replaced at once.
  const taken = members.filter((member) => member.state !== "lost").length;
  const free = Math.max((capacity?.maximum ?? 0) - taken, 0);
  const shown = members.slice(0, TILES);
  const isApart = columns >= FEW_COLUMNS && shown.length + free <= MOST;
  const slots = isApart ? free : Math.min(free, 1);
  const rows = tileRows(shown.length + slots, columns);
  // So many columns that the tiles of every row fill it.
  const cells = rows.reduce(leastCommonMultiple, 1);
  const spans = rows.flatMap((tiles) => new Array<number>(tiles).fill(cells / tiles));
  const across = (place: number) => ({ gridColumn: `span ${spans[place] ?? cells}` });
  return (
    <Panel id="fleet" heading={words.fleet.heading} className={`fleet ${className ?? ""}`}>
      {members.length === 0 && !capacity && <p className="text-soft">{words.fleet.none}</p>}
      <ul
        ref={list}
        className="tiles"
        data-rows={rows.length}
        style={{ gridTemplateColumns: `repeat(${cells}, minmax(0, 1fr))` }}
      >
        {shown.map((member, place) => (
          <Tile key={member.id} member={member} now={now} across={across(place)} />
        ))}
        {Array.from({ length: slots }, (_, place) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: free slots have nothing else to tell them apart
            key={place}
            className="tile tile-free"
            style={across(shown.length + place)}
            title={words.fleet.freeNote}
            data-testid="free"
          >
            {isApart ? words.fleet.free : words.fleet.slots(free)}
          </li>
        ))}
      </ul>
      {members.length > TILES && <p className="mt-3 text-soft">{words.fleet.more(members.length - TILES)}</p>}
    </Panel>
  );
}

function leastCommonMultiple(one: number, other: number): number {
  let [divisor, rest] = [one, other];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (one / divisor) * other;
}

type TileProps = { member: Member; now: number | undefined; across: { gridColumn: string } };

function Tile({ member, now, across }: TileProps) {
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
      style={{ ...across, "--i": state === "lost" ? "var(--bad)" : colour } as never}
    >
      <div className="tile-level" style={{ height: `${Math.min(Math.max(cpu ?? 0, 0), 100)}%` }} />
      <div className="relative flex h-full flex-col">
        <div className="flex items-center justify-between gap-2">
          <span className="truncate font-mono text-sm" title={member.id}>
            {member.id}
          </span>
          <span className="tile-state">{words.fleet.states[state]}</span>
        </div>
        <p className="tile-value">
          <span className="figure tile-cpu" data-testid="cpu">
            {cpu === null ? "–" : format.percent(cpu)}
          </span>
          <span className="text-sm">{words.fleet.cpu}</span>
        </p>
        <p className="tile-note" data-testid="stress">
          {known?.stress.running
            ? words.fleet.testing(format.span(known.stress.remaining_seconds))
            : state === "lost"
              ? words.fleet.lost
              : !report && !counted && state === "starting"
                ? words.fleet.unheard
                : ""}
        </p>
        <dl className="tile-facts">
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
    <div>
      <dt className="text-[0.8rem] leading-tight opacity-90">{name}</dt>
      <dd className="font-semibold whitespace-nowrap tabular-nums">{value}</dd>
    </div>
  );
}
