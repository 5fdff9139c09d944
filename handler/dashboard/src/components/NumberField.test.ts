import { expect, test } from "vitest";
import { typedNumber } from "./NumberField";

test.each([
  ["1", 1],
  ["3600", 3600],
  [" 7 ", 7],
  ["0", undefined],
  ["3601", undefined],
  ["-5", undefined],
  ["", undefined],
  ["ten", undefined],
  ["1e9", undefined],
  ["2.5", undefined],
])("%j is taken as %s", (typed, value) => {
  expect(typedNumber(typed, 1, 3600, true)).toBe(value);
});

test("a fraction is taken where it means something", () => {
  expect(typedNumber("2.5", 1, 3600, false)).toBe(2.5);
});
