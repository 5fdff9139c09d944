import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { EVENT_ROOM, eventMarks } from "./events";
import { Legend } from "./Legend";
import type { ScalingEvent } from "./labels";
import { type Level, levelMarks } from "./levels";
import { type Palette, useLook } from "./palette";
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
const FEW = 3;
/** Of a printed chart, in CSS pixels: what fits on a sheet of A4 and of letter paper. */
const PRINT_WIDTH = 640;

/** A chart over time, with a legend that tells the values under the cursor. */
export function Chart(props: ChartProps) {
  const { title, summary, axis, times, lines, format, height = 12 } = props;
  const { palette, printing } = useLook();
  const [rem, setRem] = useState(rootSize);
  // What the drawing asks for whenever it draws, so that new data and a new axis need no new drawing.
  const latest = useRef(props);
  latest.current = props;
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [cursor, setCursor] = useState<number | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const heading = useId();

  const data = useMemo<uPlot.AlignedData>(
    () => [times, ...lines.map((line) => line.values)] as uPlot.AlignedData,
    [times, lines],
  );
  // The drawing is made anew only when its build changes; new data alone is handed to the one that is there.
  const build = JSON.stringify([
    lines.map(({ values: _, colour, ...line }) => [line, colour(palette)]),
    lines.length > 0 && times.length < FEW,
    axis.second?.name,
    props.log,
    palette,
    printing,
    height,
    rem,
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `build` stands for everything the options are made of
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measured = () => (printing ? PRINT_WIDTH : Math.max(element.clientWidth, 200));
    const options = plotOptions(latest, palette, rem, measured(), hidden, setCursor);
    const made = new uPlot(options, data, element);
    plot.current = made;
    const watch = new ResizeObserver(() => {
      setRem(rootSize());
      const width = measured();
      if (width !== made.width) made.setSize({ width, height: options.height });
    });
    if (!printing) watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [build]);

  // Told by what they hold: most who show a chart make these anew each time.
  const around = JSON.stringify([axis.range, props.events, props.levels]);
  const drawn = useRef({ data, around });
  useEffect(() => {
    if (drawn.current.data === data && drawn.current.around === around) return;
    drawn.current = { data, around };
    plot.current?.setData(data);
  }, [data, around]);

  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
    const index = lines.findIndex((line) => line.name === name);
    plot.current?.setSeries(index + 1, { show: !next.has(name) });
  };

  const at = cursor === null ? undefined : times[cursor];
  // A single line needs no name beside the title.
  const only = lines.length === 1 ? lines[0] : undefined;
  const value = cursor === null ? undefined : only?.values[cursor];
  return (
    <figure className="m-0 mb-7 break-inside-avoid last:mb-0" aria-labelledby={heading}>
      <div className="mb-1 flex flex-wrap items-baseline justify-between gap-x-4">
        <h3 id={heading} className="m-0 text-[0.95rem] font-semibold">
          {title}
          {props.note && <span className="ml-2 text-[0.8rem] font-normal text-soft">{props.note}</span>}
        </h3>
        <span className="text-[0.8rem] tabular-nums text-soft">
          {at === undefined ? "" : axis.moment(at)}
          {only && typeof value === "number" && (
            <b className="ml-2 font-semibold text-ink">{format(value)}</b>
          )}
        </span>
      </div>
      {!only && (
        <Legend
          entries={lines.map((line) => ({
            name: line.name,
            colour: line.colour(palette),
            dashed: line.dashed ?? false,
            value: cursor === null ? undefined : (line.values[cursor] ?? null),
            shown: !hidden.has(line.name),
          }))}
          format={format}
          toggle={toggle}
        />
      )}
      <div
        ref={frame}
        role="img"
        aria-label={summary}
        className="mt-3"
        style={{ minHeight: `${height}rem` }}
      />
    </figure>
  );
}

function plotOptions(
  latest: { current: ChartProps },
  palette: Palette,
  rem: number,
  width: number,
  hidden: ReadonlySet<string>,
  setCursor: (index: number | null) => void,
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
      setCursor: [(plot) => setCursor(plot.cursor.idx ?? null)],
      setScale: [
        ({ scales: { x } }, name) => {
          if (name !== "x" || x?.min == null || x.max == null) return;
          latest.current.zoomed?.([x.min, x.max], latest.current.axis.range);
        },
      ],
    },
  };
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

/** From one of 1, 2, 5 times a power of ten to another, so that the axis ends at a label. */
function logRange(low: number | null, high: number | null): [number, number] {
  if (!low || !high || low <= 0) return [0.1, 10];
  const down = 10 ** Math.floor(Math.log10(low));
  const up = 10 ** Math.floor(Math.log10(high));
  const from = [5, 2, 1].map((digit) => digit * down).find((value) => value <= low) ?? down;
  const to = [1, 2, 5, 10].map((digit) => digit * up).find((value) => value >= high) ?? 10 * up;
  return to > from ? [from, to] : [from, from * 10];
}

function logSplits(min: number, max: number): number[] {
  const splits: number[] = [];
  const decades = Math.log10(max / min);
  // Over several powers of ten, those alone.
  const digits = decades > 3 ? [1] : decades > 1.6 ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power += 1) {
    for (const digit of digits) {
      const value = Number((digit * 10 ** power).toPrecision(6));
      if (value >= min * 0.999 && value <= max * 1.001) splits.push(value);
    }
  }
  return splits;
}

/** A colour of six hexadecimal digits, let through. */
function transparent(colour: string, strength: number): string {
  return `${colour}${Math.round(strength * 255)
    .toString(16)
    .padStart(2, "0")}`;
}

/** The text size that `rem` stands for, in CSS pixels. */
function rootSize(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}
