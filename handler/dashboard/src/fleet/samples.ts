/** A fleet as the API and the lab tell of it, for the tests. */
import type {
  Fleet,
  FleetInstance,
  LabFleet,
  LabRehearsal,
  LabRules,
  LabSetting,
  Rule,
  Scaler,
  Timeline,
} from "../api";

/** When all of it is told, in milliseconds since 1970. */
export const NOW = Date.parse("2026-11-24T20:00:00.000Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

export const rule = (over: Partial<Rule> = {}): Rule => ({
  metric: "CpuPercentage",
  operator: "GreaterThan",
  threshold: 70,
  time_window: "PT5M",
  direction: "Increase",
  change: "ChangeCount",
  value: 1,
  cooldown: "PT5M",
  ...over,
});

export const RULES = [rule(), rule({ operator: "LessThan", threshold: 30, direction: "Decrease" })];

export const instance = (id: string, cpu: number, over: Partial<FleetInstance> = {}): FleetInstance => ({
  instance_id: id,
  state: "live",
  started_at: ago(600),
  last_seen: ago(0),
  version: "0.1.0",
  cpu_percent: cpu,
  memory_percent: 12,
  requests_per_second: 2,
  latency_ms: { p50: 1, p95: 2, p99: 3 },
  visits_recorded: 5,
  stress: { running: false, remaining_seconds: 0 },
  ...over,
});

export const fleetOf = (...instances: FleetInstance[]): Fleet => ({
  live: instances.filter((one) => one.state === "live").length,
  capacity: { minimum: 1, maximum: 3, default: 1 },
  rules: RULES,
  scaler: null,
  instances,
});

export const labInstance = (
  id: string,
  state: LabFleet["instances"][number]["state"],
  over: Partial<LabFleet["instances"][number]> = {},
) => ({
  id,
  state,
  started_at: ago(5),
  ended_at: null,
  cpu_percent: null,
  ending: null,
  requests: 0,
  outstanding: 0,
  ...over,
});

export const labOf = (over: Partial<LabFleet> = {}): LabFleet => ({
  plan: "premium-v3",
  time_scale: 60,
  started_at: ago(60),
  now: ago(0),
  azure_seconds: 3600,
  paused: false,
  metric_lag_seconds: 180,
  provision_seconds: 120,
  evaluate_seconds: 60,
  rules: RULES,
  capacity: { minimum: 1, maximum: 3, default: 1 },
  count: 1,
  ready: 1,
  instances: [],
  metric: { azure_seconds: 3600, cpu_percent: 50 },
  last_decision: null,
  requests_per_second: 0,
  actions: [],
  ...over,
});

/** What the scaler last found: the value that both rules read, and what it did. */
export const decided = (
  value: number,
  over: Partial<NonNullable<LabFleet["last_decision"]>> = {},
): Pick<LabFleet, "last_decision"> => ({
  last_decision: {
    at: ago(1),
    azure_seconds: 3540,
    from: 1,
    to: 1,
    action: "none",
    reason: "as the lab says it",
    cooldown_left_seconds: 0,
    readings: [
      { rule: 0, value, fires: value > 70 },
      { rule: 1, value, fires: value < 30 },
    ],
    ...over,
  },
});

/** A point for each CPU value, `bucket` seconds apart, the last one ending now; null where nothing was heard. */
export const timelineOf = (
  cpu: (number | null)[],
  bucket: number,
  events: Timeline["events"] = [],
  id = "lab-a",
): Timeline => ({
  bucket_seconds: bucket,
  points: cpu.map((value, index) => ({
    timestamp: ago((cpu.length - index) * bucket),
    instances: value === null ? null : 1,
    cpu_percent: value,
    requests_per_second: value === null ? null : 3,
    latency_ms: { p50: value === null ? null : 4, p95: null, p99: null },
    per_instance: value === null ? {} : { [id]: value },
  })),
  events,
});

export const event = (type: Timeline["events"][number]["type"], id: string, seconds: number) => ({
  timestamp: ago(seconds),
  type,
  instance_id: id,
  from: undefined,
  to: undefined,
});

/** A change of the app's own scaler. */
export const change = (from: number, to: number, seconds: number) => ({
  timestamp: ago(seconds),
  type: to > from ? ("scaled_out" as const) : ("scaled_in" as const),
  instance_id: undefined,
  from,
  to,
});

/** The app's own scaler, whose last evaluation changed nothing. */
export const scalerOf = (over: Partial<Scaler> = {}): Scaler => ({
  evaluated_at: ago(10),
  reason: "as the app says it",
  from: 1,
  wanted: 1,
  cooldown_left_seconds: 0,
  outcome: "as_wanted",
  problem: null,
  ...over,
});

const armRule = (operator: string, threshold: number, direction: string) => ({
  metricTrigger: { metricName: "CpuPercentage", operator, threshold, timeWindow: "PT5M" },
  scaleAction: { direction, type: "ChangeCount", value: "1", cooldown: "PT5M" },
});

/** The rules that come with the app. */
export const settingOf = (): LabSetting => ({
  profiles: [
    {
      name: "cpu",
      capacity: { minimum: "1", maximum: "3", default: "1" },
      rules: [armRule("GreaterThan", 70, "Increase"), armRule("LessThan", 30, "Decrease")],
    },
  ],
});

export const labRulesOf = (over: Partial<LabRules> = {}): LabRules => ({
  setting: settingOf(),
  profile: 0,
  most_instances: 5,
  explanation: { text: "the active rules: no faults, no hints", faults: [], hints: [] },
  minutes_seen: 12,
  cannot_rehearse: null,
  cannot_apply: null,
  ...over,
});

/** Two minutes in which the changed rules order an instance and those in force do not. */
export const rehearsalOf = (): LabRehearsal => ({
  minutes: 2,
  from_azure_seconds: 600,
  seen: [1, null],
  saturated_minutes: 1,
  missing_minutes: 0,
  not_recorded: [],
  active: { counts: [1, 1], actions: [], verdict: "overloaded", overloaded_minutes: 2, instance_hours: 0.03 },
  changed: {
    counts: [1, 2],
    actions: [{ at_seconds: 120, from: 1, to: 2, reason: "average CPU over 5 minutes 80.0% is above 60%" }],
    verdict: "good",
    overloaded_minutes: 0,
    instance_hours: 0.04,
  },
  explanation: {
    text: "the changed rules: 1 fault, no hints",
    faults: [{ code: "flapping", place: "profiles[0]", message: "flaps.", remedy: "Raise it." }],
    hints: [],
  },
});

/** A row of the list of visits. */
export const visit = (id: number) => ({
  id,
  timestamp: "2026-11-24T20:00:00.000Z",
  ip_address: id % 2 ? "203.0.113.0" : null,
  instance_id: "lab-a",
});
