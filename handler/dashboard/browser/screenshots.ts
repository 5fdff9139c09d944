/** Pictures of the page, for looking at: `npm run screenshots` writes them into target/screenshots. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { launch, open } from "./chromium";
import { type Lab, startLab } from "./lab";

const FOLDER = fileURLToPath(new URL("../../../target/screenshots/", import.meta.url));
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const PROJECTOR = { viewport: { width: 1920, height: 1080 } };

let browser: Browser;
let lab: Lab;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  browser = await launch();
  lab = await startLab(["--time-scale", "60"]);
});

afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});

const shoot = (page: Page, name: string, fullPage = true) =>
  page.screenshot({ path: `${FOLDER}${name}.png`, fullPage });

const pages = async () => ({
  light: (await open(browser, lab.url, { colorScheme: "light" })).page,
  dark: (await open(browser, lab.url, { colorScheme: "dark" })).page,
  phone: (await open(browser, lab.url, { ...PHONE, colorScheme: "light" })).page,
  projector: (await open(browser, lab.url, { ...PROJECTOR, colorScheme: "dark", locale: "es-ES" })).page,
});

test("the page at rest, and while it scales", { timeout: 300_000 }, async () => {
  const all = await pages();
  const each = async (stage: string) => {
    for (const [name, page] of Object.entries(all))
      await shoot(page, `${stage}-${name}`, name !== "projector");
  };
  await all.light.getByTestId("tile").first().waitFor();
  await each("1-first");
  await all.light.getByRole("button", { name: "50 at once" }).click();
  await all.light.getByText("50 of 50 answered").waitFor();
  await all.light.getByRole("button", { name: "Start the CPU test" }).click();
  await all.light.waitForTimeout(6_000);
  await each("2-under-load");
  for (const [stage, live] of [
    ["3-two", 2],
    ["4-three", 3],
  ] as const) {
    await all.light
      .getByTestId("live")
      .filter({ hasText: `${live}` })
      .waitFor({ timeout: 120_000 });
    await all.light.waitForTimeout(3_000);
    await each(stage);
  }
  await all.light
    .locator('[data-state="draining"], .tile[data-state="gone"]')
    .first()
    .waitFor({ timeout: 120_000 });
  await each("5-leaving");
  await all.light.getByTestId("live").filter({ hasText: "1" }).waitFor({ timeout: 120_000 });
  await each("6-rest");
  await all.light.getByRole("button", { name: "Lab", exact: true }).click();
  await shoot(all.light, "7-lab-menu", false);
  await all.light.keyboard.press("Escape");
  for (const page of Object.values(all)) await page.context().setOffline(true);
  await all.light.getByTestId("banner").waitFor();
  await all.phone.getByTestId("banner").waitFor();
  await each("8-offline");
});
