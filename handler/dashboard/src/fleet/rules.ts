import type { Rule } from "../api";

export type Direction = "out" | "in";

/** What a rule does to the fleet; none for one that sets an exact count. */
export function direction(rule: Rule): Direction | undefined {
  if (rule.change === "ExactCount") return undefined;
  return rule.direction === "Increase" ? "out" : "in";
}

/** Whether a value makes the rule fire. Operators as Azure Monitor names them. */
export function fires(rule: Rule, value: number | null): boolean {
  if (value === null) return false;
  switch (rule.operator) {
    case "GreaterThan":
      return value > rule.threshold;
    case "GreaterThanOrEqual":
      return value >= rule.threshold;
    case "LessThan":
      return value < rule.threshold;
    case "LessThanOrEqual":
      return value <= rule.threshold;
    case "Equals":
      return value === rule.threshold;
    case "NotEquals":
      return value !== rule.threshold;
    default:
      return false;
  }
}

const SIGNS: Record<string, string> = {
  GreaterThan: ">",
  GreaterThanOrEqual: "≥",
  LessThan: "<",
  LessThanOrEqual: "≤",
  Equals: "=",
  NotEquals: "≠",
};

/** The operator as a sign. */
export const sign = (rule: Rule) => SIGNS[rule.operator] ?? rule.operator;

/** `+1`, `−1`, `+50%`, `→ 2`; `percent` writes a percentage. */
export function effect(rule: Rule, percent: (value: number) => string): string {
  if (rule.change === "ExactCount") return `→ ${rule.value}`;
  const value = rule.change === "PercentChangeCount" ? percent(rule.value) : rule.value;
  return `${direction(rule) === "out" ? "+" : "−"}${value}`;
}

export const isCpu = (rule: Rule) => rule.metric === "CpuPercentage";

/** Seconds of an ISO 8601 duration such as `PT5M`; 0 for what is none. */
export function isoSeconds(text: string): number {
  const parts = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (!parts) return 0;
  const [days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  return (days ?? 0) * 86_400 + (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
}
