/** Where the labels of events stand, and which of them share one. Pure. */

/** A moment at which the number of instances was changed. */
export type ScalingEvent = {
  at: number;
  from: number;
  to: number;
  /** Only seen in the fleet, not said by the scaler. */
  seen: boolean;
  /** An instance was lost: the scaler had no part in it. */
  lost: boolean;
  /** What is written instead of the change. */
  label?: string;
};

/** More turns than this are not written out. */
const MOST_TURNS = 2;

/** Events that share a label, in the order of their time, and the middle of their lines. */
export type Group = { events: ScalingEvent[]; x: number };

export const labelFont = (ratio: number) => `600 ${10.5 * ratio}px system-ui, sans-serif`;

/** The label of events: `1→2`, `1→3` of two that follow each other, `1→3→2` of a turn, the word of what was lost. */
export function groupText(events: ScalingEvent[]): string {
  const lost = events.filter((event) => event.lost);
  const word = lost[0]?.label;
  const parts = word === undefined ? [] : [lost.length > 1 ? `${lost.length}× ${word}` : word];
  const counts: number[] = [];
  for (const { from, to } of events.filter((event) => event.label === undefined)) {
    if (counts.at(-1) !== from) counts.push(from);
    counts.push(to);
  }
  // Where the number neither stops rising nor falling, nothing turns.
  const turns = counts.filter((count, index) => {
    const [before, after] = [counts[index - 1], counts[index + 1]];
    return before === undefined || after === undefined || count > before !== after > count;
  });
  const [first, last] = [turns[0], turns.at(-1)];
  if (turns.length > MOST_TURNS + 1) parts.push(`${first}→…→${last}`);
  else if (turns.length > 0) parts.push(turns.join("→"));
  return parts.join(" ");
}

/**
 * Groups of events with the middle of the label of each: those whose labels would not fit beside each other share one, the
 * closest first. `width` measures a text; `gap` is kept between labels, and none reaches beyond `end`.
 */
export function labelGroups(
  events: Group[],
  width: (text: string) => number,
  gap: number,
  end: number,
): (Group & { text: string; middle: number })[] {
  let groups = events;
  for (;;) {
    const labels = groups.map((group) => ({ ...group, text: groupText(group.events) }));
    const middles = labelMiddles(
      labels.map(({ x, text }) => ({ x, width: width(text) })),
      gap,
      end,
    );
    if (middles.length === labels.length || groups.length < 2)
      return labels.map((label, index) => ({ ...label, middle: middles[index] ?? end / 2 }));
    groups = closestJoined(groups);
  }
}

/** The two that are next to each other became one. */
function closestJoined(groups: Group[]): Group[] {
  const distance = (index: number) => (groups[index + 1]?.x ?? Infinity) - (groups[index]?.x ?? 0);
  let closest = 0;
  for (let index = 1; index < groups.length - 1; index += 1)
    if (distance(index) < distance(closest)) closest = index;
  const pair = groups.slice(closest, closest + 2);
  const events = pair.flatMap((group) => group.events);
  const x = pair.reduce((sum, group) => sum + group.x * group.events.length, 0) / events.length;
  return groups.toSpliced(closest, 2, { events, x });
}

/** Middles of the labels of lines at these points, from left to right, up to the first that does not fit. */
function labelMiddles(labels: { x: number; width: number }[], gap: number, end: number): number[] {
  const middles: number[] = [];
  let free = Number.NEGATIVE_INFINITY;
  for (const { x, width } of labels) {
    const middle = labelPlace(x, width, free, end);
    if (middle === undefined) break;
    middles.push(middle);
    free = middle + width / 2 + gap;
  }
  return middles;
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
