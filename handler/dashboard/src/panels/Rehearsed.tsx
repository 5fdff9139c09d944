import { useMemo } from "react";
import type * as api from "../api";
import { Chart } from "../charts/Chart";
import type { Line } from "../charts/options";
import { roundSteps, type TimeAxis } from "../charts/time";
import { withoutCounts } from "../fleet/events";
import { useSpeech } from "../words/language";
import { Explained, Said } from "./Explained";

const MINUTE = 60;

/** Compares the active rules and the changed rules under the load just seen. */
export function Rehearsed({ rehearsal }: { rehearsal: api.LabRehearsal }) {
  const { words, format } = useSpeech();
  const tell = words.whatIf;
  const { active, changed } = rehearsal;
  const rows: [string, (outcome: typeof active) => string][] = [
    [tell.verdict, ({ verdict }) => tell.verdicts[verdict]],
    [tell.short, ({ overloaded_minutes }) => format.decimal(overloaded_minutes)],
    [tell.hours, ({ instance_hours }) => format.decimal(instance_hours)],
    [tell.actions, ({ actions }) => format.whole(actions.length)],
  ];
  const notes = [
    ...(rehearsal.saturated_minutes > 0 ? [tell.saturated(rehearsal.saturated_minutes)] : []),
    ...(rehearsal.missing_minutes > 0 ? [tell.missing(rehearsal.missing_minutes)] : []),
    ...rehearsal.not_recorded.map(tell.notRecorded),
  ];
  return (
    <div className="grid min-w-0 grid-cols-1 gap-4" data-testid="rehearsed">
      {notes.length > 0 && <p className="text-sm">{notes.join(" ")}</p>}
      <table className="w-full text-left tabular-nums">
        <caption className="mb-1 text-left font-semibold">{tell.outcome}</caption>
        <thead className="text-sm text-soft">
          <tr>
            <td />
            <th scope="col" className="pb-1 font-normal">
              {tell.active}
            </th>
            <th scope="col" className="pb-1 font-normal">
              {tell.changed}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name} className="border-t border-line">
              <th scope="row" className="py-1.5 pr-3 font-normal">
                {name}
              </th>
              <td className="py-1.5 pr-3">{value(active)}</td>
              <td className="py-1.5 font-semibold">{value(changed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Counts rehearsal={rehearsal} />
      <Explained explanation={rehearsal.explanation} />
      <div className="grid gap-x-8 gap-y-2 sm:grid-cols-2">
        <Actions name={tell.active} actions={active.actions} from={rehearsal.from_azure_seconds} />
        <Actions name={tell.changed} actions={changed.actions} from={rehearsal.from_azure_seconds} />
      </div>
    </div>
  );
}

/** The wanted instances over time. */
function Counts({ rehearsal }: { rehearsal: api.LabRehearsal }) {
  const { words, format } = useSpeech();
  const tell = words.whatIf;
  const { active, changed, seen, from_azure_seconds: from } = rehearsal;
  const lines = useMemo<Line[]>(
    () => [
      {
        name: tell.active,
        colour: (palette) => palette.accent,
        values: active.counts,
        steps: true,
        width: 2.25,
        fill: 0.14,
      },
      {
        name: tell.changed,
        colour: (palette) => palette.warn,
        values: changed.counts,
        steps: true,
        width: 2.25,
        dashed: true,
      },
      { name: tell.fleet, colour: (palette) => palette.soft, values: seen, steps: true, width: 1.25 },
    ],
    [active, changed, seen, tell],
  );
  const times = useMemo(() => active.counts.map((_, index) => from + (index + 1) * MINUTE), [active, from]);
  const minute = (at: number) => format.whole(Math.round(at / MINUTE));
  const axis: TimeAxis = {
    range: [from, from + rehearsal.minutes * MINUTE],
    steps: roundSteps.filter((step) => step >= MINUTE),
    label: minute,
    moment: (at) => words.scaling.azureMinute(minute(at)),
  };
  const highest = (counts: (number | null)[]) => Math.max(1, ...counts.map((count) => count ?? 0));
  const top = Math.max(highest(active.counts), highest(changed.counts), highest(seen));
  return (
    <Chart
      axis={axis}
      times={times}
      title={tell.chart}
      summary={tell.summary(highest(active.counts), highest(changed.counts))}
      lines={lines}
      format={format.whole}
      whole
      range={() => [0, top + 0.4]}
      height={9}
      zoom={false}
    />
  );
}

type ActionsProps = { name: string; actions: api.LabRehearsal["changed"]["actions"]; from: number };

function Actions({ name, actions, from }: ActionsProps) {
  const { words, format } = useSpeech();
  return (
    <details className="min-w-0">
      <summary className="cursor-pointer">
        {words.whatIf.actionsOf(name)}: {actions.length === 0 ? words.whatIf.none : actions.length}
      </summary>
      <ol className="mt-1 grid gap-1 text-sm">
        {actions.map((action) => (
          <li key={action.at_seconds}>
            {words.whatIf.action(
              format.whole(Math.round((from + action.at_seconds) / MINUTE)),
              action.from,
              action.to,
            )}{" "}
            <span className="text-soft">
              <Said text={withoutCounts(action.reason)} />
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
