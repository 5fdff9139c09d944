import { Instance } from "../components/Instance";
import { Panel } from "../components/Panel";
import { type FleetEvent, withoutCounts } from "../fleet/events";
import { useSpeech } from "../words/language";

type Props = {
  /** The newest first. */
  events: FleetEvent[];
  /** So many are shown at most. */
  most: number;
  className?: string;
};

/** What happened to the fleet: scaling actions, and instances that started, stopped, or were lost. */
export function Events({ events, most, className }: Props) {
  const { words, format } = useSpeech();
  return (
    <Panel heading={words.events.heading} className={className ?? ""}>
      {events.length === 0 ? (
        <p className="text-soft">{words.events.none}</p>
      ) : (
        <table className="list tabular-nums" data-testid="events">
          <caption className="sr-only">{words.events.heading}</caption>
          <thead>
            <tr>
              <th scope="col">{words.events.time}</th>
              <th scope="col">{words.events.event}</th>
              <th scope="col">{words.events.what}</th>
            </tr>
          </thead>
          <tbody>
            {events.slice(0, most).map((event) => (
              <tr key={`${event.at} ${event.kind} ${event.id}`} data-kind={event.kind}>
                <td>
                  <time dateTime={new Date(event.at).toISOString()}>{format.time(event.at)}</time>
                </td>
                <td>
                  <span className="event-kind">{words.events.kinds[event.kind]}</span>
                </td>
                <td className="rest">
                  {event.id !== undefined && <Instance id={event.id} />}
                  {event.from !== undefined &&
                    event.to !== undefined &&
                    words.events.change(event.from, event.to)}
                  <Reason reason={event.reason} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

/** Why the host acted, where it says it and the sentence is known in the language of the page. */
function Reason({ reason }: { reason: string | undefined }) {
  const { words } = useSpeech();
  const said = reason && words.said(withoutCounts(reason));
  return said ? <p className="event-reason">{said}</p> : null;
}
