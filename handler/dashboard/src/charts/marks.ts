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

/** A level that means something, such as a rule's threshold. */
export type Level = { value: number; label: string; out: boolean };

/** Between two labels, in CSS pixels. */
const LABEL_GAP = 3;

/** Vertical lines at scaling events, with the change written at the top: over its line, or beside it where another is close. */
export function eventMarks(events: () => ScalingEvent[], palette: Palette, size: number): uPlot.Plugin {
  return {
    hooks: {
      draw: (plot) => {
        const { ctx, bbox } = plot;
        const ratio = (devicePixelRatio || 1) * size;
        let free = Number.NEGATIVE_INFINITY;
        ctx.save();
        ctx.font = labelFont(ratio);
        for (const event of events()) {
          const x = Math.round(plot.valToPos(event.at, "x", true));
          if (x < bbox.left || x > bbox.left + bbox.width) continue;
          const colour = event.lost ? palette.bad : event.to > event.from ? palette.accent : palette.warn;
          const isFaint = event.seen && !event.lost;
          ctx.strokeStyle = colour;
          ctx.globalAlpha = isFaint ? 0.45 : 0.9;
          ctx.lineWidth = ratio;
          ctx.setLineDash(isFaint ? [1 * ratio, 3 * ratio] : [4 * ratio, 3 * ratio]);
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          if (isFaint) continue;
          const text = `${event.from}→${event.to}`;
          const width = ctx.measureText(text).width + 8 * ratio;
          const middle = labelPlace(x, width, free, plot.width * (devicePixelRatio || 1));
          if (middle === undefined) continue;
          free = middle + width / 2 + LABEL_GAP * ratio;
          ctx.globalAlpha = 1;
          pill(ctx, text, middle, bbox.top - 9 * ratio, width, ratio, colour, palette.card);
        }
        ctx.restore();
      },
    },
  };
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

/** Horizontal dashed lines with their label at the right end. */
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
        for (const level of levels()) {
          const y = Math.round(plot.valToPos(level.value, "y", true));
          if (y < bbox.top || y > bbox.top + bbox.height) continue;
          const colour = level.out ? palette.accent : palette.warn;
          ctx.strokeStyle = colour;
          ctx.lineWidth = 1.25 * ratio;
          ctx.setLineDash([6 * ratio, 4 * ratio]);
          ctx.beginPath();
          ctx.moveTo(bbox.left, y);
          ctx.lineTo(bbox.left + bbox.width, y);
          ctx.stroke();
          const width = ctx.measureText(level.label).width;
          const right = side === "right" ? bbox.left + bbox.width - 4 * ratio : bbox.left + width + 4 * ratio;
          const middle = y - 9 * ratio;
          ctx.globalAlpha = 0.82;
          ctx.fillStyle = palette.card;
          ctx.fillRect(right - width - 3 * ratio, middle - 7 * ratio, width + 6 * ratio, 14 * ratio);
          ctx.globalAlpha = 1;
          ctx.fillStyle = colour;
          ctx.textAlign = "right";
          ctx.textBaseline = "middle";
          ctx.fillText(level.label, right, middle);
        }
        ctx.restore();
      },
    },
  };
}
