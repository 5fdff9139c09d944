import { useMemo } from "react";
import { CpuChart, InstancesChart, LatencyChart, RateChart } from "../charts/fleet";
import type { Level } from "../charts/levels";
import type { TimeAxis } from "../charts/time";
import { columns } from "./columns";
import type { Inlined } from "./run";
import type { Say } from "./translate";

/** The charts of a run, one below the other on one axis of time, from cause to effect. */
export function Charts({ inlined, say }: { inlined: Inlined; say: Say }) {
  const { axis, events, levels, limits, load, fleet, seconds, comparison } = useMemo(() => {
    const made = columns(inlined);
    const named = (level: Level) => ({ ...level, label: say(level.label) });
    return {
      ...made,
      axis: spoken(made.axis, say),
      levels: made.levels.map(named),
      limits: made.limits.map(named),
    };
  }, [inlined, say]);
  // The changes of two fleets in one chart could not be told apart; the steps and the tables show them.
  const common = { axis, events: comparison ? [] : events, group: "run", zoomed: narrowBands, say };
  const compared = comparison ? { comparison } : {};
  // A simulation sends nothing: its page has no requests to draw.
  const sent = load.times.length > 0;
  const note = (what: string) => (seconds > 1 ? { note: say(`${what} of each ${seconds} s`) } : {});
  return (
    <>
      {sent && (
        <RateChart
          {...common}
          times={load.times}
          sent={load.sent}
          ok={load.ok}
          failed={load.failed}
          busy={load.busy}
          {...note("the average")}
        />
      )}
      <CpuChart
        {...common}
        times={fleet.times}
        mean={fleet.mean}
        instances={fleet.instances}
        levels={levels}
        {...compared}
      />
      <InstancesChart
        {...common}
        times={fleet.times}
        wanted={fleet.wanted}
        ready={fleet.ready}
        {...(limits.length > 0 ? { levels: limits } : {})}
        {...compared}
      />
      {sent && (
        <LatencyChart
          {...common}
          times={load.times}
          p50={load.p50}
          p95={load.p95}
          p99={load.p99}
          bothClocks
          {...note("the worst second")}
        />
      )}
      <p className="text-[0.8rem] text-soft print:hidden">
        {!comparison && `${say("Vertical lines: the number of instances was changed.")} `}
        {say("Drag across a chart to zoom in; double-click to see all of it.")}
      </p>
    </>
  );
}

/** The axis with its times in words of the language. */
function spoken(axis: TimeAxis, say: Say): TimeAxis {
  const { second } = axis;
  return {
    ...axis,
    label: (at, step) => say(axis.label(at, step)),
    moment: (at) => say(axis.moment(at)),
    ...(second ? { second: { ...second, label: (at) => say(second.label(at)) } } : {}),
  };
}

/** The lab's bands below the charts show the same part of the time as the charts. */
function narrowBands([low, high]: [number, number], [start, end]: [number, number]) {
  const style = document.documentElement.style;
  style.setProperty("--zoom-at", String((low - start) / (end - start)));
  style.setProperty("--zoom-size", String((high - low) / (end - start)));
}
