import { expect, test } from "vitest";
import { labelPlace } from "./marks";

test.each([
  ["alone, over its line", [100, 30, Number.NEGATIVE_INFINITY, 400], 100],
  ["beside another, moved until both can be read", [110, 30, 105, 400], 120],
  ["so close that it would lose its line: not at all", [100, 30, 105, 400], undefined],
  ["at the end of the drawing, within it", [395, 30, 300, 400], 385],
  ["at the end and close to another: not at all", [395, 30, 380, 400], undefined],
] as const)("a label is written %s", (_, [x, width, free, end], middle) => {
  expect(labelPlace(x, width, free, end)).toBe(middle);
});
