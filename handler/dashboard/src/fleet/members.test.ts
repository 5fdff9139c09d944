import { expect, test } from "vitest";
import { Colours, countedMembers, members, SHOWN_MS } from "./members";
import { fleetOf, instance, labOf, NOW, labInstance as process } from "./samples";

const at = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
const shown = (...args: Parameters<typeof members>) =>
  members(...args).map(({ id, state }) => `${id} ${state}`);

test("the oldest comes first, and who left is shown for a moment", () => {
  const fleet = fleetOf(
    instance("young", 1, { started_at: at(5) }),
    instance("old", 1, { started_at: at(500) }),
    instance("just-left", 1, { state: "gone", started_at: at(300), last_seen: at(SHOWN_MS.gone / 1000 - 1) }),
    instance("long-gone", 1, { state: "gone", started_at: at(400), last_seen: at(SHOWN_MS.gone / 1000 + 1) }),
  );
  expect(shown(fleet, undefined)).toEqual(["old live", "just-left gone", "young live"]);
});

test("a lost instance is shown for a minute, also where the lab knows that its process exited", () => {
  const lost = (id: string, seconds: number) =>
    instance(id, 1, { state: "lost", started_at: at(300), last_seen: at(seconds) });
  const fleet = fleetOf(
    instance("here", 1),
    lost("just-lost", SHOWN_MS.lost / 1000 - 1),
    lost("long-lost", SHOWN_MS.lost / 1000 + 1),
  );
  const lab = labOf({ instances: [process("just-lost", "exited")] });
  for (const known of [undefined, lab]) {
    expect(shown(fleet, known)).toEqual(["here live", "just-lost lost"]);
  }
});

test("the lab knows of comings and goings before the heartbeats do", () => {
  const fleet = fleetOf(instance("a", 1), instance("b", 1), instance("c", 1));
  const lab = labOf({
    instances: [
      process("a", "ready"),
      process("b", "draining"),
      process("c", "exited"),
      process("d", "starting"),
      process("e", "exited"),
    ],
  });
  expect(shown(fleet, lab)).toEqual(["a live", "b draining", "c gone", "d starting"]);
});

test("nothing known is nobody shown", () => {
  expect(members(undefined, undefined)).toEqual([]);
  expect(shown(undefined, labOf({ instances: [process("a", "starting")] }))).toEqual(["a starting"]);
});

test("where the host counts, an instance that ended was lost unless it was asked to leave", () => {
  const ended = (id: string, seconds: number, ending: string) =>
    process(id, "exited", { started_at: at(300), ended_at: at(seconds), ending });
  const lab = labOf({
    instances: [
      process("young", "starting"),
      process("busy", "ready", { started_at: at(9), cpu_percent: 42, requests: 7, outstanding: 2 }),
      ended("left", 1, "scaled in"),
      ended("lost", SHOWN_MS.gone / 1000 + 1, "exit code 1"),
      ended("long-lost", SHOWN_MS.lost / 1000 + 1, "exit code 1"),
      ended("long-gone", SHOWN_MS.gone / 1000 + 1, "stopped"),
    ],
  });
  const members = countedMembers(lab);
  expect(members.map(({ id, state }) => `${id} ${state}`)).toEqual([
    "left gone",
    "lost lost",
    "busy live",
    "young starting",
  ]);
  expect(members[2]).toMatchObject({ cpu: 42, counted: { served: 7, inFlight: 2 } });
});

test("an instance keeps its colour, and a newcomer gets a free one", () => {
  const first = new Colours(3).showing(["a", "b"]);
  expect(["a", "b"].map((id) => first.of(id))).toEqual([0, 1]);
  const second = first.showing(["b", "c"]);
  expect(["b", "c"].map((id) => second.of(id))).toEqual([1, 0]);
  const crowd = second.showing(["b", "c", "d", "e"]);
  expect(["b", "c", "d", "e"].map((id) => crowd.of(id))).toEqual([1, 0, 2, 0]);
  expect(crowd.has("a")).toBe(false);
});

test("a process that was not stopped is lost before its heartbeats are missed", () => {
  const fleet = fleetOf(instance("killed", 1), instance("removed", 1));
  const lab = labOf({
    instances: [
      process("killed", "exited", { ending: "The handler was ended by signal: 9 (SIGKILL)" }),
      process("removed", "exited", { ending: "scaled in" }),
    ],
  });
  expect(shown(fleet, lab)).toEqual(["killed lost", "removed gone"]);
});
