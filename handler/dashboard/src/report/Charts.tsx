import { useMemo } from "react";
import { CpuChart, InstancesChart, LatencyChart, RateChart } from "../charts/fleet";
import { columns } from "./columns";
import type { Inlined } from "./run";

/** The charts of a run, one below the other on one axis of time, from cause to effect. */
export function Charts({ inlined }: { inlined: Inlined }) {
  const { axis, events, levels, limits, load, fleet, seconds, comparison } = useMemo(
    () => columns(inlined),
    [inlined],
  );
  // The changes of two fleets in one chart could not be told apart; the steps and the tables show them.
  const common = { axis, events: comparison ? [] : events, group: "run", zoomed: narrowBands };
  const compared = comparison ? { comparison } : {};
  // A simulation sends nothing: its page has no requests to draw.
  const sent = load.times.length > 0;
  const note = (what: string) => (seconds > 1 ? { note: `${what} of each ${seconds} s` } : {});
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
          {...note("the mean")}
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
        {!comparison && "Vertical lines: the number of instances was changed. "}Draw over a chart to look
        closer, press twice to see all of it again.
      </p>
    </>
  );
}

/** The lab's bands below the charts show the same part of the time as the charts. */
function narrowBands([low, high]: [number, number], [start, end]: [number, number]) {
  const style = document.documentElement.style;
  style.setProperty("--zoom-at", String((low - start) / (end - start)));
  style.setProperty("--zoom-size", String((high - low) / (end - start)));
}
