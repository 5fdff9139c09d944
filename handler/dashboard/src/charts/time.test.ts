import { expect, test } from "vitest";
import { daysAxis, elapsed, runAxis } from "./time";

test.each([
  [17, 10, "17 s"],
  [119, 30, "119 s"],
  [60, 60, "1:00"],
  [125, 5, "2:05"],
  [3720, 600, "1:02:00"],
  [-65, 60, "-1:05"],
])("%i s, %i s from the next label, is %s", (at, step, text) => {
  expect(elapsed(at, step)).toBe(text);
});

test("a fast clock has a second row in Azure's minutes", () => {
  const axis = runAxis(104, 60);
  expect(axis.second?.label(17)).toBe("17 min");
  expect(axis.moment(17)).toBe("17.0 s · Azure minute 17");
});

test("Azure's own clock has none, and a run of nothing still has an axis", () => {
  expect(runAxis(2400, 1).second).toBeUndefined();
  expect(runAxis(2400, 1).moment(1740)).toBe("29:00");
  expect(runAxis(0, 0).range).toEqual([0, 1]);
});

const DAY = 86_400;

test("a run of days without a date counts them", () => {
  const axis = daysAxis(14 * DAY, []);
  const splits = axis.splits?.(0, 14 * DAY, 2 * DAY) ?? [];
  expect(splits.slice(0, 3).map((at) => axis.label(at, 2 * DAY))).toEqual(["day 1", "day 3", "day 5"]);
  expect(axis.label(DAY + 6 * 3600, 6 * 3600)).toBe("06:00");
  expect(axis.moment(2 * DAY + 3660)).toBe("day 3, 01:01");
});

test("a run with a date has its labels at local midnight, also after the clock was put forward", () => {
  // Sat 2026-03-28 08:00; on Sunday at 02:00, after 18 hours, it is 03:00.
  const saturday = 1_774_684_800;
  const clock = [
    { at: 0, local_seconds: saturday },
    { at: 64_800, local_seconds: saturday + 64_800 + 3600 },
  ];
  const axis = daysAxis(3 * DAY, clock);
  const splits = axis.splits?.(0, 3 * DAY, DAY) ?? [];
  expect(splits).toEqual([16 * 3600, 39 * 3600, 63 * 3600]);
  expect(splits.map((at) => axis.label(at, DAY))).toEqual(["Sun 29 Mar", "Mon 30 Mar", "Tue 31 Mar"]);
  expect(axis.moment(64_800 - 60)).toBe("Sun 29 Mar 01:59");
  expect(axis.moment(64_800)).toBe("Sun 29 Mar 03:00");
});
