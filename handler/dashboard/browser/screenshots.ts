/**
 * Pictures of the page at every stage of a run, for looking at: `npm run screenshots` writes them into
 * target/screenshots, or where SHOTS says. scripts/pictures makes those of the documentation from them.
 */
import { mkdirSync, rmSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, test } from "vitest";
import { launch, open } from "./chromium";
import { type Lab, startLab } from "./lab";

const FOLDER = process.env.SHOTS ?? fileURLToPath(new URL("../../../target/screenshots", import.meta.url));
/** The report of a run, where there is one. */
const REPORT = process.env.REPORT;
const DESK = { viewport: { width: 1280, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const PROJECTOR = { viewport: { width: 1920, height: 1080 } };
/** For the recording, in present mode. */
const SCREEN = { viewport: { width: 1600, height: 900 } };
/** What an instance may use: little, so that three and a browser with four pages fit on two cores. */
const INSTANCE_CPUS = "0.3";
/** From one picture of the recording to the next, in milliseconds. */
const FRAME = 1_000;
/** How long the recording stays with how it began and how it ended, in milliseconds. */
const REST = 5_000;

let browser: Browser;
let lab: Lab;

beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(`${FOLDER}/frames`, { recursive: true });
  browser = await launch();
});

/** One for each run: the charts of the next begin with nothing. */
beforeEach(async () => {
  lab = await startLab(["--time-scale", "60", "--instance-cpus", INSTANCE_CPUS]);
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await lab?.stop();
});

afterAll(() => browser?.close());

const shoot = (page: Page, name: string, fullPage = true) =>
  page.screenshot({ path: `${FOLDER}/${name}.png`, fullPage });

/** Presses what makes the fleet grow, and says at which stage it is until one instance is left. */
async function scale(page: Page, at: (stage: string) => Promise<void>): Promise<void> {
  await page.getByTestId("tile").first().waitFor();
  await at("1-first");
  await page.getByRole("button", { name: "Record a visit" }).click();
  await page.getByTestId("outcome").getByText("recorded by").waitFor();
  await page.waitForTimeout(REST);
  await page.getByRole("button", { name: "Start the CPU test" }).click();
  await page.waitForTimeout(6_000);
  await at("2-under-load");
  const live = (count: number) =>
    page
      .getByTestId("live")
      .filter({ hasText: `${count}` })
      .waitFor({ timeout: 120_000 });
  await live(2);
  await page.waitForTimeout(3_000);
  await at("3-two");
  await live(3);
  await page.waitForTimeout(3_000);
  await at("4-three");
  await page
    .locator('[data-state="draining"], .tile[data-state="gone"]')
    .first()
    .waitFor({ timeout: 120_000 });
  await at("5-leaving");
  await live(1);
  await at("6-rest");
}

/** Takes a picture every second until it is stopped, each named for its millisecond. */
function record(page: Page): () => Promise<void> {
  let over = false;
  const began = Date.now();
  const frames = (async () => {
    for (let next = began; !over; next += FRAME) {
      await page.waitForTimeout(Math.max(next - Date.now(), 0));
      await shoot(page, `frames/${String(Date.now() - began).padStart(7, "0")}`, false);
    }
  })();
  return async () => {
    over = true;
    await frames;
  };
}

test("a recording of a run", { timeout: 300_000 }, async () => {
  const { page } = await open(browser, `${lab.url}/?present`, { ...SCREEN, colorScheme: "light" });
  await page.getByTestId("charts").waitFor();
  const stop = record(page);
  await scale(page, async () => undefined);
  await page.waitForTimeout(REST);
  await stop();
});

test("the page at rest, and while it scales", { timeout: 300_000 }, async () => {
  const all = {
    light: (await open(browser, lab.url, { ...DESK, colorScheme: "light" })).page,
    dark: (await open(browser, lab.url, { ...DESK, colorScheme: "dark" })).page,
    phone: (await open(browser, lab.url, { ...PHONE, colorScheme: "light" })).page,
    projector: (
      await open(browser, `${lab.url}/?present`, { ...PROJECTOR, colorScheme: "dark", locale: "es-ES" })
    ).page,
  };
  const each = async (stage: string) => {
    for (const [name, page] of Object.entries(all))
      await shoot(page, `${stage}-${name}`, name !== "projector");
    await shoot(all.phone, `${stage}-phone-screen`, false);
  };
  await scale(all.light, each);
  await all.light.getByRole("button", { name: "Emulator" }).click();
  await shoot(all.light, "7-lab-menu", false);
  await all.light.keyboard.press("Escape");
  for (const page of Object.values(all)) await page.context().setOffline(true);
  await all.light.getByTestId("banner").waitFor();
  await all.phone.getByTestId("banner").waitFor();
  await each("8-offline");
});

test.skipIf(!REPORT)("the report of a run", async () => {
  const { page } = await open(browser, pathToFileURL(REPORT ?? "").href, { ...DESK, colorScheme: "light" });
  await page.getByRole("img").first().waitFor();
  await shoot(page, "report");
  // As far as the charts go: what follows are tables.
  const table = await page.getByText("Show as a table").boundingBox();
  const clip = { x: 0, y: 0, width: DESK.viewport.width, height: Math.floor(table?.y ?? 0) };
  await page.screenshot({ path: `${FOLDER}/report-charts.png`, clip, fullPage: true });
});
