import { expect, test } from "vitest";
import { changed, held, limits, ruleFields } from "./draft";
import { settingOf } from "./samples";

const profile = () => {
  const [first] = settingOf().profiles;
  if (!first) throw new Error("a setting has a profile");
  return first;
};

test("what is typed changes these values and nothing else", () => {
  const draft = { maximum: "5", "0.threshold": "62.5", "0.window": "10", "1.cooldown": "5" };
  const expected = settingOf();
  const [one] = expected.profiles;
  if (one?.rules[0]) {
    one.capacity.maximum = "5";
    one.rules[0].metricTrigger.threshold = 62.5;
    one.rules[0].metricTrigger.timeWindow = "PT10M";
  }
  expect(changed(settingOf(), 0, draft)).toEqual(expected);
  expect(changed(settingOf(), 0, {})).toEqual(settingOf());
});

test("a value outside its range is none", () => {
  const [minimum] = limits(profile(), 5);
  const [threshold, window] = profile().rules.flatMap(ruleFields);
  if (!minimum || !threshold || !window) throw new Error("three fields at least");
  expect(["0", "6", "2.5", "", "x"].map((typed) => held(minimum, { minimum: typed }))).toEqual(
    Array(5).fill(undefined),
  );
  expect(held(minimum, { minimum: "5" })).toBe(5);
  expect(held(threshold, { "0.threshold": "101" })).toBeUndefined();
  expect(held(window, { "0.window": "721" })).toBeUndefined();
  expect(held(window, {})).toBe(5);
});

test("a span that is no whole number of minutes is kept, and so can another one be", () => {
  const setting = settingOf();
  const rule = setting.profiles[0]?.rules[0];
  if (rule) rule.metricTrigger.timeWindow = "PT1M30S";
  expect(changed(setting, 0, { maximum: "4" }).profiles[0]?.rules[0]?.metricTrigger.timeWindow).toBe(
    "PT1M30S",
  );
  expect(changed(setting, 0, { "0.window": "2.5" }).profiles[0]?.rules[0]?.metricTrigger.timeWindow).toBe(
    "PT150S",
  );
});
