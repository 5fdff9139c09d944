import type { LabTimeline } from "../api";
import { Instance } from "../components/Instance";
import { Panel } from "../components/Panel";
import { useSpeech } from "../words/language";

/** How many are shown. */
const SHOWN = 20;

/** What happened to the fleet, the newest first. */
export function Events({
  events,
  className,
}: {
  events: LabTimeline["events"] | undefined;
  className?: string;
}) {
  const { words, format } = useSpeech();
  const newest = (events ?? []).toReversed().slice(0, SHOWN);
  return (
    <Panel heading={words.events.heading} className={className ?? ""}>
      {newest.length === 0 && <p className="text-soft">{words.events.none}</p>}
      <ol className="grid gap-2 text-[0.95rem]" data-testid="events">
        {newest.map((event) => (
          <li key={`${event.timestamp} ${event.type} ${event.instance_id}`} className="flex gap-3">
            <time dateTime={event.timestamp} className="text-soft tabular-nums">
              {format.time(Date.parse(event.timestamp))}
            </time>
            <span className="min-w-0">
              <Told event={event} />
              {event.reason && <span className="text-soft">: {event.reason}</span>}
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Told({ event }: { event: LabTimeline["events"][number] }) {
  const { words } = useSpeech();
  const { type, instance_id: id, from, to } = event;
  if (type === "scaled_out" || type === "scaled_in")
    return <b className="font-semibold tabular-nums">{`${from} → ${to}`}</b>;
  return (
    <>
      <Instance id={id ?? ""} /> {words.events[type]}
    </>
  );
}
