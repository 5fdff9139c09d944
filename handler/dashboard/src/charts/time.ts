/** How a chart's common axis says its times: a moment for the cursor, and shorter labels for the axis. */
export type TimeAxis = {
  /** From and to, in seconds. */
  range: [number, number];
  /** Seconds from one label to the next that make round labels. */
  steps: number[];
  /** A label of the axis, `step` seconds from the next one. */
  label: (at: number, step: number) => string;
  /** A second row of labels, such as another clock. */
  second?: { name: string; label: (at: number) => string };
  /** The moment under the cursor, in full. */
  moment: (at: number) => string;
};

/** Steps that make round labels of seconds, minutes, hours and days. */
export const roundSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400,
];

/** `17 s`, `2:05`, `1:02:00`: seconds since a run began, for an axis with so many seconds to a label. */
export function elapsed(at: number, step: number): string {
  const whole = Math.round(at);
  if (step < 60 && whole < 120 && whole > -60) return `${whole} s`;
  const sign = whole < 0 ? "-" : "";
  const [seconds, minutes, hours] = [
    Math.abs(whole) % 60,
    Math.floor(Math.abs(whole) / 60) % 60,
    Math.floor(Math.abs(whole) / 3600),
  ];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${sign}${hours}:${two(minutes)}:${two(seconds)}` : `${sign}${minutes}:${two(seconds)}`;
}

/** The axis of a run: its own seconds, and Azure's minutes where its clock runs faster. */
export function runAxis(end: number, timeScale: number): TimeAxis {
  const scale = timeScale > 0 ? timeScale : 1;
  const minutes = (at: number) => (at * scale) / 60;
  const round = (value: number) => String(Math.round(value * 10) / 10);
  const axis: TimeAxis = {
    range: [0, Math.max(end, 1)],
    steps: roundSteps,
    label: elapsed,
    moment: (at) => `${at < 120 ? `${at.toFixed(1)} s` : elapsed(at, 60)}`,
  };
  if (Math.abs(scale - 1) < 1e-9) return axis;
  return {
    ...axis,
    second: { name: "Azure", label: (at) => `${round(minutes(at))} min` },
    moment: (at) => `${axis.moment(at)} · Azure minute ${round(minutes(at))}`,
  };
}
