import type uPlot from "uplot";
import { labelFont } from "./labels";
import type { Palette } from "./palette";

/** A level that means something, such as a rule's threshold; it may hold only in some spans of time. */
export type Level = { value: number; label: string; out: boolean; spans?: [number, number][] };

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
