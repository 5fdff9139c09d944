/** A setting with changed values: the values that can be changed, the input, and the resulting setting. */
import type { LabSetting } from "../api";
import { typedNumber } from "../components/NumberField";
import { isoSeconds } from "./rules";

type Profile = LabSetting["profiles"][number];

/** A value that can be changed. */
export type Field = { name: string; value: number; least: number; most: number; whole: boolean };

/** The input, by the name of the field. */
export type Draft = Record<string, string>;

/** The values that Azure accepts, in minutes. */
const WINDOW = { least: 1, most: 720 };
const COOLDOWN = { least: 1, most: 10_080 };

/** The bounds of the number of instances. At least one instance must serve requests. */
export function limits({ capacity }: Profile, mostInstances: number): Field[] {
  return (["minimum", "maximum", "default"] as const).map((name) => ({
    name,
    value: Number(capacity[name]),
    least: 1,
    most: mostInstances,
    whole: true,
  }));
}

/** The values of a rule. */
export function ruleFields({ metricTrigger, scaleAction }: Profile["rules"][number], rule: number): Field[] {
  const isPercentage = metricTrigger.metricName.endsWith("Percentage");
  const minutes = (name: string, span: string, bounds: { least: number; most: number }): Field => {
    const value = isoSeconds(span) / 60;
    return { name: `${rule}.${name}`, value, ...bounds, whole: Number.isInteger(value) };
  };
  return [
    {
      name: `${rule}.threshold`,
      value: metricTrigger.threshold,
      least: isPercentage ? 0 : Number.NEGATIVE_INFINITY,
      most: isPercentage ? 100 : Number.POSITIVE_INFINITY,
      whole: false,
    },
    minutes("window", metricTrigger.timeWindow, WINDOW),
    minutes("cooldown", scaleAction.cooldown, COOLDOWN),
  ];
}

/** The present value of a field; undefined if the input is not valid. */
export function held(field: Field, draft: Draft): number | undefined {
  return typedNumber(draft[field.name] ?? String(field.value), field.least, field.most, field.whole);
}

const duration = (minutes: number) =>
  Number.isInteger(minutes) ? `PT${minutes}M` : `PT${Math.round(minutes * 60)}S`;

/** The setting with the input, which must be valid. Unchanged values keep their original form. */
export function changed(setting: LabSetting, index: number, draft: Draft): LabSetting {
  const copy = structuredClone(setting);
  const profile = copy.profiles[index];
  if (!profile) return copy;
  for (const field of limits(profile, Number.POSITIVE_INFINITY)) {
    const value = held(field, draft);
    if (value !== undefined) profile.capacity[field.name as keyof Profile["capacity"]] = String(value);
  }
  profile.rules.forEach((rule, place) => {
    const [threshold, window, cooldown] = ruleFields(rule, place).map((field) => {
      const value = held(field, draft);
      return value === field.value ? undefined : value;
    });
    if (threshold !== undefined) rule.metricTrigger.threshold = threshold;
    if (window !== undefined) rule.metricTrigger.timeWindow = duration(window);
    if (cooldown !== undefined) rule.scaleAction.cooldown = duration(cooldown);
  });
  return copy;
}
