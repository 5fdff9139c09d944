import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Downloads } from "./Downloads";
import { fixture } from "./fixtures";

afterEach(() => vi.restoreAllMocks());

test("the page gives its raw data without any other file", async () => {
  const story = fixture("story");
  const blobs: Blob[] = [];
  const names: string[] = [];
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    blobs.push(blob as Blob);
    return "blob:one";
  });
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    names.push(`${this.download} ${this.href}`);
  });
  render(<Downloads inlined={story} say={(text) => text} />);
  fireEvent.click(screen.getByRole("button", { name: /CSV/ }));
  fireEvent.click(screen.getByRole("button", { name: /JSON/ }));
  expect(names).toEqual(["story.csv blob:one", "story.json blob:one"]);
  expect(await blobs[0]?.text()).toBe(story.csv);
  expect(JSON.parse((await blobs[1]?.text()) ?? "")).toEqual(story.run);
});
