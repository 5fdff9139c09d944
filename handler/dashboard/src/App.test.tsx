/** The whole page over an API that answers what the tests want. The real one is in browser/. */
import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "./App";
import type { Fleet, LabFleet } from "./api";
import { decided, fleetOf, instance, labInstance, labOf, timelineOf } from "./fleet/samples";
import { Surrounded } from "./mount";

type Answer = { status?: number; body: unknown };
type Asked = { method: string; path: string; key: string | null; body: unknown };

const visit = (id: number) => ({
  id,
  timestamp: "2026-11-24T20:00:00.000Z",
  ip_address: id % 2 ? "203.0.113.0" : null,
  instance_id: "lab-a",
});

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

test("four things at a glance", async () => {
  show();
  await waitFor(() => expect(screen.getByTestId("total").textContent).toBe("1,234"));
  await waitFor(() => expect(tile("lab-a")?.textContent).toContain("42\u00a0%"));
  expect(screen.getByTestId("live").textContent).toBe("1");
  expect(screen.getByText("of at most 3")).toBeTruthy();
  expect(screen.getAllByText("free")).toHaveLength(2);
  expect(screen.getByTestId("headline").textContent).toBe("Nothing scales here");
  expect(screen.getByTestId("rate").textContent).toBe("2");
  expect(screen.getByText("203.0.113.0")).toBeTruthy();
  expect(screen.getByText("not kept")).toBeTruthy();
  expect(document.title).toBe("1 · Elastic Visits");
  // A lab that is not there is asked for once.
  expect(asked.filter(({ path }) => path.startsWith("/admin"))).toHaveLength(1);
});

test("before anything is known, nothing is claimed", async () => {
  answers = {};
  show();
  expect(screen.getByTestId("total").textContent).toBe("–");
  expect(screen.getByTestId("live").textContent).toBe("–");
  expect(screen.getByText("No instance has reported yet.")).toBeTruthy();
  expect(screen.getByText(/No history yet/)).toBeTruthy();
});

test("in Azure nobody asks for a lab", async () => {
  answers["GET /health"] = () => ({ body: { ...health, ...about, environment: "production" } });
  show();
  await waitFor(() => expect(screen.getByTestId("headline").textContent).not.toBe("Nothing scales here"));
  await waitFor(() => expect(screen.getByText("PostgreSQL")).toBeTruthy());
  expect(asked.some(({ path }) => path.startsWith("/admin"))).toBe(false);
});

test("under the lab, why it has not scaled yet", async () => {
  labAnswers(labOf({ ...decided(90, { cooldown_left_seconds: 130 }), count: 2, ready: 2, time_scale: 60 }));
  fleetAnswers(fleetOf(instance("lab-a", 95), instance("lab-b", 91)));
  show();
  await waitFor(() => expect(screen.getByTestId("headline").textContent).toBe("Cooling down: 2:10\u00a0min"));
  expect(screen.getByTestId("cooldown").textContent).toBe("2:10\u00a0min of Azure time left");
  expect(screen.getByText(/Azure minute 60/)).toBeTruthy();
  expect(screen.getByRole("table", { name: "Rules" }).textContent).toContain("met");
  expect(screen.getByRole("img", { name: /The rules see 90/ })).toBeTruthy();
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
  expect(tile("lab-b")?.textContent).toContain("Not heard of yet");
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
  expect(screen.getAllByTitle("A rule may fill it")).toHaveLength(2);
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
  fireEvent.click(await screen.findByRole("button", { name: "Register a visit" }));
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
  fireEvent.click(screen.getByRole("button", { name: "20 at once" }));
  await waitFor(() => expect(screen.getByText(/20 of 20 answered/)).toBeTruthy());
  const outcome = screen.getByRole("list", { name: "Outcome" }).textContent;
  expect(outcome).toContain("16 registered");
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
    ["wrong", "This key was not accepted."],
    ["right", undefined],
  ] as const) {
    fireEvent.change(await screen.findByLabelText("Function key"), { target: { value: typed } });
    fireEvent.submit(screen.getByRole("button", { name: "Use it" }).closest("form") as HTMLFormElement);
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
  fireEvent.click(screen.getByRole("button", { name: "Stop all" }));
  await screen.findByRole("button", { name: "Start the CPU test" });
  expect(screen.getByText("Stopped.")).toBeTruthy();
});

test("a second CPU test on a busy instance says so", async () => {
  answers["POST /api/stress"] = () => ({ status: 429, body: { error: "a stress run is under way" } });
  show();
  fireEvent.click(await screen.findByLabelText("One instance"));
  fireEvent.click(screen.getByRole("button", { name: "Start the CPU test" }));
  await screen.findByText("A CPU test is already running there.");
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
  expect(banner.textContent).toContain("The server does not answer.");
  expect(within(banner.parentElement as HTMLElement).getByText(/Shown is what was known at/)).toBeTruthy();
  expect(screen.getByTestId("total").textContent).toBe("1,234");
  expect(screen.getByTestId("state").dataset.state).toBe("stale");
  expect(document.querySelector("main")?.hasAttribute("data-stale")).toBe(true);
  answers = working;
  await act(() => vi.advanceTimersByTimeAsync(4_000));
  expect(screen.queryByTestId("banner")).toBeNull();
  expect(screen.getByTestId("state").dataset.state).toBe("live");
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
  expect(screen.getByTestId("banner").textContent).toContain("The database does not answer.");
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
  expect(screen.getByRole("button", { name: "Register a visit" })).toBeTruthy();
  expect(document.documentElement.lang).toBe("en");
  expect(localStorage.getItem("dashboard.language")).toBe("en");
});

test("the theme can be chosen", async () => {
  show();
  const button = await screen.findByRole("button", { name: "Appearance: Automatic" });
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
  fireEvent.click(await screen.findByRole("button", { name: "Kill lab-a", hidden: true }));
  await screen.findByText("This instance is no longer there.");
  fireEvent.click(screen.getByRole("button", { name: "Pause the scaler", hidden: true }));
  await waitFor(() => expect(screen.getByTestId("headline").textContent).toBe("The scaler is paused"));
});
