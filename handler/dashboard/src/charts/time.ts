/** How a chart's common axis says its times: a moment for the cursor, and shorter labels for the axis. */
export type TimeAxis = {
  /** From and to, in seconds. */
  range: [number, number];
  /** Seconds from one label to the next that make round labels. */
  steps: number[];
  /** Where the labels stand, where that is not at multiples of the step. */
  splits?: (low: number, high: number, step: number) => number[];
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

/** What a local clock shows from a moment on. */
export type ClockReading = { at: number; local_seconds: number };

const DAY = 86_400;
/** Steps that make round labels of hours, days and weeks. */
const daySteps = [
  60,
  300,
  900,
  3600,
  10_800,
  21_600,
  43_200,
  ...[1, 2, 3, 4, 7, 14, 28, 56].map((days) => days * DAY),
];
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The axis of a run of days: by the date where a clock is known, else by the day of the run. */
export function daysAxis(end: number, clock: ClockReading[]): TimeAxis {
  const dated = clock.length > 0;
  const readings = dated ? clock : [{ at: 0, local_seconds: 0 }];
  /** The last reading of which this holds, or the first one. */
  const reading = (holds: (reading: ClockReading) => boolean) =>
    readings.findLast(holds) ?? readings[0] ?? { at: 0, local_seconds: 0 };
  const local = (at: number) => {
    const { at: from, local_seconds } = reading((one) => one.at <= at);
    return local_seconds + (at - from);
  };
  const moment = (shown: number) => {
    const { at, local_seconds } = reading((one) => one.local_seconds <= shown);
    return at + (shown - local_seconds);
  };
  const midnight = Math.floor(local(0) / DAY) * DAY;
  const two = (value: number) => String(value).padStart(2, "0");
  const time = (shown: number) =>
    `${two(Math.floor((shown % DAY) / 3600))}:${two(Math.floor((shown % 3600) / 60))}`;
  const day = (shown: number) => {
    if (!dated) return `day ${Math.floor(shown / DAY) + 1}`;
    const date = new Date(shown * 1000);
    return `${WEEKDAYS[date.getUTCDay()]} ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  };
  return {
    range: [0, Math.max(end, 1)],
    steps: daySteps,
    splits: (low, high, step) => {
      const splits: number[] = [];
      const first = midnight + Math.ceil((local(low) - midnight) / step) * step;
      // A date at the very end would reach beyond the drawing.
      const end = high - (high - low) / 100;
      for (let shown = first; moment(shown) <= end && splits.length < 1000; shown += step) {
        splits.push(moment(shown));
      }
      return splits;
    },
    label: (at, step) => {
      const shown = Math.round(local(at) / 60) * 60;
      return step >= DAY || shown % DAY === 0 ? day(shown) : time(shown);
    },
    moment: (at) => {
      const shown = Math.round(local(at));
      return `${day(shown)}${dated ? " " : ", "}${time(shown)}`;
    },
  };
}
