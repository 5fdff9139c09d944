import { expect, test } from "vitest";
import { tileRows } from "./tiles";

test.each([
  [1, 5, [1]],
  [3, 5, [3]],
  [5, 5, [5]],
  [6, 5, [3, 3]],
  [7, 5, [4, 3]],
  [10, 5, [5, 5]],
  [10, 4, [4, 3, 3]],
  [3, 2, [2, 1]],
  [4, 1, [1, 1, 1, 1]],
  [3, 0, [1, 1, 1]],
  [0, 5, []],
])("%i tiles, at most %i beside each other", (tiles, most, rows) => {
  expect(tileRows(tiles, most)).toEqual(rows);
});
