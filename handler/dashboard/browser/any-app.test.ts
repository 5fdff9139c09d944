/** The page of the fleet at /admin/lab, over an app that knows nothing of it: Python's own web server. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { launch, open } from "./chromium";
import { type Lab, startLab } from "./lab";

const HOST = {
  version: "2.0",
  configurationProfile: "web-app-custom-handler",
  customHandler: {
    description: {
      defaultExecutablePath: "python3",
      arguments: ["-m", "http.server", "--bind", "127.0.0.1", "%FUNCTIONS_CUSTOMHANDLER_PORT%"],
    },
    http: { defaultAuthorizationLevel: "anonymous" },
  },
};

let browser: Browser;
let app: string;
let lab: Lab | undefined;

beforeAll(async () => {
  browser = await launch();
  app = mkdtempSync(join(tmpdir(), "any-app-"));
  writeFileSync(join(app, "host.json"), JSON.stringify(HOST));
  writeFileSync(join(app, "index.html"), "<!doctype html><title>Any app</title>");
});

afterEach(() => lab?.stop());

afterAll(async () => {
  await browser?.close();
  rmSync(app, { recursive: true, force: true });
});

const start = async (...options: string[]) => {
  lab = await startLab(options, {}, app);
  return { ...lab, page: `${lab.url}/admin/lab` };
};
const live = (page: Page, count: number) =>
  page
    .getByTestId("live")
    .filter({ hasText: new RegExp(`^${count}$`) })
    .waitFor({ timeout: 90_000 });

/** Asks for the app's page, again and again, until it is told to stop. */
function drive(url: string, clients: number): () => Promise<void> {
  let over = false;
  const client = async () => {
    while (!over) await (await fetch(`${url}/`)).text();
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return async () => {
    over = true;
    await all;
  };
}

test("an app under load grows, and an instance is killed and replaced", { timeout: 240_000 }, async () => {
  const { url, page: address } = await start(
    "--max",
    "2",
    "--time-scale",
    "60",
    "--instance-cpus",
    "0.1",
    "--provision-seconds",
    "60",
  );
  const { page, complaints } = await open(browser, "about:blank");
  const asked = new Set<string>();
  page.on("request", (request) => asked.add(new URL(request.url()).origin));
  await page.goto(address);
  await live(page, 1);
  const stop = drive(url, 4);
  await live(page, 2);
  const served = await page.getByTestId("tile").first().textContent();
  expect(served).toMatch(/Requests\d+.*In flight\d+/);
  await page.getByRole("img", { name: /CPU of each instance over time/ }).waitFor();
  await page
    .getByRole("img", { name: "Wanted and ready instances over time. The highest number is 2." })
    .waitFor();
  await page.getByTestId("events").getByText("1 → 2").waitFor();

  await page.getByRole("button", { name: "Emulator" }).click();
  await page.getByRole("button", { name: "Pause autoscaling" }).click();
  await page.getByRole("button", { name: "Resume autoscaling" }).waitFor();
  // Not earlier: without load the fleet scales in.
  await stop();
  await page
    .getByRole("button", { name: /^Kill lab-/ })
    .first()
    .click();
  await page.getByRole("button", { name: "Kill the instance" }).click();
  await page.getByTestId("events").getByText("Lost").first().waitFor();
  await live(page, 2);

  expect(await page.title()).toBe("2 · Function app");
  expect(await page.locator("body").innerText()).not.toMatch(/visit|sqlite/i);
  expect([...asked]).toEqual([url]);
  expect(complaints).toEqual([]);
});

test("one instance has nothing to pause", async () => {
  const { page: address } = await start();
  const { page, complaints } = await open(browser, address, { viewport: { width: 390, height: 844 } });
  await live(page, 1);
  await page.getByText("lab up --max 3").waitFor();
  await page.getByRole("button", { name: "Emulator" }).click();
  await page.getByRole("button", { name: /^Kill lab-/ }).waitFor();
  expect(await page.getByRole("button", { name: "Pause autoscaling" }).count()).toBe(0);
  // A phone does not have to scroll sideways.
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(complaints).toEqual([]);
});

test("where keys are required, the page asks for the master key", async () => {
  const { page: address, keys } = await start("--enable-auth");
  const { page } = await open(browser, address);
  const field = page.getByLabel("Master key");
  await field.fill(keys.get("default") ?? "no key was printed");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("The key isn't valid.").waitFor();
  await field.fill(keys.get("master") ?? "no key was printed");
  await page.getByRole("button", { name: "Continue" }).click();
  await live(page, 1);
  await page.reload();
  await live(page, 1);
  expect(page.url()).toBe(address);
});

test("no page can hold it in a frame, not even one of the app itself", async () => {
  const { url, page: address } = await start();
  const { page } = await open(browser, `${url}/`);
  const answered = page.waitForResponse(address);
  await page.evaluate((src) => {
    const frame = document.createElement("iframe");
    frame.src = src;
    document.body.append(frame);
  }, address);
  expect((await answered).status()).toBe(200);
  await expect.poll(() => page.frames().at(-1)?.url()).toBe("chrome-error://chromewebdata/");
});
