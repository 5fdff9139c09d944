import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { written } from "../charts/testing";
import { Charts } from "./Charts";
import { fixture } from "./fixtures";
import { speaker } from "./translate";

const english = speaker("en");

const headings = () => screen.getAllByRole("heading").map((heading) => heading.textContent);

test("four charts tell the run from cause to effect", async () => {
  render(<Charts inlined={fixture("story")} say={english} />);
  expect(headings()).toEqual(["Requests per second", "CPU of each instance", "Instances", "Latency"]);
  expect(screen.getByRole("img", { name: /at most 734 were sent/ })).toBeTruthy();
  expect(screen.getByRole("img", { name: "Instances over time; 3 at most." })).toBeTruthy();
  // Drawn in a later task: the thresholds in one chart, the changes in each of the four.
  await waitFor(() => expect(written).toContain("in < 30%"));
  for (const change of ["1→2", "2→3", "3→2", "2→1"]) {
    expect(written.filter((text) => text === change).length).toBeGreaterThanOrEqual(4);
  }
});

test("the same run rendered again draws nothing again", async () => {
  const inlined = fixture("story");
  const { rerender } = render(<Charts inlined={inlined} say={english} />);
  await waitFor(() => expect(written).toContain("in < 30%"));
  written.length = 0;
  rerender(<Charts inlined={inlined} say={english} />);
  // uPlot draws in a microtask, so before the next task.
  await new Promise((done) => setTimeout(done));
  expect(written).toEqual([]);
});

test("a line is hidden and shown again by its legend", () => {
  render(<Charts inlined={fixture("story")} say={english} />);
  const button = screen.getByRole("button", { name: "lab-4147d3" });
  expect(button.getAttribute("aria-pressed")).toBe("true");
  fireEvent.click(button);
  expect(button.getAttribute("aria-pressed")).toBe("false");
  fireEvent.click(button);
  expect(button.getAttribute("aria-pressed")).toBe("true");
});

test("busy stress runs have a line only where there were any", () => {
  const quiet = fixture("quiet");
  const { unmount } = render(<Charts inlined={quiet} say={english} />);
  expect(screen.queryByRole("button", { name: "busy" })).toBeTruthy();
  unmount();
  for (const second of quiet.run.load) second.busy = 0;
  render(<Charts inlined={quiet} say={english} />);
  expect(screen.queryByRole("button", { name: "busy" })).toBeNull();
});

test("an id that looks like markup is text", () => {
  const { container } = render(<Charts inlined={fixture("hostile")} say={english} />);
  expect(container.querySelector("script, b")).toBeNull();
  expect(container.textContent).toContain("</script><!--");
});

test("nothing to draw is no error, and without requests there are no charts of them", () => {
  render(<Charts inlined={fixture("empty")} say={english} />);
  expect(headings()).toEqual(["CPU, the average of all instances", "Instances"]);
});

test("a printed page is light, and dark again afterwards", () => {
  render(<Charts inlined={fixture("story")} say={english} />);
  act(() => {
    window.dispatchEvent(new Event("beforeprint"));
  });
  expect(document.documentElement.dataset.theme).toBe("light");
  act(() => {
    window.dispatchEvent(new Event("afterprint"));
  });
  expect(document.documentElement.dataset.theme).toBeUndefined();
});

test("two rule files share the charts, with the thresholds and limits of both", async () => {
  render(<Charts inlined={fixture("compared")} say={english} />);
  expect(headings()).toEqual(["CPU, the average of all instances", "Instances that are ready"]);
  expect(screen.getAllByRole("button", { name: "slow.json" })).toHaveLength(2);
  expect(screen.getAllByRole("button", { name: "fast.json" })).toHaveLength(2);
  expect(screen.getByRole("img", { name: /with slow.json 2 at most, with fast.json 2/ })).toBeTruthy();
  await waitFor(() => expect(written).toContain("Sun 29 Mar"));
  for (const label of [
    "in < 30%",
    "out > 80%",
    "out > 60% · slow.json",
    "out > 50% · fast.json",
    "maximum 5",
  ]) {
    expect(written).toContain(label);
  }
  // The bands of the lab show what the charts show: all of it.
  const style = document.documentElement.style;
  expect([style.getPropertyValue("--zoom-at"), style.getPropertyValue("--zoom-size")]).toEqual(["0", "1"]);
});

test("in Spanish", async () => {
  render(<Charts inlined={fixture("story")} say={speaker("es")} />);
  expect(headings()).toEqual(["Peticiones por segundo", "CPU de cada instancia", "Instancias", "Latencia"]);
  expect(screen.getByRole("img", { name: /se enviaron 734 como máximo/ })).toBeTruthy();
  await waitFor(() => expect(written).toContain("reducir < 30\u00a0%"));
});
