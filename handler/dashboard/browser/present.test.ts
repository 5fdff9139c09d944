/** Present mode, and what happens to an instance that is killed: with one instance, with three, and with ten. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./axe";
import { launch, open } from "./chromium";
import { startLab } from "./lab";

const PROJECTOR = { viewport: { width: 1920, height: 1080 } };

let browser: Browser;
let folder: string;

beforeAll(async () => {
  browser = await launch();
  folder = mkdtempSync(join(tmpdir(), "elastic-visits-present-"));
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A profile that keeps so many instances. */
function profile(count: number): string {
  const path = join(folder, `${count}.json`);
  const capacity = { minimum: `${count}`, maximum: `${count}`, default: `${count}` };
  writeFileSync(path, JSON.stringify({ name: "fixed", capacity, rules: [] }));
  return path;
}

/** What reaches beyond the screen, or beyond the panel that it stands in. The charts follow a change of the layout a moment later. */
const clipped = (page: Page) =>
  page.evaluate(() => {
    const { scrollHeight, scrollWidth } = document.documentElement;
    const found: string[] = [];
    if (scrollHeight > innerHeight || scrollWidth > innerWidth)
      found.push(`page ${scrollWidth}x${scrollHeight}`);
    for (const element of document.querySelectorAll(".panel, .tile, .story, header")) {
      const { top, left, bottom, right } = element.getBoundingClientRect();
      const isInside = top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
      const fits =
        element.scrollHeight <= element.clientHeight + 1 && element.scrollWidth <= element.clientWidth + 1;
      if (!isInside || !fits) found.push(`${element.className} ${element.textContent}`);
    }
    return found;
  });

/** A tile in the place of another, or beside none. */
const rowsOfTiles = (page: Page) =>
  page.evaluate(() => {
    const boxes = [...document.querySelectorAll(".tile")].map((tile) => tile.getBoundingClientRect());
    const rows = new Map<number, number>();
    for (const { top, width } of boxes) rows.set(top, (rows.get(top) ?? 0) + width);
    return [...rows.values()];
  });

test.each([1, 3, 10])(
  "present mode shows %i instances on one screen",
  { timeout: 120_000 },
  async (count) => {
    const options = ["--time-scale", "60", "--instance-cpus", "0.1", "--autoscale", profile(count)];
    const lab = await startLab(options);
    try {
      const { page } = await open(browser, `${lab.url}/?present`, PROJECTOR);
      const running = page.locator('[data-testid="tile"][data-state="live"]');
      await expect.poll(() => running.count(), { timeout: 60_000 }).toBe(count);
      await page.getByTestId("charts").waitFor();
      await expect.poll(() => clipped(page)).toEqual([]);
      await page.getByText("ES", { exact: true }).click();
      await expect.poll(() => clipped(page)).toEqual([]);
      // Every row is as wide as the others: no holes.
      const rows = await rowsOfTiles(page);
      expect(rows).toHaveLength(count > 8 ? 2 : 1);
      expect(Math.max(...rows) - Math.min(...rows)).toBeLessThan(2);
      await page.getByRole("button", { name: "Iniciar la prueba de CPU" }).click();
      await page.getByTestId("running").waitFor();
      await expect.poll(() => clipped(page)).toEqual([]);
    } finally {
      await lab.stop();
    }
  },
);

test("a kill asks first, and then the instance is lost: in its tile and in the events", async () => {
  const lab = await startLab(["--time-scale", "60", "--instance-cpus", "0.3", "--autoscale", profile(2)]);
  try {
    const { page } = await open(browser, lab.url);
    const running = page.locator('[data-testid="tile"][data-state="live"]');
    await expect.poll(() => running.count()).toBe(2);
    const id = (await running.first().getAttribute("data-id")) ?? "";
    await page.getByRole("button", { name: "Emulator" }).click();
    await page.getByRole("button", { name: `Kill ${id}` }).click();
    const question = page.getByRole("alertdialog", { name: `Kill ${id}?` });
    await question.getByRole("button", { name: "Cancel" }).click();
    await question.waitFor({ state: "detached" });
    const fleet = await page.evaluate(() => fetch("/admin/lab/fleet").then((answer) => answer.json()));
    expect(fleet.instances.map(({ state }: { state: string }) => state)).toEqual(["ready", "ready"]);

    await page.getByRole("button", { name: `Kill ${id}` }).click();
    await question.getByRole("button", { name: "Kill the instance" }).click();
    const tile = page.locator(`[data-id="${id}"][data-state="lost"]`);
    await tile.waitFor();
    const bad = await page.evaluate(() =>
      getComputedStyle(document.documentElement).getPropertyValue("--bad").trim(),
    );
    const red = `rgb(${bad
      .match(/[0-9a-f]{2}/g)
      ?.map((part) => Number.parseInt(part, 16))
      .join(", ")})`;
    expect(await tile.evaluate((element) => getComputedStyle(element).color)).toBe(red);
    await page.locator('[data-kind="lost"]').filter({ hasText: id }).waitFor();
    expect(await violations(page)).toEqual([]);
  } finally {
    await lab.stop();
  }
});
