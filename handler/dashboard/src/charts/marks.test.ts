import { expect, test } from "vitest";
import { labelPlace, labelRows, spread } from "./marks";

test.each([
  ["alone, over its line", [100, 30, Number.NEGATIVE_INFINITY, 400], 100],
  ["beside another, moved until both can be read", [110, 30, 105, 400], 120],
  ["so close that it would lose its line: not at all", [100, 30, 105, 400], undefined],
  ["at the end of the drawing, within it", [395, 30, 300, 400], 385],
  ["at the end and close to another: not at all", [395, 30, 380, 400], undefined],
] as const)("a label is written %s", (_, [x, width, free, end], middle) => {
  expect(labelPlace(x, width, free, end)).toBe(middle);
});

test.each([
  ["far apart, where they want to be", [20, 60], [20, 60]],
  ["close, moved apart", [20, 22, 24], [20, 35, 50]],
  ["the same, moved apart", [30, 30], [30, 45]],
  ["at the upper end, within it", [-5], [0]],
  ["at the lower end, pushed back up", [95, 99, 110], [70, 85, 100]],
  [
    "more than fit, sharing the room",
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
  ],
])("labels of levels stand %s", (_, wanted, placed) => {
  expect(spread(wanted, 15, 0, 100)).toEqual(placed);
});

test("labels of events that are close stand in rows, and none is left out alone", () => {
  const labels = (...points: number[]) => points.map((x) => ({ x, width: 30 }));
  const rows = (...points: number[]) => labelRows(labels(...points), 3, 400)?.map(({ row }) => row);
  expect(rows(50, 150, 250)).toEqual([0, 0, 0]);
  expect(rows(50, 55, 60, 150)).toEqual([0, 1, 2, 0]);
  expect(rows(50, 51, 52, 53)).toBeUndefined();
});
