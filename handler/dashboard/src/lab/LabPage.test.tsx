/** The page of any app's fleet over an emulator that answers what the tests want. The real one is in browser/. */
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { change, decided, event, labInstance, labOf, timelineOf } from "../fleet/samples";
import { Surrounded } from "../mount";
import { LabPage } from "./LabPage";

let answers: Record<string, unknown>;
/** The key that is needed. */
let needed: string | undefined;
let asked: string[];

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  asked = [];
  needed = undefined;
  const running = labInstance("lab-a", "ready", { cpu_percent: 42, requests: 1234, outstanding: 5 });
  answers = {
    "/admin/lab/fleet": labOf({
      ...decided(50),
      instances: [running],
      requests_per_second: 7,
      time_scale: 1,
    }),
    "/admin/lab/timeline": timelineOf([10, 20, 42], 1, [
      event("joined", "lab-b", 9),
      change(1, 2, 8),
      { ...event("lost", "lab-b", 7), reason: "ended by signal 9" } as ReturnType<typeof event>,
    ]),
  };
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    asked.push(path);
    const key = new Headers(init.headers).get("x-functions-key") ?? undefined;
    if (needed && key !== needed) return new Response("", { status: 401 });
    const answer = answers[path.split("?")[0] ?? ""];
    return new Response(JSON.stringify(answer ?? {}), { status: answer ? 200 : 404 });
  });
});

afterEach(() => vi.unstubAllGlobals());

const show = () =>
  render(
    <Surrounded>
      <LabPage />
    </Surrounded>,
  );

test("tiles, charts and events come from the host alone", async () => {
  show();
  const tile = await screen.findByTestId("tile");
  expect(tile.textContent).toMatch(/lab-a.*running.*42%.*Requests1,234.*In flight5/);
  await waitFor(() => expect(screen.getByTestId("rate").textContent).toBe("7"));
  expect(screen.getByText("of 3 instances running")).toBeTruthy();
  expect(screen.getByTestId("headline").textContent).toBe("Stable");
  const rows = () => [...screen.getByTestId("events").querySelectorAll("tbody tr")];
  await waitFor(() => expect(rows()).toHaveLength(3));
  const [newest, middle] = rows().map((row) => row.textContent);
  expect(newest).toContain("Lostlab-bended by signal 9");
  expect(middle).toContain("Scale-out1 → 2 instances");
  expect(screen.getByRole("img", { name: /CPU of each instance over time/ })).toBeTruthy();
  expect(document.title).toBe("1 · Function app");
  expect(document.body.textContent).not.toMatch(/Elastic Visits|visit|SQLite|heartbeat/i);
  expect(new Set(asked.map((path) => path.split("/").slice(0, 3).join("/")))).toEqual(
    new Set(["/admin/lab"]),
  );
});

test("one instance is not told of rules", async () => {
  answers["/admin/lab/fleet"] = labOf({ capacity: { minimum: 1, maximum: 1, default: 1 } });
  show();
  await waitFor(() => expect(screen.getByTestId("headline").textContent).toBe("One instance"));
  expect(screen.getByText(/lab up --max 3/)).toBeTruthy();
  expect(screen.queryByRole("table", { name: "Rules" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Pause autoscaling", hidden: true })).toBeNull();
});

test("where keys are required, the page asks for the master key and keeps it for the tab", async () => {
  needed = "master";
  show();
  const field = await screen.findByLabelText("Master key");
  expect(screen.queryByTestId("banner")).toBeNull();
  fireEvent.change(field, { target: { value: "wrong" } });
  fireEvent.click(screen.getByRole("button", { name: "Continue" }));
  await screen.findByText("The key isn't valid.");
  fireEvent.change(field, { target: { value: "master" } });
  fireEvent.click(screen.getByRole("button", { name: "Continue" }));
  await screen.findByTestId("tile");
  expect(sessionStorage.getItem("dashboard.key")).toBe("master");
  expect(asked.some((path) => path.includes("master"))).toBe(false);
});
