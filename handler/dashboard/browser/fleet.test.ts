/** Pressing the CPU test, and nothing else, shows one instance, two, three and one. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open } from "./chromium";
import { type Lab, startLab } from "./lab";

let browser: Browser;
let lab: Lab;

beforeAll(async () => {
  browser = await launch();
  // Instances start for five seconds, so that a page that asks every two seconds sees each of them start.
  lab = await startLab(["--time-scale", "60", "--provision-seconds", "300"]);
});

afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});

/** Notes every text that an element has, and every state that a tile has, from now on. */
const watch = (page: Page) =>
  page.evaluate(() => {
    const seen = { live: [] as string[], states: [] as string[], headlines: [] as string[] };
    const note = (list: string[], text: string | null | undefined) => {
      if (text && list.at(-1) !== text) list.push(text);
    };
    const look = () => {
      note(seen.live, document.querySelector('[data-testid="live"]')?.textContent);
      note(seen.headlines, document.querySelector('[data-testid="headline"]')?.textContent);
      for (const tile of document.querySelectorAll<HTMLElement>('[data-testid="tile"]')) {
        const state = `${tile.dataset.id} ${tile.dataset.state}`;
        if (!seen.states.includes(state)) seen.states.push(state);
      }
    };
    look();
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    });
    Object.assign(window, { seen });
  });

type Seen = { live: string[]; states: string[]; headlines: string[] };
const seen = (page: Page) => page.evaluate(() => (window as unknown as { seen: Seen }).seen);

test("one, two, three and one", { timeout: 200_000 }, async () => {
  const { page, complaints } = await open(browser, lab.url);
  await page.getByTestId("live").filter({ hasText: /^1$/ }).waitFor();
  await watch(page);
  const began = Date.now();
  await page.getByRole("button", { name: "Start the CPU test" }).click();
  const live = (count: number) =>
    page
      .getByTestId("live")
      .filter({ hasText: new RegExp(`^${count}$`) })
      .waitFor({ timeout: 180_000 - (Date.now() - began) });
  await live(2);
  // A tile for each, and load on both.
  expect(await page.locator('[data-testid="tile"][data-state="live"]').count()).toBe(2);
  await live(3);
  await live(1);
  expect(Date.now() - began).toBeLessThan(180_000);

  const { live: counts, states, headlines } = await seen(page);
  // After a late heartbeat, a count can appear again.
  const first = counts.filter((count, at) => counts.indexOf(count) === at);
  expect(first.slice(0, 3)).toEqual(["1", "2", "3"]);
  const ids = (state: string) =>
    states.filter((text) => text.endsWith(` ${state}`)).map((text) => text.split(" ")[0]);
  expect(ids("live")).toHaveLength(3);
  // Who came was seen to come, and who went to go.
  expect(ids("starting").length).toBeGreaterThanOrEqual(1);
  expect(new Set([...ids("draining"), ...ids("gone")]).size).toBe(2);
  expect(headlines.join("\n")).toMatch(/Adding an instance[\s\S]*Cooldown/);
  // The chart tells of the same changes.
  await page
    .getByRole("img", { name: "Wanted and ready instances over time. The highest number is 3." })
    .waitFor();
  await page.getByTestId("last-change").filter({ hasText: "2 → 1" }).waitFor();
  expect(complaints).toEqual([]);
});
