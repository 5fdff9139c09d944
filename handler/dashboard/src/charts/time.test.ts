import { expect, test } from "vitest";
import { elapsed, runAxis } from "./time";

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
