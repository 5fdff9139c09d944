import { expect, test } from "vitest";
import { effect, fires, isoSeconds, sign } from "./rules";
import { rule } from "./samples";

test.each([
  ["PT5M", 300],
  ["PT1H30M", 5400],
  ["P1DT1S", 86_401],
  ["PT0.5S", 0.5],
  ["five minutes", 0],
])("%s is %f s", (text, seconds) => {
  expect(isoSeconds(text)).toBe(seconds);
});

test.each([
  ["GreaterThan", [false, false, true], ">"],
  ["GreaterThanOrEqual", [false, true, true], "≥"],
  ["LessThan", [true, false, false], "<"],
  ["LessThanOrEqual", [true, true, false], "≤"],
  ["Equals", [false, true, false], "="],
  ["NotEquals", [true, false, true], "≠"],
  ["Unheard", [false, false, false], "Unheard"],
])("%s", (operator, outcomes, written) => {
  const one = rule({ operator });
  expect([69, 70, 71].map((value) => fires(one, value))).toEqual(outcomes);
  expect(fires(one, null)).toBe(false);
  expect(sign(one)).toBe(written);
});

test.each([
  [{}, "+1"],
  [{ direction: "Decrease", value: 2 }, "−2"],
  [{ change: "PercentChangeCount", value: 50 }, "+50%"],
  [{ change: "ExactCount", value: 4 }, "→ 4"],
])("%j does %s", (over, written) => {
  expect(effect(rule(over), (value) => `${value}%`)).toBe(written);
});
