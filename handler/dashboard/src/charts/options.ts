import uPlot from "uplot";
import { EVENT_ROOM, eventMarks } from "./events";
import type { ScalingEvent } from "./labels";
import { type Level, levelMarks } from "./levels";
import { logRange, logSplits } from "./logarithm";
import type { Palette } from "./palette";
import type { TimeAxis } from "./time";

/** A line of a chart. */
export type Line = {
  name: string;
  colour: (palette: Palette) => string;
  /** Null where nothing is known: the line has a gap there. */
  values: (number | null)[];
  /** Holds its value until the next one, as a count does. */
  steps?: boolean;
  width?: number;
  dashed?: boolean;
  /** How strongly the area below is filled, from 0 to 1. */
  fill?: number;
};

/** A point of the data, and the place of the mouse in a drawing of this width, in CSS pixels. */
export type Cursor = { index: number; left: number; top: number; width: number };

export type ChartProps = {
  title: string;
  /** How the values were made, beside the title. */
  note?: string;
  /** What a screen reader says of the drawing. */
  summary: string;
  axis: TimeAxis;
  /** When each value was taken, in the axis's seconds. */
  times: number[];
  lines: Line[];
  /** Writes a value, with its unit. */
  format: (value: number) => string;
  /** Writes a value at the vertical axis. */
  tick?: (value: number) => string;
  /** The vertical axis, from the values it must hold; a logarithmic one if `log`. */
  range?: (low: number, high: number) => [number, number];
  log?: boolean;
  /** Only whole numbers at the vertical axis. */
  whole?: boolean;
  /** In rem, so that a chart grows with the text around it. */
  height?: number;
  events?: ScalingEvent[];
  levels?: Level[];
  /** Where a level has its label: not where its line is crowded. */
  levelsAt?: "left" | "right";
  /** Charts with the same group share their cursor and zoom. */
  group?: string;
  /** Whether the axis's second clock is written too. */
  bothClocks?: boolean;
  /** Whether the lines are named below the title. */
  legend?: boolean;
  /** Whether a part can be drawn over to look closer; not where the axis moves by itself. */
  zoom?: boolean;
  /** Is told the part of the axis that is shown, and the whole of it. */
  zoomed?: (shown: [number, number], whole: [number, number]) => void;
};

/** Room for the labels of the vertical axis, at the usual text size: the same in every chart, so that moments stand below each other. */
const AXIS_WIDTH = 54;
/** Room for the half of a time that stands below the end of the axis, at the usual text size. */
const AXIS_END = 32;
/** Fewer points than this make no line that could be seen. */
export const FEW = 3;
/** What uPlot draws, and how; it takes the data of `latest` whenever it draws. */
export function plotOptions(
  latest: { current: ChartProps },
  palette: Palette,
  rem: number,
  width: number,
  hidden: ReadonlySet<string>,
  setCursor: (cursor: Cursor | undefined) => void,
): uPlot.Options {
  const props = latest.current;
  const { axis, lines, height = 12, group, log, zoom = true } = props;
  // A whole number, or uPlot scales the wrong part of it on a dense screen.
  const font = `${Math.round(rem * 0.75)}px system-ui, sans-serif`;
  const scaled = (size: number) => Math.round((size * rem) / 16);
  const grid = { stroke: palette.line, width: 1 };
  const common = { stroke: palette.soft, font, grid, ticks: { show: false } };
  const clocks: uPlot.Axis[] = [
    {
      ...common,
      size: scaled(27),
      // Below the zero of the vertical axis, not beside it.
      gap: scaled(9),
      // A date is longer than a time of day.
      space: scaled(axis.splits ? 84 : 64),
      incrs: axis.steps,
      ...(axis.splits
        ? { splits: (_, __, low, high, step) => latest.current.axis.splits?.(low, high, step) ?? [] }
        : {}),
      values: (_, splits, __, ___, step) => splits.map((at) => latest.current.axis.label(at, step)),
    },
  ];
  const second = props.bothClocks ? axis.second : undefined;
  if (second) {
    clocks.push({
      ...common,
      scale: "x",
      side: 2,
      size: scaled(20),
      gap: 2,
      space: scaled(64),
      grid: { show: false },
      stroke: palette.accent,
      incrs: axis.steps,
      values: (_, splits) => splits.map((at) => latest.current.axis.second?.label(at) ?? ""),
    });
  }
  return {
    width,
    height: Math.round(height * rem) + (second ? scaled(20) : 0),
    padding: [scaled(EVENT_ROOM), scaled(AXIS_END), 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: zoom, y: false },
      points: { size: 7 },
      ...(group ? { sync: { key: group } } : {}),
    },
    scales: {
      x: {
        time: false,
        range: (plot, low, high) => zoomed(latest.current.axis.range, plot.data[0] as number[], low, high),
      },
      y: log
        ? { distr: 3, range: (_, low, high) => logRange(low, high) }
        : { range: (_, low, high) => (latest.current.range ?? fromZero)(low ?? 0, high ?? 1) },
    },
    axes: [
      ...clocks.slice(0, 1),
      {
        ...common,
        size: scaled(AXIS_WIDTH),
        gap: 8,
        space: scaled(props.whole ? 18 : 32),
        values: (_, splits) =>
          splits.map((value) =>
            value === null ? "" : (latest.current.tick ?? latest.current.format)(value),
          ),
        ...(log ? { splits: (plot) => logSplits(plot.scales.y?.min ?? 1, plot.scales.y?.max ?? 10) } : {}),
        ...(log ? { filter: (_, splits) => splits } : {}),
        ...(props.whole ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] } : {}),
      },
      ...clocks.slice(1),
    ],
    series: [
      {},
      ...lines.map((line): uPlot.Series => {
        const colour = line.colour(palette);
        return {
          label: line.name,
          show: !hidden.has(line.name),
          stroke: colour,
          width: line.width ?? 1.75,
          spanGaps: false,
          ...(line.dashed ? { dash: [5, 4] } : {}),
          ...(line.fill ? { fill: transparent(colour, line.fill) } : {}),
          ...(line.steps ? { paths: uPlot.paths.stepped?.({ align: 1 }) as uPlot.Series.PathBuilder } : {}),
          points: { show: line.values.length < FEW, size: 6 },
        };
      }),
    ],
    plugins: [
      eventMarks(() => latest.current.events ?? [], palette, rem / 16),
      // Above the lines of events, so that no label is covered.
      levelMarks(() => latest.current.levels ?? [], palette, rem / 16, props.levelsAt ?? "right"),
    ],
    hooks: {
      setCursor: [(plot) => setCursor(cursorOf(plot))],
      setScale: [
        ({ scales: { x } }, name) => {
          if (name !== "x" || x?.min == null || x.max == null) return;
          latest.current.zoomed?.([x.min, x.max], latest.current.axis.range);
        },
      ],
    },
  };
}

/** The point under the cursor, and where the cursor is. */
function cursorOf({ cursor, bbox, width }: uPlot): Cursor | undefined {
  if (cursor.idx == null || (cursor.left ?? -1) < 0) return undefined;
  const ratio = devicePixelRatio || 1;
  const left = bbox.left / ratio + (cursor.left ?? 0);
  return { index: cursor.idx, left, top: Math.max(bbox.top / ratio + (cursor.top ?? 0), 0), width };
}

/** The whole axis, or the part of it that was zoomed into. */
function zoomed(
  [start, end]: [number, number],
  times: number[],
  low: number,
  high: number,
): [number, number] {
  // Without a zoom, the chart asks for exactly the span of its data; the axis is the same for all charts.
  const whole = low === times[0] && high === times.at(-1);
  return whole || !(high - low > 0) ? [start, end] : [low, high];
}

/** From nothing to a little above the highest value. */
function fromZero(_: number, high: number): [number, number] {
  return [0, high > 0 ? high * 1.08 : 1];
}

/** A colour of six hexadecimal digits, let through. */
function transparent(colour: string, strength: number): string {
  return `${colour}${Math.round(strength * 255)
    .toString(16)
    .padStart(2, "0")}`;
}
