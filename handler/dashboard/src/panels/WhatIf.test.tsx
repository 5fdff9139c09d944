/** The panel over an emulator that answers what the tests want. The real one is in browser/what-if.test.ts. */
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { labRulesOf, rehearsalOf, settingOf } from "../fleet/samples";
import { Surrounded } from "../mount";
import { WhatIf } from "./WhatIf";

type Asked = { method: string; path: string; body: unknown };

let asked: Asked[];
let answers: Record<string, { status?: number; body: unknown }>;

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  asked = [];
  answers = {
    "GET /admin/lab/rules": { body: labRulesOf() },
    "POST /admin/lab/rules/rehearse": { body: rehearsalOf() },
    "PUT /admin/lab/rules": { body: labRulesOf() },
  };
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const method = init.method ?? "GET";
    asked.push({ method, path, body: init.body ? JSON.parse(String(init.body)) : undefined });
    const { status = 200, body } = answers[`${method} ${path}`] ?? { status: 404, body: {} };
    return new Response(JSON.stringify(body), { status });
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

async function opened() {
  render(
    <Surrounded>
      <WhatIf />
    </Surrounded>,
  );
  // Nothing is asked for before somebody wants to know.
  expect(asked).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Change the rules" }));
  await screen.findByTestId("what-if");
}

const fields = (label: string) => screen.getAllByLabelText<HTMLInputElement>(label);
const type = (label: string, value: string, place = 0) => {
  const field = fields(label)[place];
  if (!field) throw new Error(`no field ${label}`);
  fireEvent.change(field, { target: { value } });
};
const button = (name: string) => screen.getByRole<HTMLButtonElement>("button", { name });
const alerts = () => screen.getAllByRole("alert").map((alert) => alert.textContent);

test("a changed value is rehearsed and compared, and another change takes the comparison away", async () => {
  await opened();
  expect(button("Rehearse").disabled).toBe(true);
  type("Threshold", "60");
  fireEvent.click(button("Rehearse"));
  await screen.findByTestId("rehearsed");
  const expected = settingOf();
  const first = expected.profiles[0]?.rules[0];
  if (first) first.metricTrigger.threshold = 60;
  expect(asked.find(({ method }) => method === "POST")?.body).toEqual(expected);
  expect(asked.some(({ method }) => method === "PUT")).toBe(false);
  const table = screen.getByRole("table", { name: "Simulated outcome" });
  expect(table.textContent).toMatch(/Verdictoverloadedgood.*capacity20.*Actions01/);
  expect(screen.getByRole("img", { name: /At most 1 with the active rules, and 2/ })).toBeTruthy();
  expect(screen.getByText(/^For 1 minute, every instance was at 99% CPU or more/)).toBeTruthy();
  expect(screen.getByText("profiles[0]: flaps. Raise it.")).toBeTruthy();
  expect(screen.getByText(/Azure minute 12: 1 → 2/)).toBeTruthy();
  type("Threshold", "61");
  expect(screen.queryByTestId("rehearsed")).toBeNull();
});

test("what is out of range says so, and is not sent", async () => {
  await opened();
  type("Threshold", "101");
  type("Maximum", "6");
  type("Window, min", "0", 1);
  expect(alerts()).toEqual(expect.arrayContaining(["Enter 0 to 100.", "Enter 1 to 5.", "Enter 1 to 720."]));
  expect(button("Rehearse").disabled && button("Apply to the fleet").disabled).toBe(true);
  fireEvent.click(button("Reset"));
  type("Default", "4");
  expect(alerts()).toContain("The default must be from the minimum to the maximum.");
  type("Maximum", "4");
  expect(button("Apply to the fleet").disabled).toBe(false);
  type("Minimum", "5");
  expect(alerts()).toContain("The maximum must not be less than the minimum.");
  expect(asked.every(({ method }) => method === "GET")).toBe(true);
});

test("a refusal is shown in the emulator's own words, and so is what is not possible", async () => {
  answers["GET /admin/lab/rules"] = {
    body: labRulesOf({ cannot_rehearse: "A rehearsal needs 5 Azure minutes of load.", minutes_seen: 1 }),
  };
  answers["PUT /admin/lab/rules"] = { status: 400, body: { error: "profiles[0].capacity: is refused" } };
  await opened();
  type("Maximum", "4");
  expect(screen.getByText("A rehearsal needs 5 Azure minutes of load.")).toBeTruthy();
  expect(screen.getByText(/Load seen so far: 1 Azure minute\./)).toBeTruthy();
  expect(button("Rehearse").disabled).toBe(true);
  fireEvent.click(button("Apply to the fleet"));
  await waitFor(() => expect(screen.getByText("profiles[0].capacity: is refused")).toBeTruthy());
});
