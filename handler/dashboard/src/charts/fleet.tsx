/** The four charts of a fleet under load. The report feeds them a whole run, the dashboard its last minutes. */
import { useMemo } from "react";
import { Chart } from "./Chart";
import type { ScalingEvent } from "./labels";
import type { Level } from "./levels";
import { decimal, latency, percent, rate } from "./numbers";
import type { ChartProps, Line } from "./options";
import { instanceColour } from "./palette";
import type { TimeAxis } from "./time";

/** What every one of them needs. */
export type Common = {
  axis: TimeAxis;
  events: ScalingEvent[];
  group: string;
  bothClocks?: boolean;
  note?: string;
  zoomed?: ChartProps["zoomed"];
  /** Says a text in the language of the page. */
  say: (text: string) => string;
};

/** Lines of instances at most: more cannot be told apart. */
const INSTANCES = 20;

/** Values at the times at which they were taken; null where nothing is known. */
export type Values = (number | null)[];

export type RateProps = Common & { times: number[]; sent: Values; ok: Values; failed: Values; busy?: Values };

/** Requests per second: asked for, answered as wanted, failed. */
export function RateChart({ times, sent, ok, failed, busy, say, ...common }: RateProps) {
  const lines = useMemo(() => {
    const some = (values: Values | undefined) => values?.some((value) => (value ?? 0) > 0);
    const list: Line[] = [
      { name: say("sent"), colour: (palette) => palette.soft, values: sent, width: 1, fill: 0.13 },
      { name: say("successful"), colour: (palette) => palette.good, values: ok },
    ];
    if (busy && some(busy))
      list.push({ name: say("busy"), colour: (palette) => palette.warn, values: busy, width: 1.25 });
    list.push({ name: say("failed"), colour: (palette) => palette.bad, values: failed, fill: 0.25 });
    return list;
  }, [sent, ok, failed, busy, say]);
  const highest = Math.max(0, ...numbers(sent));
  return (
    <Chart
      {...common}
      title={say("Requests per second")}
      summary={say(`Requests per second over time; at most ${decimal(highest)} were sent.`)}
      times={times}
      lines={lines}
      format={(value) => say(rate(value))}
      tick={(value) => say(decimal(value))}
    />
  );
}

export type LatencyProps = Common & { times: number[]; p50: Values; p95: Values; p99: Values };

/** Latency percentiles; logarithmic where they lie far apart. */
export function LatencyChart({ times, p50, p95, p99, say, ...common }: LatencyProps) {
  const lines = useMemo<Line[]>(
    () => [
      { name: "p99", colour: (palette) => palette.instances[3] ?? palette.ink, values: p99, width: 1.25 },
      { name: "p95", colour: (palette) => palette.instances[6] ?? palette.ink, values: p95, width: 1.5 },
      { name: "p50", colour: (palette) => palette.ink, values: p50, width: 2 },
    ],
    [p50, p95, p99],
  );
  const highest = Math.max(0, ...numbers(p99));
  const lowest = Math.min(highest, ...numbers(p50).filter((value) => value > 0));
  return (
    <Chart
      {...common}
      title={say("Latency")}
      summary={say(`Latency of successful requests over time; p99 was ${latency(highest)} at most.`)}
      times={times}
      lines={lines}
      format={(value) => say(latency(value))}
      log={lowest > 0 && highest / lowest > 40}
    />
  );
}

/** An instance's CPU; its place in the order gives it its colour. */
export type InstanceCpu = { id: string; place: number; values: Values };

/** The same load under two rule files: their names, and the values of the second one. */
export type Comparison = { names: [string, string]; mean: Values; ready: Values };

export type CpuProps = Common & {
  times: number[];
  mean: Values;
  instances: InstanceCpu[];
  levels: Level[];
  comparison?: Comparison;
};

/** CPU of each instance and their mean, with the thresholds of the rules. */
export function CpuChart({ times, mean, instances, levels, comparison, say, ...common }: CpuProps) {
  const shown = useMemo(() => instances.slice(0, INSTANCES), [instances]);
  const lines = useMemo<Line[]>(() => {
    if (comparison) return both(comparison.names, mean, comparison.mean);
    return [
      ...shown.map((instance) => ({
        name: instance.id,
        colour: (palette: Parameters<Line["colour"]>[0]) => instanceColour(palette, instance.place),
        values: instance.values,
        width: 1.5,
      })),
      { name: say("average"), colour: (palette) => palette.ink, values: mean, width: 2.5 },
    ];
  }, [shown, mean, comparison, say]);
  const more = instances.length - shown.length;
  return (
    <Chart
      {...common}
      title={say(cpuTitle(shown.length, more))}
      summary={say(
        `CPU over time; ${atMost(percent, "the average", mean, comparison?.names, comparison?.mean)}.`,
      )}
      times={times}
      lines={lines}
      levels={levels}
      format={(value) => say(percent(value))}
      range={() => [0, 100]}
      height={14}
    />
  );
}

function cpuTitle(shown: number, more: number): string {
  if (more > 0) return `CPU of the first ${shown} instances, and the average of all`;
  return shown > 0 ? "CPU of each instance" : "CPU, the average of all instances";
}

/** Two lines that differ in more than their colour. */
function both([one, other]: [string, string], first: Values, second: Values, steps = false): Line[] {
  const common = { steps, width: 2.25 };
  return [
    {
      ...common,
      name: one,
      colour: (palette) => palette.accent,
      values: first,
      ...(steps ? { fill: 0.14 } : {}),
    },
    { ...common, name: other, colour: (palette) => palette.warn, values: second, dashed: true },
  ];
}

/** The highest values in words, of one or of both. */
function atMost(
  format: (value: number) => string,
  what: string,
  first: Values,
  names?: [string, string],
  second: Values = [],
): string {
  const highest = (values: Values) => format(Math.max(0, ...numbers(values)));
  if (!names) return `${what} was ${highest(first)} at most`;
  return `with ${names[0]} ${highest(first)} at most, with ${names[1]} ${highest(second)}`;
}

export type InstancesProps = Common & {
  times: number[];
  wanted: Values;
  ready: Values;
  levels?: Level[];
  comparison?: Comparison;
};

/** How many instances were wanted and how many served, as steps. */
export function InstancesChart({ times, wanted, ready, comparison, say, ...common }: InstancesProps) {
  const lines = useMemo<Line[]>(() => {
    if (comparison) return both(comparison.names, ready, comparison.ready, true);
    return [
      {
        name: say("ready"),
        colour: (palette) => palette.accent,
        values: ready,
        steps: true,
        width: 2.25,
        fill: 0.18,
      },
      {
        name: say("wanted"),
        colour: (palette) => palette.ink,
        values: wanted,
        steps: true,
        width: 1.25,
        dashed: true,
      },
    ];
  }, [wanted, ready, comparison, say]);
  const levels = common.levels?.map((level) => level.value) ?? [];
  const highest = Math.max(0, ...numbers(ready), ...numbers(comparison ? comparison.ready : wanted));
  // A limit far above what was ever reached would press the steps together.
  const top = Math.max(highest, ...levels.filter((value) => value <= 2 * highest + 2));
  return (
    <Chart
      {...common}
      title={say(comparison ? "Instances that are ready" : "Instances")}
      summary={say(
        comparison
          ? `Instances over time; ${atMost(decimal, "ready", ready, comparison.names, comparison.ready)}.`
          : `Instances over time; ${highest} at most.`,
      )}
      times={times}
      lines={lines}
      format={(value) => say(decimal(value))}
      whole
      range={() => [0, top + (levels.length > 0 ? top * 0.12 : 0) + 0.35]}
      height={levels.length > 0 ? 11 : 9.5}
    />
  );
}

function numbers(values: Values): number[] {
  return values.filter((value) => value !== null);
}
