import { expect, test } from "vitest";
import { columns } from "./columns";
import { fixture } from "./fixtures";

test("a run becomes columns of one length each", () => {
  const story = fixture("story");
  const { axis, load, fleet, levels, events } = columns(story);
  expect(axis.range).toEqual([0, 104]);
  for (const values of [load.sent, load.ok, load.failed, load.busy, load.p50, load.p95, load.p99]) {
    expect(values).toHaveLength(load.times.length);
  }
  for (const values of [fleet.mean, fleet.wanted, fleet.ready, ...fleet.instances.map((one) => one.values)]) {
    expect(values).toHaveLength(fleet.times.length);
  }
  expect(events.map(({ at, from, to }) => [at, from, to])).toEqual([
    [17, 1, 2],
    [37, 2, 3],
    [71, 3, 2],
    [90, 2, 1],
  ]);
  expect(levels).toEqual([
    { value: 70, out: true, label: "out > 70%" },
    { value: 30, out: false, label: "in < 30%" },
  ]);
});

test("an instance keeps its colour, and has gaps where it did not serve", () => {
  const story = fixture("story");
  const { fleet } = columns(story);
  expect(fleet.instances.map((one) => one.id)).toEqual(story.order);
  const third = fleet.instances[2];
  expect(third?.place).toBe(2);
  expect(third?.values[20]).toBeNull();
  expect(third?.values[50]).toBeGreaterThan(40);
});

test("what was only seen stands back where the scaler itself spoke", () => {
  const story = fixture("story");
  story.run.actions.push({ at: 19, from: 1, to: 2, reason: "", source: "seen" });
  expect(columns(story).events.filter((event) => event.seen)).toHaveLength(1);
  story.run.actions = story.run.actions.filter((action) => action.source === "seen");
  expect(columns(story).events.filter((event) => event.seen)).toHaveLength(0);
});
