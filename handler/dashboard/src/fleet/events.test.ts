import { expect, test } from "vitest";
import { fleetEvents } from "./events";
import { change, event, labOf, NOW, timelineOf } from "./samples";

const told = (...args: Parameters<typeof fleetEvents>) =>
  fleetEvents(...args).map(({ at, kind, id, from, to }) => [(at - NOW) / 1000, kind, id ?? `${from}→${to}`]);
const action = (from: number, to: number, seconds: number) => ({
  at: new Date(NOW - seconds * 1000).toISOString(),
  azure_seconds: 0,
  from,
  to,
  reason: "",
});

test("the newest comes first, with what the emulator's scaler did in the span", () => {
  const timeline = timelineOf(new Array(30).fill(50), 10, [
    event("joined", "b", 200),
    event("lost", "b", 20),
  ]);
  const lab = labOf({ actions: [action(1, 2, 400), action(1, 2, 205), action(2, 1, 10)] });
  expect(told(timeline, lab)).toEqual([
    [-10, "scaled_in", "2→1"],
    [-20, "lost", "b"],
    [-200, "joined", "b"],
    [-205, "scaled_out", "1→2"],
  ]);
});

test("what the app's own scaler did is not told twice", () => {
  const timeline = timelineOf(new Array(30).fill(50), 10, [change(1, 2, 205)]);
  const lab = labOf({ actions: [action(1, 2, 205)] });
  expect(told(timeline, lab)).toEqual([[-205, "scaled_out", "1→2"]]);
});
