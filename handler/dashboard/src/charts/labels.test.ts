import { expect, test } from "vitest";
import { groupText, labelGroups, labelPlace, type ScalingEvent } from "./labels";
import { spread } from "./levels";

test.each([
  ["alone, over its line", [100, 30, Number.NEGATIVE_INFINITY, 400], 100],
  ["beside another, moved until both can be read", [110, 30, 105, 400], 120],
  ["so close that it would lose its line: not at all", [100, 30, 105, 400], undefined],
  ["at the end of the drawing, within it", [395, 30, 300, 400], 385],
  ["at the end and close to another: not at all", [395, 30, 380, 400], undefined],
] as const)("a label is written %s", (_, [x, width, free, end], middle) => {
  expect(labelPlace(x, width, free, end)).toBe(middle);
});

test.each([
  ["far apart, where they want to be", [20, 60], [20, 60]],
  ["close, moved apart", [20, 22, 24], [20, 35, 50]],
  ["the same, moved apart", [30, 30], [30, 45]],
  ["at the upper end, within it", [-5], [0]],
  ["at the lower end, pushed back up", [95, 99, 110], [70, 85, 100]],
  [
    "more than fit, sharing the room",
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
  ],
])("labels of levels stand %s", (_, wanted, placed) => {
  expect(spread(wanted, 15, 0, 100)).toEqual(placed);
});

const event = (from: number, to: number, over: Partial<ScalingEvent> = {}): ScalingEvent => ({
  at: 0,
  from,
  to,
  seen: false,
  lost: false,
  ...over,
});
const lost = event(2, 1, { lost: true, label: "lost" });

test.each([
  ["one change", [event(1, 2)], "1→2"],
  ["changes that follow each other", [event(1, 2), event(2, 3)], "1→3"],
  ["a turn", [event(1, 2), event(2, 3), event(3, 2)], "1→3→2"],
  ["many turns", [event(1, 2), event(2, 1), event(1, 2), event(2, 1)], "1→…→1"],
  ["a lost instance", [lost], "lost"],
  ["lost instances and a change", [lost, lost, event(1, 2)], "2× lost 1→2"],
])("a label of %s", (_, events, text) => {
  expect(groupText(events)).toBe(text);
});

test("labels that do not fit become one, the closest first, and none vanishes", () => {
  const at = (x: number, from: number, to: number) => ({ x, events: [event(from, to)] });
  const texts = (end: number, ...groups: ReturnType<typeof at>[]) =>
    labelGroups(groups, (text) => text.length * 10, 3, end).map(({ text }) => text);
  const far = [at(50, 1, 2), at(150, 2, 3), at(250, 3, 2)];
  expect(texts(400, ...far)).toEqual(["1→2", "2→3", "3→2"]);
  const crowd = [at(50, 1, 2), at(51, 2, 3), at(52, 3, 4), at(53, 4, 5), at(250, 5, 4)];
  expect(texts(400, ...crowd)).toEqual(["1→5", "5→4"]);
  const many = Array.from({ length: 200 }, (_, index) => at(50 + index, index + 1, index + 2));
  const shown = texts(400, ...many);
  expect(shown.length).toBeLessThan(30);
  expect([shown[0]?.split("→")[0], shown.at(-1)?.split("→")[1]]).toEqual(["1", "201"]);
  expect(texts(10, at(5, 1, 2), at(6, 2, 3))).toEqual(["1→3"]);
});
