import type uPlot from "uplot";
import { type Group, labelFont, labelGroups, type ScalingEvent } from "./labels";
import type { Palette } from "./palette";

/** Between two labels, in CSS pixels. */
const LABEL_GAP = 3;

/** The events that are shown, and the labels of those that have one. */
function eventLabels(plot: uPlot, events: ScalingEvent[], left: number, width: number, ratio: number) {
  const { min, max } = plot.scales.x ?? {};
  if (min == null || max == null || max <= min) return { lines: [], labels: [] };
  const lines = events
    .filter((event) => event.at >= min && event.at <= max)
    .map(
      (event): Group => ({ events: [event], x: Math.round(left + ((event.at - min) / (max - min)) * width) }),
    );
  const labels = labelGroups(
    lines.filter(({ events: [event] }) => event && (!event.seen || event.lost)),
    (text) => (text.length * 6.4 + 9) * ratio,
    LABEL_GAP * ratio,
    plot.width * (devicePixelRatio || 1),
  );
  return { lines, labels };
}

/** Room for the labels of events above the drawing, in CSS pixels at the usual text size. */
export const EVENT_ROOM = 18;

/** Red for what was lost, else whether there are more or fewer afterwards. */
function colourOf(events: ScalingEvent[], palette: Palette): string {
  if (events.some((event) => event.lost)) return palette.bad;
  return (events.at(-1)?.to ?? 0) >= (events[0]?.from ?? 0) ? palette.accent : palette.warn;
}

/**
 * Vertical lines at scaling events, with the change written above: over its line, or beside it
 * where another is close. Where there is no room for both, they share a label.
 */
export function eventMarks(events: () => ScalingEvent[], palette: Palette, size: number): uPlot.Plugin {
  return {
    hooks: {
      draw: (plot) => {
        const { ctx, bbox } = plot;
        const ratio = (devicePixelRatio || 1) * size;
        const { lines, labels } = eventLabels(plot, events(), bbox.left, bbox.width, ratio);
        ctx.save();
        ctx.font = labelFont(ratio);
        for (const { events, x } of lines) {
          const isFaint = events.every((event) => event.seen && !event.lost);
          ctx.strokeStyle = colourOf(events, palette);
          ctx.globalAlpha = isFaint ? 0.45 : 0.9;
          ctx.lineWidth = ratio;
          ctx.setLineDash(isFaint ? [1 * ratio, 3 * ratio] : [4 * ratio, 3 * ratio]);
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
        }
        ctx.globalAlpha = 1;
        for (const { events, text, middle } of labels) {
          const width = ctx.measureText(text).width + 8 * ratio;
          pill(
            ctx,
            text,
            middle,
            bbox.top - 9 * ratio,
            width,
            ratio,
            colourOf(events, palette),
            palette.card,
          );
        }
        ctx.restore();
      },
    },
  };
}

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
