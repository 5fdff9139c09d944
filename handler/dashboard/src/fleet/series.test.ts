import { expect, test } from "vitest";
import { change, event, labOf, NOW, timelineOf } from "./samples";
import { meanOfLast, newest, series } from "./series";

const now = NOW / 1000;

test("columns, one for each instance that was there", () => {
  const timeline = timelineOf([null, 40, 60], 10);
  const columns = series(timeline, 5, undefined);
  expect(columns.times).toEqual([now - 30, now - 20, now - 10]);
  expect(columns.mean).toEqual([null, 40, 60]);
  expect(columns.instances).toEqual([{ id: "lab-a", values: [null, 40, 60] }]);
  expect(columns.known).toBe(2);
});

test("the axis spans what was chosen, also where little is known", () => {
  const young = timelineOf([...new Array(20).fill(null), ...new Array(10).fill(50)], 10);
  expect(series(young, 5, undefined).range).toEqual([now - 300, now]);
  expect(series(timelineOf([50], 10), 60, undefined).range).toEqual([now - 3600, now]);
});

test("what the scaler wanted at the end of each bucket, so that ready does not come first", () => {
  const timeline = timelineOf(new Array(6).fill(50), 10);
  const at = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
  const action = (from: number, to: number, seconds: number) => ({
    at: at(seconds),
    azure_seconds: 0,
    from,
    to,
    reason: "",
  });
  const lab = labOf({ started_at: at(45), count: 2, actions: [action(1, 2, 40), action(2, 3, 25)] });
  expect(series(timeline, 5, lab).wanted).toEqual([null, 1, 2, 3, 3, 3]);
  expect(series(timeline, 5, labOf({ count: 2 })).wanted).toEqual([2, 2, 2, 2, 2, 2]);
  expect(series(timeline, 5, undefined).wanted).toEqual(new Array(6).fill(null));
  const own = timelineOf(new Array(6).fill(50), 10, [change(1, 2, 30)]);
  expect(series(own, 5, undefined).wanted).toEqual([1, 1, 1, 2, 2, 2]);
});

test("what was seen of the fleet counts back from the present number", () => {
  const events = [event("joined", "b", 200), event("left", "b", 100)];
  expect(series(timelineOf([50, 50], 10, events), 5, undefined).events).toEqual([
    { at: now - 200, from: 1, to: 2, seen: false, lost: false },
    { at: now - 100, from: 2, to: 1, seen: false, lost: false },
  ]);
});

test("a lost instance is told apart from one that left", () => {
  const events = [event("joined", "b", 200), event("lost", "b", 100)];
  const last = series(timelineOf([50, 50], 10, events), 5, undefined, "lost").events.at(-1);
  expect(last).toEqual({ at: now - 100, from: 2, to: 1, seen: false, lost: true, label: "lost" });
});

test("what the lab's scaler did is said, and what was seen only marked", () => {
  const lab = labOf({
    actions: [{ at: new Date(NOW - 205_000).toISOString(), azure_seconds: 60, from: 1, to: 2, reason: "" }],
  });
  const events = series(timelineOf([50], 10, [event("joined", "b", 200)]), 5, lab).events;
  expect(events.map(({ at, seen }) => [at - now, seen])).toEqual([
    [-205, false],
    [-200, true],
  ]);
});

test("what the app's own scaler did is said, and counts no instance", () => {
  const timeline = timelineOf([50], 10, [change(1, 2, 205), event("joined", "b", 200)]);
  for (const point of timeline.points) point.instances = 2;
  expect(series(timeline, 5, undefined).events).toEqual([
    { at: now - 205, from: 1, to: 2, seen: false, lost: false },
    { at: now - 200, from: 1, to: 2, seen: true, lost: false },
  ]);
});

test("an empty timeline is no error", () => {
  const columns = series({ bucket_seconds: 10, points: [], events: [] }, 5, undefined);
  expect([columns.known, columns.times, columns.instances]).toEqual([0, [], []]);
  expect(columns.range[1]).toBeGreaterThan(columns.range[0]);
});

test("means and newest values look back a given time only", () => {
  const times = [0, 10, 20, 30];
  expect(meanOfLast(times, [100, 10, null, 20], 25)).toBe(15);
  expect(meanOfLast(times, [100, null, null, null], 25)).toBeNull();
  expect(meanOfLast([], [], 25)).toBeNull();
  expect(newest(times, [1, 2, null, null], 25)).toBe(2);
  expect(newest(times, [1, null, null, null], 25)).toBeNull();
  expect(newest([], [], 25)).toBeNull();
});
