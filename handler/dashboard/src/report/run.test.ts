import { expect, test } from "vitest";
import { differences } from "../shape";
import { fixture } from "./fixtures";
import { inlined, readInlined } from "./run";

test.each(["story", "quiet", "failed", "empty", "compared", "hostile"] as const)(
  "the lab's record is what the types say: %s",
  (name) => {
    expect(differences(fixture(name), inlined)).toEqual([]);
  },
);

test("a field more, a field less or another type is noticed", () => {
  const changed = structuredClone(fixture("story")) as unknown as Record<string, Record<string, unknown>>;
  changed.run = { ...changed.run, extra: 1, title: 3, notes: undefined };
  delete changed.run.plan;
  expect(differences(changed, inlined)).toEqual([
    "$.run.extra is not described",
    "$.run.title is no string",
    "$.run.plan is missing",
    "$.run.notes is no list",
  ]);
});

test("a run is read out of the page as it was put in", () => {
  const hostile = fixture("hostile");
  const block = document.createElement("script");
  block.type = "application/json";
  block.id = "run";
  block.textContent = JSON.stringify(hostile).replaceAll("<", "\\u003c");
  document.body.append(block);
  expect(readInlined(document)).toEqual(hostile);
  block.remove();
  expect(() => readInlined(document)).toThrow("carries no run");
});
