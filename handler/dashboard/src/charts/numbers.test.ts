import { expect, test } from "vitest";
import { decimal, latency, percent, rate } from "./numbers";

test.each([
  [0, "0"],
  [0.034, "0.03"],
  [8.1, "8.1"],
  [81.26, "81.3"],
  [1234.6, "1,235"],
])("%f is written %s, as in the page's text", (value, text) => {
  expect(decimal(value)).toBe(text);
});

test("units", () => {
  expect([percent(30), latency(3.14), latency(1240), rate(734)]).toEqual(["30%", "3.1 ms", "1.2 s", "734/s"]);
});
