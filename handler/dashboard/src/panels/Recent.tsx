import type { Visit } from "../api";
import { Instance } from "../components/Instance";
import { Panel } from "../components/Panel";
import { Term } from "../components/Term";
import { useSpeech } from "../words/language";

/** The last ten visits, each with the instance that recorded it. */
export function Recent({ visits, className }: { visits: Visit[] | undefined; className?: string }) {
  const { words, format } = useSpeech();
  return (
    <Panel heading={words.visits.last} className={className ?? ""}>
      {visits && visits.length > 0 ? (
        <table className="list tabular-nums">
          <caption className="sr-only">{words.visits.last}</caption>
          <thead>
            <tr>
              <th scope="col">{words.visits.number}</th>
              <th scope="col">{words.visits.time}</th>
              <th scope="col">
                <Term term={words.visits.truncated} text={words.terms.truncated}>
                  {words.visits.address} ({words.visits.truncated})
                </Term>
              </th>
              <th scope="col">{words.visits.recordedBy}</th>
            </tr>
          </thead>
          <tbody>
            {visits.map((visit) => (
              <tr key={visit.id}>
                <td className="font-semibold">{format.whole(visit.id)}</td>
                <td>
                  <time dateTime={visit.timestamp} title={format.full(Date.parse(visit.timestamp))}>
                    {format.time(Date.parse(visit.timestamp))}
                  </time>
                </td>
                <td className="text-soft" title={visit.ip_address ?? undefined}>
                  {visit.ip_address ?? words.visits.notKept}
                </td>
                <td className="rest">
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
