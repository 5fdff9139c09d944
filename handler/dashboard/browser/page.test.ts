/** What one instance is enough for. */

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { violations } from "./axe";
import { type Complaints, launch, open } from "./chromium";
import { type Lab, startLab } from "./lab";

const PROJECTOR = { width: 1920, height: 1080 };
const PHONE = { viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true };
/** All that the browser takes for the page, compressed. */
const BUDGET = 160_000;
const POLL_MS = 2_000;

let browser: Browser;
let lab: Lab;
const opened: { page: Page; complaints: Complaints }[] = [];

beforeAll(async () => {
  browser = await launch();
  lab = await startLab(["--max", "1", "--time-scale", "60", "--instance-cpus", "0.4"]);
});

afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});

async function show(options = {}) {
  const shown = await open(browser, lab.url, options);
  opened.push(shown);
  await shown.page.getByTestId("tile").first().waitFor();
  return shown.page;
}

/** Nothing that these tests do is an error, nor against the page's policy. */
afterEach(async () => {
  const all = opened.splice(0);
  for (const { page } of all) await page.context().close();
  expect(all.flatMap(({ complaints }) => complaints)).toEqual([]);
});

const total = async (page: Page) => Number((await page.getByTestId("total").innerText()).replace(/\D/g, ""));

test("a visit is recorded, and the count rises", async () => {
  const page = await show();
  const before = await total(page);
  await page.getByRole("button", { name: "Record a visit" }).click();
  await page
    .getByTestId("outcome")
    .getByText(/No\. \d+, from 127\.0\.0\.1, recorded by/)
    .waitFor();
  await expect.poll(() => total(page)).toBe(before + 1);
  // The last visits show it with its address cut off.
  await page.getByText("127.0.0.0").first().waitFor();
});

test("fifty at once, each of them completed", async () => {
  const page = await show();
  const before = await total(page);
  await page.getByRole("button", { name: "Send 50 at once" }).click();
  await page.getByText(/50 of 50 completed/).waitFor();
  const outcome = page.getByRole("list", { name: "Outcome" });
  expect(await outcome.innerText()).toMatch(/^50 recorded\s+lab-\w+\s+50$/);
  await expect.poll(() => total(page)).toBe(before + 50);
});

test("the CPU test raises the tile's CPU, and stops on demand", async () => {
  const page = await show();
  const cpu = async () => Number((await page.getByTestId("cpu").innerText()).replace(/\D/g, ""));
  await page.getByRole("button", { name: "Start the CPU test" }).click();
  await page
    .getByTestId("stress")
    .getByText(/^CPU test, .* left$/)
    .waitFor();
  await expect.poll(cpu).toBeGreaterThan(30);
  await page.getByRole("button", { name: "Stop the CPU test" }).click();
  await page.getByRole("button", { name: "Start the CPU test" }).waitFor();
  await expect.poll(cpu).toBeLessThan(20);
  const fleet = await page.evaluate(() => fetch("/api/instances").then((answer) => answer.json()));
  expect(fleet.instances[0].stress.running).toBe(false);
});

test("a browser that speaks Spanish gets Spanish, and what is chosen is remembered", async () => {
  const page = await show({ locale: "es-MX" });
  await page.getByRole("button", { name: "Registrar una visita" }).waitFor();
  expect(await page.locator("html").getAttribute("lang")).toBe("es");
  await page.getByText("EN", { exact: true }).click();
  await page.getByRole("button", { name: "Record a visit" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Record a visit" }).waitFor();
});

test("on a phone nothing is wider than the screen, and every button can be hit", async () => {
  const page = await show(PHONE);
  await page.getByTestId("charts").waitFor();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(PHONE.viewport.width);
  for (const button of await page.getByRole("button").all()) {
    if (!(await button.isVisible())) continue;
    const box = await button.boundingBox();
    // WCAG 2.2, target size (minimum).
    expect(box?.height, await button.innerText()).toBeGreaterThanOrEqual(24);
    expect(box?.width, await button.innerText()).toBeGreaterThanOrEqual(24);
  }
});

test("on a phone, the button of the CPU test stays on the screen", async () => {
  const page = await show(PHONE);
  await page.getByTestId("charts").waitFor();
  const { height } = PHONE.viewport;
  const isOnScreen = async (name: string) => {
    const box = await page.getByRole("button", { name }).boundingBox();
    return box !== null && box.y >= 0 && box.y + box.height <= height;
  };
  for (const place of [0, 900, 100_000]) {
    await page.evaluate((top) => scrollTo(0, top), place);
    expect(await isOnScreen("Start the CPU test"), `scrolled to ${place}`).toBe(true);
  }
  // Nothing that ends the page is behind it.
  const last = await page.locator("footer a").last().boundingBox();
  const button = await page.getByRole("button", { name: "Start the CPU test" }).boundingBox();
  expect((last?.y ?? 0) + (last?.height ?? 0)).toBeLessThanOrEqual(button?.y ?? 0);
  await page.getByRole("button", { name: "Start the CPU test" }).click();
  await page.getByText("Running on 1 instance").waitFor();
  expect(await isOnScreen("Stop the CPU test")).toBe(true);
  await page.getByRole("button", { name: "Stop the CPU test" }).click();
  await page.getByRole("button", { name: "Start the CPU test" }).waitFor();
});

test("the values stand beside the mouse, and within the chart", async () => {
  const page = await show();
  const chart = page.getByRole("img", { name: /^CPU of each instance over time/ });
  await chart.scrollIntoViewIfNeeded();
  const drawing = await chart.boundingBox();
  if (!drawing) throw new Error("the chart is not shown");
  const tooltip = chart.locator(":scope > div[aria-hidden]");
  for (const share of [0.3, 0.9]) {
    const x = drawing.x + drawing.width * share;
    await page.mouse.move(x, drawing.y + drawing.height / 2);
    await tooltip.waitFor();
    const box = await tooltip.boundingBox();
    const [left, right] = [box?.x ?? 0, (box?.x ?? 0) + (box?.width ?? 0)];
    expect(Math.min(Math.abs(left - x), Math.abs(right - x))).toBeLessThan(30);
    expect(left).toBeGreaterThanOrEqual(drawing.x);
    expect(right).toBeLessThanOrEqual(drawing.x + drawing.width);
  }
});

test("a link shows the same range, theme, and language, and fills one screen if it says so", async () => {
  const { page, complaints } = await open(browser, `${lab.url}/?minutes=15&theme=dark&lang=es&present`, {
    viewport: PROJECTOR,
  });
  opened.push({ page, complaints });
  await page.getByRole("button", { name: "Iniciar la prueba de CPU" }).waitFor();
  expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
  expect(await page.getByLabel("15 min").isChecked()).toBe(true);
  await page.getByRole("button", { name: "Salir del modo de presentación" }).click();
  expect(new URL(page.url()).search).toBe("?minutes=15&theme=dark&lang=es");
  await page.getByText("Visitas recientes").first().waitFor();
});

test.each([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["phone", PHONE],
  ["present", { viewport: PROJECTOR }],
] as const)("axe finds nothing: %s", async (name, options) => {
  const page = await show(options);
  if (name === "present") await page.getByRole("button", { name: "Present" }).click();
  await page.getByTestId("charts").waitFor();
  expect(await violations(page)).toEqual([]);
});

test("everything is within reach of the keyboard", async () => {
  const page = await show();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("story");
  const reached = new Set<string>();
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    reached.add(
      await page.evaluate(() => {
        const element = document.activeElement as HTMLInputElement | null;
        return element?.labels?.[0]?.innerText ?? element?.innerText ?? "";
      }),
    );
  }
  for (const name of [
    "Record a visit",
    "Send 50 at once",
    "Start the CPU test",
    "All instances",
    "2 min",
    "EN",
  ]) {
    expect([...reached]).toContain(name);
  }
  const before = await total(page);
  await page.getByRole("button", { name: "Record a visit" }).focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => total(page)).toBe(before + 1);
});

test("a hidden tab asks for nothing, and catches up when it is shown", async () => {
  const page = await show();
  let asked = 0;
  page.on("request", () => {
    asked += 1;
  });
  const turn = (state: "hidden" | "visible") =>
    page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await turn("hidden");
  await page.waitForLoadState("networkidle");
  asked = 0;
  // Longer than two polls; nothing is to happen, so there is nothing to wait for.
  await new Promise((resolve) => setTimeout(resolve, 4_500));
  expect(asked).toBe(0);
  await turn("visible");
  await expect.poll(() => asked).toBeGreaterThan(0);
});

test("polling on and on keeps nothing of what was answered", { timeout: 120_000 }, async () => {
  const shown = await open(browser, "about:blank");
  opened.push(shown);
  const { page } = shown;
  // The page's own clock, so that minutes pass as fast as the answers come.
  await page.clock.install();
  await page.goto(lab.url);
  await page.getByTestId("tile").first().waitFor();
  const polls = async (count: number) => {
    for (let poll = 0; poll < count; poll++) {
      const answered = page.waitForResponse((response) => response.url().endsWith("/api/instances"));
      await page.clock.fastForward(POLL_MS);
      // Playwright reports a response when its head arrives. The page asks again only after it has the body.
      await (await answered).finished();
    }
  };
  const inspector = await page.context().newCDPSession(page);
  const kept = async () => {
    await inspector.send("HeapProfiler.collectGarbage");
    const { usedSize } = await inspector.send("Runtime.getHeapUsage");
    const { nodes, jsEventListeners } = await inspector.send("Memory.getDOMCounters");
    return { usedSize, nodes, jsEventListeners };
  };
  // Until caches are full and hot code is compiled.
  await polls(100);
  const before = await kept();
  await polls(200);
  const after = await kept();
  // Compiled code comes and goes by a megabyte; the answers to so many polls are several.
  expect(after.usedSize - before.usedSize).toBeLessThan(2_500_000);
  expect(after.nodes - before.nodes).toBeLessThan(500);
  expect(after.jsEventListeners - before.jsEventListeners).toBeLessThan(50);
});

test("the page is small, comes from here alone, and its files may be kept", async () => {
  const { page, complaints } = await open(browser, "about:blank");
  opened.push({ page, complaints });
  const files: { url: string; size: number; cache: string | undefined; type: string }[] = [];
  page.on("requestfinished", async (request) => {
    const response = await request.response();
    if (!response || /\/(api|health|admin)/.test(request.url())) return;
    files.push({
      url: request.url(),
      size: (await request.sizes()).responseBodySize,
      cache: response.headers()["cache-control"],
      type: request.resourceType(),
    });
  });
  await page.goto(lab.url, { waitUntil: "networkidle" }).catch(() => undefined);
  await page.getByTestId("tile").first().waitFor();
  const names = files.map((file) => new URL(file.url).pathname);
  expect(names).toEqual(
    expect.arrayContaining(["/", expect.stringMatching(/\.js$/), expect.stringMatching(/\.css$/)]),
  );
  expect(files.every((file) => file.url.startsWith(lab.url))).toBe(true);
  expect(files.reduce((sum, file) => sum + file.size, 0)).toBeLessThan(BUDGET);
  for (const file of files) {
    expect(file.cache).toBe(file.type === "document" ? "no-cache" : "public, max-age=31536000, immutable");
  }
});
