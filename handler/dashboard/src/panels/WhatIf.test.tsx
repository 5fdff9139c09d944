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

test("a changed value is simulated and compared, and another change takes the comparison away", async () => {
  await opened();
  expect(button("Simulate").disabled).toBe(true);
  type("Threshold", "60");
  fireEvent.click(button("Simulate"));
  await screen.findByTestId("rehearsed");
  const expected = settingOf();
  const first = expected.profiles[0]?.rules[0];
  if (first) first.metricTrigger.threshold = 60;
  expect(asked.find(({ method }) => method === "POST")?.body).toEqual(expected);
  expect(asked.some(({ method }) => method === "PUT")).toBe(false);
  const table = screen.getByRole("table", { name: "Simulated outcome" });
  expect(table.textContent).toMatch(/Verdictoverloadedgood.*Overloaded minutes20.*Actions01/);
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
  expect(button("Simulate").disabled && button("Apply to the fleet").disabled).toBe(true);
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
    body: labRulesOf({
      cannot_rehearse:
        "A simulation needs 5 Azure minutes of load, and 1 Azure minute has been seen so far. Try again later",
      minutes_seen: 1,
    }),
  };
  answers["PUT /admin/lab/rules"] = { status: 400, body: { error: "profiles[0].capacity: is refused" } };
  await opened();
  type("Maximum", "4");
  expect(
    screen.getByText(
      "A simulation needs 5 Azure minutes of load, and 1 Azure minute has been seen so far. Try again later",
    ),
  ).toBeTruthy();
  expect(screen.getByText(/Load seen so far: 1 Azure minute\./)).toBeTruthy();
  expect(button("Simulate").disabled).toBe(true);
  fireEvent.click(button("Apply to the fleet"));
  await waitFor(() => expect(screen.getByText("profiles[0].capacity: is refused")).toBeTruthy());
});

test("in Spanish, what the emulator says is Spanish, too, and the rest is marked as English", async () => {
  localStorage.setItem("dashboard.language", "es");
  const faults = [
    {
      code: "no_scale_in",
      place: "profiles[0]",
      message: "has no scale-out rule: the count can only fall.",
      remedy: "",
    },
    { code: "unknown", place: "profiles[1]", message: "is something else.", remedy: "Add a scale-out rule." },
  ];
  answers["GET /admin/lab/rules"] = {
    body: labRulesOf({ explanation: { text: "the active rules: 2 faults, no hints\n", faults, hints: [] } }),
  };
  answers["PUT /admin/lab/rules"] = {
    status: 503,
    body: { error: "The app is stopping or restarting; try again" },
  };
  render(
    <Surrounded>
      <WhatIf />
    </Surrounded>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Cambiar las reglas" }));
  const [first, second] = (await screen.findAllByRole("listitem")).map(({ textContent }) =>
    textContent?.trim(),
  );
  expect(first).toBe("profiles[0]: no tiene ninguna regla de ampliación: el número solo puede bajar.");
  expect(second).toBe("profiles[1]: is something else. Agregue una regla de ampliación.");
  expect(screen.getByText("is something else.").lang).toBe("en");
  expect(screen.getByText(/^las reglas activas: 2 errores, ninguna sugerencia/)).toBeTruthy();
  type("Máximo", "4");
  fireEvent.click(button("Aplicar a la flota"));
  expect(await screen.findByText(/^La aplicación se está deteniendo/)).toBeTruthy();
  fireEvent.click(button("Simular"));
  expect(await screen.findByText(/la CPU media de 5 minutos \(80,0 %\) supera el 60 %/)).toBeTruthy();
});
