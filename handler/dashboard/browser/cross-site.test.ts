/** What a page of another origin can do to a fleet that requires no keys. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch } from "./chromium";
import { type Lab, startLab } from "./lab";

let browser: Browser;
let lab: Lab;
let server: Server;
/** The foreign page by two names: for the browser, one is of another site and the other of another port only. */
let foreign: string[];

beforeAll(async () => {
  server = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>Foreign</title><a>open</a>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  foreign = [`http://foreign.localhost:${port}/`, `http://127.0.0.1:${port}/`];
  browser = await launch();
  lab = await startLab(["--max", "1"], { CORS_ORIGINS: "https://named.example" });
});

afterAll(async () => {
  await browser?.close();
  await lab?.stop();
  server?.close();
});

type Fleet = { paused: boolean; instances: { id: string; pid: number; state: string }[] };
const fleet = async (): Promise<Fleet> => (await fetch(`${lab.url}/admin/lab/fleet`)).json();
const visits = async (): Promise<number> => {
  const answer = await fetch(`${lab.url}/api/visits`);
  return ((await answer.json()) as { total_visits: number }).total_visits;
};
const stress = async (): Promise<boolean> => {
  const answer = await fetch(`${lab.url}/api/metrics`);
  return ((await answer.json()) as { stress: { running: boolean } }).stress.running;
};

test("forms, images and scripts of a foreign page change nothing", async () => {
  const before = await fleet();
  const id = before.instances[0]?.id;
  const targets = [
    `/admin/lab/instances/${id}/kill`,
    "/admin/lab/scaler/pause",
    "/admin/functions/warmup",
    "/api/stress?duration=60&wait=false",
    "/api/visit",
  ].map((path) => lab.url + path);
  for (const url of foreign) {
    const page = await browser.newPage();
    for (const target of targets) {
      await page.goto(url);
      const submitted = page.waitForResponse(target);
      await page.evaluate((action) => {
        const form = document.createElement("form");
        Object.assign(form, { method: "post", action });
        document.body.append(form);
        form.submit();
      }, target);
      const response = await submitted;
      expect(response.status()).toBe(403);
      expect(await response.text()).toContain("--enable-auth");
      await page.waitForURL(target);
    }

    await page.goto(url);
    const statuses: number[] = [];
    page.on("response", (response) => statuses.push(response.status()));
    await page.evaluate(async (targets) => {
      const image = (src: string) =>
        new Promise((resolve) => {
          Object.assign(new Image(), { src, onload: resolve, onerror: resolve });
        });
      const send = (target: string, method: string) =>
        fetch(target, { method, mode: "no-cors" }).catch(() => undefined);
      await Promise.all(
        targets.flatMap((target) => [image(target), send(target, "POST"), send(target, "GET")]),
      );
    }, targets);
    // GET /api/visit is no function's; everything else is refused.
    expect(statuses.length).toBeGreaterThanOrEqual(targets.length);
    expect(statuses.filter((status) => status < 400)).toEqual([]);
    await page.close();
  }
  const after = await fleet();
  expect(after.paused).toBe(false);
  expect(after.instances.map(({ id, pid, state }) => [id, pid, state])).toEqual(
    before.instances.map(({ id, pid, state }) => [id, pid, state]),
  );
  expect(await visits()).toBe(0);
  expect(await stress()).toBe(false);
});

test("a name that resolves to this machine reads nothing of the host's", async () => {
  // As after DNS rebinding: for the browser, page and emulator are one origin.
  const rebound = await launch(["--host-resolver-rules=MAP rebound.example 127.0.0.1"]);
  try {
    const page = await rebound.newPage();
    const url = lab.url.replace("127.0.0.1", "rebound.example");
    expect((await page.goto(`${url}/`))?.status()).toBe(200);
    const statuses = await page.evaluate(async () => {
      const get = await fetch("/admin/lab/fleet");
      const pause = await fetch("/admin/lab/scaler/pause", { method: "POST" });
      const visit = await fetch("/api/visit", { method: "POST" });
      const stress = await fetch("/api/stress?duration=60&wait=false");
      return [get, pause, visit, stress].map((answer) => answer.status);
    });
    expect(statuses).toEqual([403, 403, 403, 403]);
  } finally {
    await rebound.close();
  }
  expect((await fleet()).paused).toBe(false);
});

test("a link from elsewhere opens the dashboard, and its buttons work", async () => {
  const page = await browser.newPage();
  await page.goto(String(foreign[0]));
  await page.evaluate((url) => document.querySelector("a")?.setAttribute("href", url), `${lab.url}/`);
  await page.click("a");
  await page.getByRole("button", { name: "Start the CPU test" }).click();
  await page.getByText("Running on 1 instance").waitFor();
  await page.getByRole("button", { name: "Stop the CPU test" }).click();
  await page.getByRole("button", { name: "Start the CPU test" }).waitFor();
});
