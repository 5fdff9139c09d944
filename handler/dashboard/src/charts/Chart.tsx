import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { Legend } from "./Legend";
import { type ChartProps, type Cursor, FEW, plotOptions } from "./options";
import { useLook } from "./palette";
import { Tooltip } from "./Tooltip";

/** Of a printed chart, in CSS pixels: what fits on a sheet of A4 and of letter paper. */
const PRINT_WIDTH = 640;

/** A chart over time, with a legend, and the values beside the cursor. */
export function Chart(props: ChartProps) {
  const { title, summary, axis, times, lines, format, height = 12 } = props;
  const { palette, printing } = useLook();
  const [rem, setRem] = useState(rootSize);
  // What the drawing asks for whenever it draws, so that new data and a new axis need no new drawing.
  const latest = useRef(props);
  latest.current = props;
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [cursor, setCursor] = useState<Cursor>();
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

  const at = cursor && times[cursor.index];
  return (
    <figure className="m-0 mb-7 break-inside-avoid last:mb-0" aria-labelledby={heading}>
      <div className="mb-1 flex flex-wrap items-baseline justify-between gap-x-4">
        <h3 id={heading} className="m-0 text-[0.95rem] font-semibold">
          {title}
          {props.note && <span className="ml-2 text-[0.8rem] font-normal text-soft">{props.note}</span>}
        </h3>
      </div>
      {/* A single line needs no name beside the title. */}
      {lines.length > 1 && props.legend !== false && (
        <Legend
          entries={lines.map((line) => ({
            name: line.name,
            colour: line.colour(palette),
            dashed: line.dashed ?? false,
            shown: !hidden.has(line.name),
          }))}
          toggle={toggle}
        />
      )}
      <div
        ref={frame}
        role="img"
        aria-label={summary}
        className="relative mt-3"
        style={{ minHeight: `${height}rem` }}
      >
        {cursor && at !== undefined && (
          <Tooltip
            cursor={cursor}
            moment={axis.moment(at)}
            entries={lines
              .filter((line) => !hidden.has(line.name))
              .map((line) => ({
                name: line.name,
                colour: line.colour(palette),
                value: line.values[cursor.index] ?? null,
              }))}
            format={format}
          />
        )}
      </div>
    </figure>
  );
}

/** The text size that `rem` stands for, in CSS pixels. */
function rootSize(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}
