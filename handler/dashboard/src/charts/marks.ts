import type uPlot from "uplot";
import type { Palette } from "./palette";

/** A moment at which the number of instances was changed. */
export type ScalingEvent = {
  at: number;
  from: number;
  to: number;
  /** Only seen in the fleet, not said by the scaler. */
  seen: boolean;
  /** An instance was lost: the scaler had no part in it. */
  lost: boolean;
};

/** A level that means something, such as a rule's threshold; it may hold only in some spans of time. */
export type Level = { value: number; label: string; out: boolean; spans?: [number, number][] };

/** Labels of events that are close stand in rows above each other, in so many at most. */
const LABEL_ROWS = 3;

/** Height of a row of labels, in CSS pixels, with a little room. */
const LABEL_ROW = 17;

/** Between two labels, in CSS pixels. */
const LABEL_GAP = 3;

/** Where a label stands: the first row is next to the drawing. */
export type Place = { row: number; middle: number };

/** The labels of events that are shown, and their places; no places where there are too many of them to be read. */
function eventLabels(plot: uPlot, events: ScalingEvent[], left: number, width: number, ratio: number) {
  const { min, max } = plot.scales.x ?? {};
  if (min == null || max == null || max <= min) return { labels: [], places: new Map<ScalingEvent, Place>() };
  const labels = events
    .filter((event) => event.at >= min && event.at <= max)
    .map((event) => ({
      event,
      x: Math.round(left + ((event.at - min) / (max - min)) * width),
      text: `${event.from}→${event.to}`,
    }));
  const written = labels.filter(({ event }) => !event.seen || event.lost);
  const places = labelRows(
    written.map(({ x, text }) => ({ x, width: (text.length * 6.4 + 9) * ratio })),
    LABEL_GAP * ratio,
    plot.width * (devicePixelRatio || 1),
  );
  return { labels, places: places && new Map(written.map(({ event }, index) => [event, places[index]])) };
}

/** Room that the labels of events need above the drawing, in CSS pixels at the usual text size. */
export function eventRoom(plot: uPlot, events: ScalingEvent[], aside: number, size: number): number {
  const ratio = (devicePixelRatio || 1) * size;
  const width = plot.width * (devicePixelRatio || 1) - aside * ratio;
  const { places } = eventLabels(plot, events, aside * ratio, width, ratio);
  const rows = places ? [...places.values()].map((place) => place?.row ?? 0) : [];
  return 1 + LABEL_ROW * (Math.max(0, ...rows) + 1);
}

/**
 * Vertical lines at scaling events, with the change written above: over its line, beside it or in another row where
 * another is close. Where there are too many to be read, the lines stand alone, until a part is zoomed into.
 */
export function eventMarks(events: () => ScalingEvent[], palette: Palette, size: number): uPlot.Plugin {
  return {
    hooks: {
      draw: (plot) => {
        const { ctx, bbox } = plot;
        const ratio = (devicePixelRatio || 1) * size;
        const { labels, places } = eventLabels(plot, events(), bbox.left, bbox.width, ratio);
        ctx.save();
        ctx.font = labelFont(ratio);
        for (const { event, x, text } of labels) {
          const colour = event.lost ? palette.bad : event.to > event.from ? palette.accent : palette.warn;
          const isFaint = (event.seen && !event.lost) || !places;
          ctx.strokeStyle = colour;
          ctx.globalAlpha = isFaint ? 0.45 : 0.9;
          ctx.lineWidth = ratio;
          ctx.setLineDash(isFaint ? [1 * ratio, 3 * ratio] : [4 * ratio, 3 * ratio]);
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          const place = places?.get(event);
          if (!place) continue;
          const width = ctx.measureText(text).width + 8 * ratio;
          ctx.globalAlpha = 1;
          const y = bbox.top - (9 + place.row * LABEL_ROW) * ratio;
          pill(ctx, text, place.middle, y, width, ratio, colour, palette.card);
        }
        ctx.restore();
      },
    },
  };
}

/** Places for labels of lines at these points, from left to right; none where they do not fit into the rows. */
export function labelRows(
  labels: { x: number; width: number }[],
  gap: number,
  end: number,
): Place[] | undefined {
  const free: number[] = [];
  const places: Place[] = [];
  for (const { x, width } of labels) {
    for (let row = 0; row < LABEL_ROWS; row += 1) {
      const middle = labelPlace(x, width, free[row] ?? Number.NEGATIVE_INFINITY, end);
      if (middle === undefined) continue;
      free[row] = middle + width / 2 + gap;
      places.push({ row, middle });
      break;
    }
  }
  return places.length === labels.length ? places : undefined;
}

/**
 * The middle of a label of a line at `x`, right of what is taken up to `free` and left of the drawing's `end`; none
 * where it would no longer touch its line.
 */
export function labelPlace(x: number, width: number, free: number, end: number): number | undefined {
  const middle = Math.min(Math.max(x, free + width / 2), end - width / 2);
  const fits = middle - width / 2 >= free && Math.abs(middle - x) <= width / 2;
  return fits ? middle : undefined;
}

const labelFont = (ratio: number) => `600 ${10.5 * ratio}px system-ui, sans-serif`;

/** A word on a filled ground, its middle at x and y. */
function pill(
  ctx: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  width: number,
  ratio: number,
  fill: string,
  ink: string,
) {
  const height = 15 * ratio;
  ctx.fillStyle = fill;
  ctx.beginPath();
  ctx.roundRect(x - width / 2, y - height / 2, width, height, 3 * ratio);
  ctx.fill();
  ctx.fillStyle = ink;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(text, x, y + 0.5 * ratio);
}

/** Height of a level's label, in CSS pixels, with a little room. */
const LEVEL_LABEL = 15;

/**
 * Middles of labels that want to stand at these heights, in ascending order: moved apart until none touches another,
 * and within `low` and `high`. Where there is no room for all of them they share what there is.
 */
export function spread(wanted: number[], size: number, low: number, high: number): number[] {
  const gap = Math.min(size, (high - low) / Math.max(wanted.length - 1, 1));
  const placed: number[] = [];
  for (const middle of wanted) placed.push(Math.max(middle, low, (placed.at(-1) ?? -Infinity) + gap));
  // What was pushed below the end comes back up, and pushes what is above it.
  let limit = high;
  for (const [index, middle] of [...placed.entries()].reverse()) {
    placed[index] = Math.min(middle, limit);
    limit = Math.min(middle, limit) - gap;
  }
  return placed;
}

/** The parts of the axis in which a level holds, of those that are shown. */
function shown({ spans }: Level, low: number, high: number): [number, number][] {
  const all: [number, number][] = spans ?? [[low, high]];
  return all
    .filter(([from, to]) => to > low && from < high)
    .map(([from, to]) => [Math.max(from, low), Math.min(to, high)]);
}

/** Horizontal dashed lines with their label at one end, or where they end; labels that are close move apart. */
export function levelMarks(
  levels: () => Level[],
  palette: Palette,
  size: number,
  side: "left" | "right",
): uPlot.Plugin {
  return {
    hooks: {
      draw: (plot) => {
        const { ctx, bbox } = plot;
        const ratio = (devicePixelRatio || 1) * size;
        ctx.save();
        ctx.font = labelFont(ratio);
        const { min: low = 0, max: high = 0 } = plot.scales.x ?? {};
        const visible = levels()
          .map((level) => ({
            level,
            y: Math.round(plot.valToPos(level.value, "y", true)),
            spans: shown(level, low ?? 0, high ?? 0),
          }))
          .filter(({ y, spans }) => spans.length > 0 && y >= bbox.top && y <= bbox.top + bbox.height)
          .sort((one, other) => one.y - other.y);
        const x = (at: number) => plot.valToPos(at, "x", true);
        for (const { level, y, spans } of visible) {
          ctx.strokeStyle = level.out ? palette.accent : palette.warn;
          ctx.lineWidth = 1.25 * ratio;
          ctx.setLineDash([6 * ratio, 4 * ratio]);
          ctx.beginPath();
          for (const [from, to] of spans) {
            ctx.moveTo(x(from), y);
            ctx.lineTo(x(to), y);
          }
          ctx.stroke();
        }
        const middles = spread(
          visible.map(({ y }) => y - 9 * ratio),
          LEVEL_LABEL * ratio,
          bbox.top + 7 * ratio,
          bbox.top + bbox.height - 7 * ratio,
        );
        visible.forEach(({ level, spans }, index) => {
          const middle = middles[index] ?? 0;
          const width = ctx.measureText(level.label).width;
          const [from, to] = (side === "right" ? spans.at(-1) : spans[0]) ?? [low, high];
          const wanted = side === "right" ? x(to ?? 0) - 4 * ratio : x(from ?? 0) + width + 4 * ratio;
          const right = Math.min(
            Math.max(wanted, bbox.left + width + 4 * ratio),
            bbox.left + bbox.width - 4 * ratio,
          );
          ctx.globalAlpha = 0.82;
          ctx.fillStyle = palette.card;
          ctx.fillRect(right - width - 3 * ratio, middle - 7 * ratio, width + 6 * ratio, 14 * ratio);
          ctx.globalAlpha = 1;
          ctx.fillStyle = level.out ? palette.accent : palette.warn;
          ctx.textAlign = "right";
          ctx.textBaseline = "middle";
          ctx.fillText(level.label, right, middle);
        });
        ctx.restore();
      },
    },
  };
}
