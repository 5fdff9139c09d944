import type { Visit } from "../api";
import { Instance } from "../components/Instance";
import { Panel } from "../components/Panel";
import { useSpeech } from "../words/language";

/** The last ten visits, each with the instance that recorded it. */
export function Recent({ visits, className }: { visits: Visit[] | undefined; className?: string }) {
  const { words, format } = useSpeech();
  return (
    <Panel heading={words.visits.last} className={className ?? ""}>
      {visits && visits.length > 0 ? (
        <ol className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,21rem),1fr))] gap-x-10 tabular-nums">
          {visits.map((visit) => (
            <li
              key={visit.id}
              className="grid grid-cols-[auto_auto_minmax(0,1fr)_auto] items-baseline gap-x-3 border-b border-line py-1.5"
            >
              <b>
                <span className="sr-only">{words.visits.number} </span>
                {format.whole(visit.id)}
              </b>
              <time dateTime={visit.timestamp} title={format.full(Date.parse(visit.timestamp))}>
                {format.time(Date.parse(visit.timestamp))}
              </time>
              <span className="truncate text-soft" title={visit.ip_address ?? undefined}>
                {visit.ip_address ?? words.visits.notKept}
              </span>
              <span className="min-w-0">
                <span className="sr-only">{words.visits.recordedBy} </span>
                <Instance id={visit.instance_id} />
              </span>
            </li>
          ))}
        </ol>
      ) : (
        <p className="text-soft">{visits ? words.visits.none : words.header.connecting}</p>
      )}
    </Panel>
  );
}
