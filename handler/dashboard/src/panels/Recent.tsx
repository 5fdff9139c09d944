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
        <table className="w-full text-left tabular-nums">
          <thead className="sr-only">
            <tr>
              <th scope="col">{words.visits.number}</th>
              <th scope="col">{words.visits.time}</th>
              <th scope="col">{words.visits.address}</th>
              <th scope="col">{words.visits.recordedBy}</th>
            </tr>
          </thead>
          <tbody>
            {visits.map((visit) => (
              <tr key={visit.id} className="border-t border-line first:border-t-0">
                <td className="py-1.5 pr-3 font-semibold">{format.whole(visit.id)}</td>
                <td className="py-1.5 pr-3" title={format.full(Date.parse(visit.timestamp))}>
                  {format.time(Date.parse(visit.timestamp))}
                </td>
                <td className="max-w-36 truncate py-1.5 pr-3 text-soft" title={visit.ip_address ?? undefined}>
                  {visit.ip_address ?? words.visits.notKept}
                </td>
                <td className="max-w-36 py-1.5 text-right">
                  <Instance id={visit.instance_id} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="text-soft">{visits ? words.visits.none : words.header.connecting}</p>
      )}
    </Panel>
  );
}
