import { expect, test } from "vitest";
import { highest, join, mean, together } from "./bins";

test.each([
  [104, 1],
  [720, 1],
  [721, 2],
  [2400, 5],
  [86400, 200],
])("%i points are drawn %i at a time", (points, number) => {
  expect(together(points)).toBe(number);
  expect(points / number).toBeLessThanOrEqual(720);
});

test("nothing is lost at the end, and unknown values do not count", () => {
  expect(join([1, 2, 3, 4, 5], 2, (rows) => rows.length)).toEqual([2, 2, 1]);
  expect(mean([2, null, 4])).toBe(3);
  expect(highest([2, null, 4])).toBe(4);
  expect(mean([null])).toBeNull();
  expect(highest([])).toBeNull();
});
