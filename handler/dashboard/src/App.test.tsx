/** The whole page over an API that answers what the tests want. The real one is in browser/. */
import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "./App";
import type { Fleet, LabFleet } from "./api";
import { decided, event, fleetOf, instance, labInstance, labOf, timelineOf, visit } from "./fleet/samples";
import { Surrounded } from "./mount";

type Answer = { status?: number; body: unknown };
type Asked = { method: string; path: string; key: string | null; body: unknown };

const health = { status: "healthy", timestamp: "", instance_id: "lab-a", database: "connected" };
const about = { db_type: "postgresql", environment: "development", version: "0.1.0", uptime_seconds: 9 };

/** What the API answers by method and path; a test changes it. */
let answers: Record<string, (asked: Asked) => Answer | "nobody">;
let asked: Asked[];

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  asked = [];
  answers = {
    "GET /api/visits": () => ({
      body: { total_visits: 1234, recent_visits: [2, 1].map(visit), next_before: null, instance_id: "lab-a" },
    }),
    "GET /api/instances": () => ({ body: fleetOf(instance("lab-a", 42)) }),
    "GET /api/timeline": () => ({ body: timelineOf([10, 20, 42], 10) }),
    "GET /health": () => ({ body: { ...health, ...about } }),
    "GET /admin/lab/fleet": () => ({ status: 404, body: {} }),
  };
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    const request: Asked = {
      method: init.method ?? "GET",
      path: path.split("?")[0] ?? "",
      key: headers.get("x-functions-key"),
      body: init.body ? JSON.parse(String(init.body)) : undefined,
    };
    asked.push(request);
    const answer = answers[`${request.method} ${request.path}`]?.(request) ?? { status: 404, body: {} };
    if (answer === "nobody") throw new TypeError("Failed to fetch");
    const text = answer.body === undefined ? "" : JSON.stringify(answer.body);
    return new Response(text, { status: answer.status ?? 200 });
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function show() {
  render(
    <Surrounded>
      <App />
    </Surrounded>,
  );
}

const fleetAnswers = (fleet: Fleet) => {
  answers["GET /api/instances"] = () => ({ body: fleet });
};
const labAnswers = (lab: LabFleet) => {
  answers["GET /admin/lab/fleet"] = () => ({ body: lab });
};
const tile = (id: string) => screen.getAllByTestId("tile").find((tile) => tile.dataset.id === id);

test("the story, the instances, the load and the visits at a glance", async () => {
  show();
  await waitFor(() => expect(screen.getByTestId("total").textContent).toBe("1,234"));
  await waitFor(() => expect(tile("lab-a")?.textContent).toContain("42%"));
  expect(screen.getByTestId("live").textContent).toBe("1");
  expect(screen.getByText("of 3 instances running")).toBeTruthy();
  expect(screen.getAllByTestId("free")).toHaveLength(2);
  expect(screen.getByTestId("headline").textContent).toBe("No autoscaling");
  expect(screen.getByTestId("rate").textContent).toBe("2");
  expect(screen.getByText("203.0.113.0")).toBeTruthy();
  expect(screen.getByText("not stored")).toBeTruthy();
  expect(document.title).toBe("1 · Elastic Visits");
  // A lab that is not there is asked for once.
  expect(asked.filter(({ path }) => path.startsWith("/admin"))).toHaveLength(1);
});

test("before anything is known, nothing is claimed", async () => {
  answers = {};
  show();
  expect(screen.getByTestId("total").textContent).toBe("–");
  expect(screen.getByTestId("live").textContent).toBe("–");
  expect(screen.getByText("Waiting for the first instance.")).toBeTruthy();
  expect(screen.getByText(/No data yet/)).toBeTruthy();
});

test("in Azure nobody asks for a lab", async () => {
  answers["GET /health"] = () => ({ body: { ...health, ...about, environment: "production" } });
  show();
  await waitFor(() => expect(screen.getByTestId("headline").textContent).not.toBe("No autoscaling"));
  await waitFor(() => expect(screen.getByText("PostgreSQL")).toBeTruthy());
  expect(asked.some(({ path }) => path.startsWith("/admin"))).toBe(false);
});

test("under the lab, why it has not scaled yet", async () => {
  labAnswers(labOf({ ...decided(90, { cooldown_left_seconds: 130 }), count: 2, ready: 2, time_scale: 60 }));
  fleetAnswers(fleetOf(instance("lab-a", 95), instance("lab-b", 91)));
  show();
  await waitFor(() => expect(screen.getByTestId("headline").textContent).toBe("Cooldown: 2:10\u00a0min"));
  expect(screen.getByTestId("cooldown").textContent).toBe("2:10\u00a0min of Azure time left");
  expect(screen.getByText(/Azure minute 60/)).toBeTruthy();
  expect(screen.getByRole("table", { name: "Rules" }).textContent).toContain("Triggered");
  expect(screen.getByRole("img", { name: /The average CPU is 90%/ })).toBeTruthy();
});

test("an instance that joins and one that leaves are told apart", async () => {
  labAnswers(
    labOf({
      ...decided(50),
      count: 2,
      ready: 1,
      instances: [labInstance("lab-b", "starting")],
    }),
  );
  fleetAnswers(fleetOf(instance("lab-a", 42), instance("lab-c", 3, { state: "draining" })));
  show();
  await waitFor(() => expect(tile("lab-b")?.dataset.state).toBe("starting"));
  expect(tile("lab-b")?.textContent).toContain("Waiting for first heartbeat");
  expect(tile("lab-c")?.dataset.state).toBe("draining");
  expect(tile("lab-c")?.textContent).toContain("draining");
});

test("a lost instance is told apart, takes no place and does nothing", async () => {
  fleetAnswers(fleetOf(instance("lab-a", 42), instance("lab-c", 93, { state: "lost" })));
  show();
  await waitFor(() => expect(tile("lab-c")?.dataset.state).toBe("lost"));
  expect(tile("lab-c")?.textContent).toContain("lost");
  expect(tile("lab-c")?.textContent).not.toContain("93");
  // Of three places one is taken.
  expect(screen.getAllByTestId("free")).toHaveLength(2);
});

test("a visit is registered, and its instance named", async () => {
  answers["POST /api/visit"] = () => ({
    status: 201,
    body: {
      message: "",
      id: 1235,
      timestamp: "2026-11-24T20:00:01.000Z",
      total_visits: 1235,
      ip: "203.0.113.9",
      instance_id: "lab-a",
    },
  });
  show();
  fireEvent.click(await screen.findByRole("button", { name: "Record a visit" }));
  await waitFor(() =>
    expect(screen.getByTestId("outcome").textContent).toBe("No. 1,235, from 203.0.113.9, recorded by lab-a"),
  );
});

test("many visits at once, with the outcome per status and per instance", async () => {
  let count = 0;
  answers["POST /api/visit"] = () => {
    count += 1;
    if (count % 5 === 0) return { status: 503, body: { error: "too many" } };
    const instance_id = count % 2 ? "lab-a" : "lab-b";
    const body = { message: "", id: count, timestamp: "", total_visits: count, ip: "", instance_id };
    return { status: 201, body };
  };
  show();
  fireEvent.change(await screen.findByLabelText("Visits at once"), { target: { value: "20" } });
  fireEvent.click(screen.getByRole("button", { name: "Send 20 at once" }));
  await waitFor(() => expect(screen.getByText(/20 of 20 completed/)).toBeTruthy());
  const outcome = screen.getByRole("list", { name: "Outcome" }).textContent;
  expect(outcome).toContain("16 recorded");
  expect(outcome).toContain("4 status 503");
  expect(outcome).toContain("lab-a8");
  expect(outcome).toContain("lab-b8");
});

test("the CPU test asks for the key only when it must, and keeps it for the tab", async () => {
  const started = { status: "started", stress_id: "fleet-1", scope: "fleet", duration: 45 };
  answers["POST /api/stress"] = ({ key }) =>
    key === "right"
      ? { status: 202, body: { ...started, instance_id: "lab-a", timestamp: "" } }
      : { status: 401, body: undefined };
  show();
  fireEvent.change(await screen.findByLabelText("Duration, seconds"), { target: { value: "45" } });
  expect(screen.queryByLabelText("Function key")).toBeNull();
  const start = () => screen.getByRole("button", { name: "Start the CPU test" });
  fireEvent.click(start());
  for (const [typed, said] of [
    ["wrong", "The key isn't valid."],
    ["right", undefined],
  ] as const) {
    fireEvent.change(await screen.findByLabelText("Function key"), { target: { value: typed } });
    fireEvent.submit(screen.getByRole("button", { name: "Continue" }).closest("form") as HTMLFormElement);
    if (said) await screen.findByText(said);
  }
  await waitFor(() => expect(screen.getByTestId("running").textContent).toContain("45\u00a0s"));
  expect(sessionStorage.getItem("dashboard.key")).toBe("right");
  expect(localStorage.length).toBe(0);
  const orders = asked.filter(({ path, method }) => path === "/api/stress" && method === "POST");
  expect(orders.map(({ key }) => key)).toEqual([null, "wrong", "right"]);
  expect(orders.at(-1)?.body).toEqual({ duration: 45, scope: "fleet", wait: false });
  fireEvent.click(screen.getByRole("button", { name: "Forget the key" }));
  expect(sessionStorage.length).toBe(0);
});

test.each([
  ["Duration, seconds", ["0", "3601", ""], "Enter 1 to 3,600 seconds.", "Start the CPU test"],
  [
    "Intensity, hashes/s",
    ["0", "1.5"],
    "Enter a whole number above 0, or leave this empty.",
    "Start the CPU test",
  ],
  ["Visits at once", ["0", "1001", "2.5"], "Enter a whole number from 1 to 1,000.", "Send – at once"],
])("%s out of range says so, and cannot be sent", async (field, values, said, button) => {
  show();
  for (const value of values) {
    fireEvent.change(await screen.findByLabelText(field), { target: { value } });
    expect(screen.getByText(said)).toBeTruthy();
    expect(screen.getByLabelText(field).getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByRole<HTMLButtonElement>("button", { name: button }).disabled).toBe(true);
  }
  fireEvent.change(screen.getByLabelText(field), { target: { value: "7" } });
  expect(screen.queryByText(said)).toBeNull();
  expect(asked.some(({ method }) => method === "POST")).toBe(false);
});

test("a term explains itself when it is pressed, until Escape", async () => {
  show();
  const term = await screen.findByRole("button", { name: 'What does "truncated" mean?' });
  expect(screen.queryByRole("tooltip")).toBeNull();
  fireEvent.click(term);
  expect(screen.getByRole("tooltip").textContent).toMatch(/only the network part/);
  fireEvent.keyDown(term, { key: "Escape" });
  expect(screen.queryByRole("tooltip")).toBeNull();
});

test("the link to this view is copied, without the key", async () => {
  const copied: string[] = [];
  vi.stubGlobal("navigator", {
    languages: ["en"],
    clipboard: { writeText: async (text: string) => copied.push(text) },
  });
  sessionStorage.setItem("dashboard.key", "secret");
  show();
  fireEvent.click(await screen.findByLabelText("15 min"));
  fireEvent.click(screen.getByLabelText("ES"));
  fireEvent.click(screen.getByRole("button", { name: /^Copiar un enlace/ }));
  await screen.findByText("Enlace copiado");
  expect(copied).toEqual([`${location.origin}/?minutes=15&theme=auto&lang=es`]);
});

test("a lost instance is in the list of events", async () => {
  answers["GET /api/timeline"] = () => ({ body: timelineOf([10, 20], 10, [event("lost", "lab-c", 8)]) });
  show();
  await waitFor(() => expect(screen.getByTestId("events").textContent).toContain("Lostlab-c"));
});

test("a running CPU test counts down and is stopped everywhere", async () => {
  let running = true;
  answers["GET /api/instances"] = () => ({
    body: fleetOf(instance("lab-a", 99, { stress: { running, remaining_seconds: running ? 30 : 0 } })),
  });
  answers["DELETE /api/stress"] = () => {
    running = false;
    return { body: { stopped: 1, instance_id: "lab-a" } };
  };
  show();
  await waitFor(() => expect(screen.getByTestId("left").textContent).toBe("30\u00a0s"));
  expect(tile("lab-a")?.textContent).toContain("CPU test, 30\u00a0s left");
  fireEvent.click(screen.getByRole("button", { name: "Stop the CPU test" }));
  await screen.findByRole("button", { name: "Start the CPU test" });
  expect(screen.getByText("CPU test stopped.")).toBeTruthy();
});

test("a second CPU test on a busy instance says so", async () => {
  answers["POST /api/stress"] = () => ({ status: 429, body: { error: "a stress run is under way" } });
  show();
  fireEvent.click(await screen.findByLabelText("One instance"));
  fireEvent.click(screen.getByRole("button", { name: "Start the CPU test" }));
  await screen.findByText("A CPU test is already running on this instance.");
  expect(asked.find(({ method }) => method === "POST")?.body).toMatchObject({ scope: "instance" });
});

test("what was known stays, marked as old, while the server is away, and the page comes back", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  show();
  await waitFor(() => expect(screen.getByTestId("total").textContent).toBe("1,234"));
  const working = answers;
  answers = new Proxy({}, { get: () => () => "nobody" as const });
  await act(() => vi.advanceTimersByTimeAsync(12_000));
  const banner = screen.getByTestId("banner");
  expect(banner.textContent).toContain("The server doesn't respond.");
  expect(within(banner.parentElement as HTMLElement).getByText(/Showing data from/)).toBeTruthy();
  expect(screen.getByTestId("total").textContent).toBe("1,234");
  expect(screen.getByTestId("state").dataset.state).toBe("stale");
  const record = screen.getByRole<HTMLButtonElement>("button", { name: "Record a visit" });
  expect(record.disabled).toBe(true);
  expect(document.querySelector(".page")?.hasAttribute("data-stale")).toBe(true);
  answers = working;
  await act(() => vi.advanceTimersByTimeAsync(4_000));
  expect(screen.queryByTestId("banner")).toBeNull();
  expect(screen.getByTestId("state").dataset.state).toBe("live");
  expect(record.disabled).toBe(false);
});

test("a database that is away is told from a server that is", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  show();
  await waitFor(() => expect(screen.getByTestId("total").textContent).toBe("1,234"));
  answers = {
    ...Object.fromEntries(
      ["GET /api/visits", "GET /api/instances", "GET /api/timeline"].map((path) => [
        path,
        () => ({ status: 503, body: { error: "the database is not available" } }),
      ]),
    ),
    "GET /health": () => ({
      status: 503,
      body: { ...health, ...about, status: "unhealthy", database: "disconnected" },
    }),
  };
  await act(() => vi.advanceTimersByTimeAsync(16_000));
  expect(screen.getByTestId("banner").textContent).toContain("The database doesn't respond.");
});

test("one poll that fails is no trouble", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  show();
  await waitFor(() => expect(screen.getByTestId("total").textContent).toBe("1,234"));
  const visits = answers["GET /api/visits"];
  answers["GET /api/visits"] = () => ({ status: 503, body: {} });
  await act(() => vi.advanceTimersByTimeAsync(2_100));
  expect(screen.queryByTestId("banner")).toBeNull();
  if (visits) answers["GET /api/visits"] = visits;
  await act(() => vi.advanceTimersByTimeAsync(8_000));
  expect(screen.queryByTestId("banner")).toBeNull();
});

test("an answer of another shape is no answer", async () => {
  answers["GET /api/visits"] = () => ({ body: { total_visits: "many" } });
  show();
  await waitFor(() => expect(tile("lab-a")).toBeTruthy());
  expect(screen.getByTestId("total").textContent).toBe("–");
});

test("the language is the browser's, can be changed, and is remembered", async () => {
  vi.spyOn(navigator, "languages", "get").mockReturnValue(["es-AR", "en"]);
  show();
  expect(await screen.findByRole("button", { name: "Registrar una visita" })).toBeTruthy();
  expect(document.documentElement.lang).toBe("es");
  fireEvent.click(screen.getByLabelText("EN"));
  expect(screen.getByRole("button", { name: "Record a visit" })).toBeTruthy();
  expect(document.documentElement.lang).toBe("en");
  expect(localStorage.getItem("dashboard.language")).toBe("en");
});

test("the theme can be chosen", async () => {
  show();
  const button = await screen.findByRole("button", { name: "Theme: Automatic" });
  fireEvent.click(button);
  expect(document.documentElement.dataset.theme).toBe("light");
  fireEvent.click(button);
  expect(document.documentElement.dataset.theme).toBe("dark");
  expect(localStorage.getItem("dashboard.theme")).toBe("dark");
});

test("the scaler is paused and an instance killed where there is a lab", async () => {
  labAnswers(
    labOf({
      ...decided(50),
      instances: [labInstance("lab-a", "ready", { cpu_percent: 5 })],
    }),
  );
  answers["POST /admin/lab/scaler/pause"] = () => {
    labAnswers(labOf({ ...decided(50), paused: true }));
    return { body: undefined };
  };
  answers["POST /admin/lab/instances/lab-a/kill"] = () => ({ status: 404, body: undefined });
  show();
  const kills = () => asked.filter(({ path }) => path.endsWith("/kill")).length;
  const choose = async () =>
    fireEvent.click(await screen.findByRole("button", { name: "Kill lab-a", hidden: true }));
  await choose();
  expect(screen.getByRole("alertdialog", { hidden: true }).textContent).toContain("Kill lab-a?");
  fireEvent.click(screen.getByRole("button", { name: "Cancel", hidden: true }));
  await choose();
  // It asked twice, and did nothing so far.
  expect(kills()).toBe(0);
  fireEvent.click(screen.getByRole("button", { name: "Kill the instance", hidden: true }));
  await screen.findByText("This instance is no longer running.");
  expect(kills()).toBe(1);
  fireEvent.click(screen.getByRole("button", { name: "Pause autoscaling", hidden: true }));
  await waitFor(() => expect(screen.getByTestId("headline").textContent).toBe("Autoscaling is paused"));
});
