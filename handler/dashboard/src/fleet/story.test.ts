import { expect, test } from "vitest";
import type { Health, LabFleet } from "../api";
import { members } from "./members";
import { decided, event, fleetOf, instance, labOf, NOW, RULES, rule, scalerOf, timelineOf } from "./samples";
import { series } from "./series";
import { story } from "./story";

const health = (environment: Health["environment"]): Health => ({
  status: "healthy",
  timestamp: "",
  instance_id: "a",
  database: "connected",
  db_type: "postgresql",
  environment,
  version: "0.1.0",
  uptime_seconds: 1,
});

function underLab(cpu: number[], over: Partial<LabFleet>) {
  const fleet = fleetOf(...cpu.map((value, index) => instance(`lab-${index}`, value)));
  const lab = labOf({ count: cpu.length, ready: cpu.length, ...over });
  return story({
    fleet,
    members: members(fleet, lab),
    series: undefined,
    lab,
    health: health("development"),
  });
}

test.each<[string, number[], Partial<LabFleet>, object]>([
  ["nothing measured", [5], {}, { kind: "waiting" }],
  ["paused", [90], { ...decided(90), paused: true }, { kind: "paused" }],
  ["joining", [90], { ...decided(90), count: 3, ready: 1 }, { kind: "starting", count: 2, lost: 0 }],
  ["at rest", [5], decided(5), { kind: "atMinimum", minimum: 1 }],
  ["full", [90, 90, 90], decided(90), { kind: "atMaximum", maximum: 3 }],
  [
    "cooling down on the way out",
    [90, 90],
    decided(90, { cooldown_left_seconds: 120 }),
    { kind: "cooldown", way: "out", left: 120 },
  ],
  [
    "cooling down on the way in",
    [5, 5],
    decided(5, { cooldown_left_seconds: 60 }),
    { kind: "cooldown", way: "in", left: 60 },
  ],
  ["acting", [90], decided(90, { action: "out", from: 1, to: 2 }), { kind: "acting", way: "out" }],
  [
    "one fewer would be too few",
    [25, 25],
    decided(25, { from: 2, to: 2 }),
    { kind: "kept", way: "in", count: 2, reason: "as the lab says it" },
  ],
  [
    "the mean lags behind the load",
    [95],
    decided(50),
    { kind: "building", way: "out", now: 95, window: 300 },
  ],
  ["the mean lags behind its end", [5, 5], decided(50), { kind: "building", way: "in", now: 5 }],
  ["in between", [50], decided(50), { kind: "steady", value: 50, low: 30, high: 70 }],
  ["nothing to take away", [5], decided(50), { kind: "steady", value: 50 }],
])("under the lab: %s", (_, cpu, over, situation) => {
  expect(underLab(cpu, over).situation).toMatchObject(situation);
});

test("how many serve, how many are wanted, and how many there may be", () => {
  expect(underLab([90], { ...decided(90), count: 3, ready: 1 }).counts).toEqual({
    running: 1,
    wanted: 3,
    maximum: 3,
  });
  expect(
    story({ fleet: undefined, members: [], series: undefined, lab: undefined, health: undefined }).counts,
  ).toBe(undefined);
});

test("the replacement of a lost instance is told from one that a rule added", () => {
  const fleet = fleetOf(instance("a", 5), instance("b", 5, { state: "lost" }));
  const lab = labOf({ ...decided(5), count: 2, ready: 1 });
  const told = story({ fleet, members: members(fleet, lab), series: undefined, lab, health: undefined });
  expect(told.situation).toEqual({ kind: "starting", count: 1, lost: 1 });
  const action = { at: new Date(NOW - 5_000).toISOString(), azure_seconds: 0, from: 1, to: 2, reason: "" };
  const grown = { ...lab, actions: [action] };
  const columns = series(timelineOf([5, 5], 10, [event("lost", "b", 15)]), 5, grown);
  const later = story({
    fleet,
    members: members(fleet, grown),
    series: columns,
    lab: grown,
    health: undefined,
  });
  expect(later.situation).toEqual({ kind: "starting", count: 1, lost: 0 });
});

test("an instance that is told to end is leaving", () => {
  const fleet = fleetOf(instance("a", 5), instance("b", 5, { state: "draining" }));
  const lab = labOf(decided(5));
  const told = story({ fleet, members: members(fleet, lab), series: undefined, lab, health: undefined });
  expect(told.situation).toEqual({ kind: "leaving", count: 1 });
});

test("all rules that take away must agree before one does", () => {
  const rules = [
    rule(),
    rule({ operator: "LessThan", threshold: 30, direction: "Decrease" }),
    rule({ metric: "MemoryPercentage", operator: "LessThan", threshold: 40, direction: "Decrease" }),
  ];
  const readings = (memory: number) => [
    { rule: 0, value: 5, fires: false },
    { rule: 1, value: 5, fires: true },
    { rule: 2, value: memory, fires: memory < 40 },
  ];
  const with_ = (memory: number) =>
    underLab([50, 50], { rules, ...decided(5, { readings: readings(memory), action: "in" }) }).situation;
  expect(with_(80).kind).toBe("steady");
  expect(with_(10)).toMatchObject({ kind: "acting", way: "in" });
});

function onAzure(cpu: number[], count = 1, events: ReturnType<typeof event>[] = [], rules = RULES) {
  const instances = Array.from({ length: count }, (_, index) => instance(`i${index}`, cpu.at(-1) ?? 0));
  const fleet = { ...fleetOf(...instances), rules };
  const timeline = timelineOf(cpu, 10, events);
  for (const point of timeline.points) if (point.instances !== null) point.instances = count;
  const columns = series(timeline, 60, undefined);
  return story({
    fleet,
    members: members(fleet, undefined),
    series: columns,
    lab: undefined,
    health: health("production"),
  });
}

test("on Azure, the rules are read from what the fleet shows", () => {
  const told = onAzure([...new Array(30).fill(10), ...new Array(30).fill(90)]);
  expect(told.readings.map(({ value, fires }) => [value, fires])).toEqual([
    [90, true],
    [90, false],
  ]);
  expect(told.situation).toMatchObject({ kind: "acting", way: "out" });
  expect(told).toMatchObject({ source: "azure", timeScale: 1, now: 90, cooldownLeft: null });
});

test("on Azure, the cooldown is guessed from the last change", () => {
  const told = onAzure(new Array(60).fill(90), 2, [event("joined", "i1", 100)]);
  expect(told.cooldownLeft).toBe(200);
  expect(told.situation).toMatchObject({ kind: "cooldown", way: "out", left: 200 });
  expect(told.last).toMatchObject({ from: 1, to: 2 });
});

test("on Azure, each rule waits for its own cooldown since the last change of any direction", () => {
  const rules = [
    rule({ cooldown: "PT3M" }),
    rule({ operator: "LessThan", threshold: 30, direction: "Decrease", cooldown: "PT1H" }),
  ];
  const joined = [event("joined", "i1", 240)];
  // The scale-out rule's own three minutes are over, whatever the scale-in rule's hour.
  expect(onAzure(new Array(60).fill(90), 2, joined, rules)).toMatchObject({
    situation: { kind: "acting", way: "out" },
    cooldownLeft: 0,
  });
  // An instance joined, and yet the scale-in rule waits for its own hour.
  expect(onAzure(new Array(60).fill(10), 2, joined, rules)).toMatchObject({
    situation: { kind: "cooldown", way: "in", left: 3360 },
    cooldownLeft: 3360,
  });
  // No rule asks: the one that waits longest.
  expect(onAzure(new Array(60).fill(50), 2, joined, rules)).toMatchObject({
    situation: { kind: "steady" },
    cooldownLeft: 3360,
  });
});

test("on Azure, out goes as soon as one rule may, in only when all may", () => {
  const out = [rule({ cooldown: "PT1H" }), rule({ threshold: 80, cooldown: "PT1M" })];
  const inward = (cooldown: string) =>
    rule({ operator: "LessThan", threshold: 30, direction: "Decrease", cooldown });
  const joined = [event("joined", "i1", 240)];
  expect(onAzure(new Array(60).fill(90), 2, joined, out).situation).toMatchObject({
    kind: "acting",
    reading: { rule: { threshold: 80 } },
  });
  expect(
    onAzure(new Array(60).fill(10), 2, joined, [inward("PT1M"), inward("PT1H")]).situation,
  ).toMatchObject({
    kind: "cooldown",
    left: 3360,
  });
});

test("an app that scales itself says why, also in Azure", () => {
  const told = (scaler: Parameters<typeof scalerOf>[0], cpu: number, environment: Health["environment"]) => {
    const fleet = { ...fleetOf(instance("a", cpu), instance("b", cpu)), scaler: scalerOf(scaler) };
    const timeline = timelineOf(new Array(60).fill(cpu), 10);
    for (const point of timeline.points) point.instances = 2;
    return story({
      fleet,
      members: members(fleet, undefined),
      series: series(timeline, 60, undefined),
      lab: undefined,
      health: health(environment),
    });
  };
  for (const environment of ["production", "development"] as const) {
    const waiting = told({ from: 2, wanted: 2, cooldown_left_seconds: 240 }, 90, environment);
    // Ten seconds have passed since the evaluation.
    expect(waiting).toMatchObject({ source: "app", cooldownLeft: 230 });
    expect(waiting.situation).toMatchObject({ kind: "cooldown", way: "out", left: 230 });
    const kept = told({ from: 2, wanted: 2 }, 25, environment);
    expect(kept.situation).toMatchObject({ kind: "kept", way: "in", reason: "as the app says it" });
    const out = told({ from: 2, wanted: 3 }, 90, environment);
    expect(out.situation).toMatchObject({ kind: "acting", way: "out" });
    const refused = { from: 2, wanted: 3, outcome: "refused", problem: "403 AuthorizationFailed" } as const;
    expect(told(refused, 90, environment).situation).toEqual({
      kind: "refused",
      wanted: 3,
      outcome: "refused",
      problem: "403 AuthorizationFailed",
    });
    const away = told({ from: 2, wanted: 3, outcome: "timed_out" }, 90, environment);
    expect(away.situation).toMatchObject({ kind: "refused", outcome: "timed_out" });
  }
});

test("where nothing scales, it says so", () => {
  const fleet = fleetOf(instance("a", 90));
  const facts = { members: members(fleet, undefined), series: undefined, lab: undefined };
  const kind = (given: typeof fleet | undefined, environment: Health["environment"]) =>
    story({ ...facts, fleet: given, health: health(environment) }).situation.kind;
  expect(kind(fleet, "development")).toBe("noScaler");
  expect(kind({ ...fleet, rules: null, capacity: null }, "production")).toBe("noRules");
  expect(kind(undefined, "production")).toBe("waiting");
});
