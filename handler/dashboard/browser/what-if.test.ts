/** A threshold is changed, simulated with the load just seen, and applied; then the fleet uses it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./axe";
import { launch, open } from "./chromium";
import { type Lab, startLab } from "./lab";

let browser: Browser;
let lab: Lab;
let folder: string;

const rule = (operator: string, threshold: number, direction: string) => ({
  metricTrigger: {
    metricName: "CpuPercentage",
    timeGrain: "PT1M",
    statistic: "Average",
    timeWindow: "PT5M",
    timeAggregation: "Average",
    operator,
    threshold,
  },
  scaleAction: { direction, type: "ChangeCount", value: "1", cooldown: "PT5M" },
});

beforeAll(async () => {
  browser = await launch();
  folder = mkdtempSync(join(tmpdir(), "elastic-visits-what-if-"));
  const path = join(folder, "rules.json");
  // No CPU is above 100%, so that the fleet stays as it is until somebody changes that.
  const rules = [rule("GreaterThan", 100, "Increase"), rule("LessThan", 30, "Decrease")];
  const capacity = { minimum: "1", maximum: "2", default: "1" };
  writeFileSync(path, JSON.stringify({ name: "stuck", capacity, rules }));
  lab = await startLab(["--time-scale", "300", "--instance-cpus", "0.2", "--autoscale", path]);
});

afterAll(async () => {
  await browser?.close();
  await lab?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("another threshold is simulated and applied, and the fleet uses it", { timeout: 120_000 }, async () => {
  const { page, complaints } = await open(browser, lab.url);
  const live = page.getByTestId("live");
  await live.filter({ hasText: /^1$/ }).waitFor();
  await page.getByLabel("Duration, seconds").fill("600");
  await page.getByRole("button", { name: "Start the CPU test" }).click();
  const panel = page.getByRole("region", { name: "What if …" });
  // By the keyboard alone.
  await panel.getByRole("button", { name: "Change the rules" }).press("Enter");
  await panel.getByText("lab rules: 1 fault,").waitFor();
  const threshold = panel.getByRole("group", { name: "+1 when CPU >" }).getByLabel("Threshold");
  await threshold.fill("101");
  await panel.getByText("Enter 0 to 100.").waitFor();
  await threshold.fill("70");
  const rehearse = panel.getByRole("button", { name: "Simulate" });
  const table = panel.getByRole("table", { name: "Simulated outcome" });
  await expect.poll(() => rehearse.isEnabled()).toBe(true);
  // As soon as enough of the load has been seen for the changed rules to act.
  await expect
    .poll(
      async () => {
        await rehearse.press("Enter");
        await table.waitFor();
        return table.getByRole("row", { name: "Actions" }).getByRole("cell").allTextContents();
      },
      { timeout: 60_000 },
    )
    .toEqual(["0", "1"]);
  await panel.getByText("The fleet has not changed.").waitFor();
  expect(await live.textContent()).toBe("1");
  expect(await violations(page)).toEqual([]);
  // On a phone, nothing reaches beyond the screen.
  await page.setViewportSize({ width: 390, height: 844 });
  // The charts follow the new width a moment later.
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  expect(await violations(page)).toEqual([]);
  await page.setViewportSize({ width: 1440, height: 900 });

  await panel.getByRole("button", { name: "Apply to the fleet" }).press("Enter");
  await panel.getByText("Applied.").waitFor();
  await live.filter({ hasText: /^2$/ }).waitFor({ timeout: 60_000 });
  // Every instance shows it from its next heartbeat.
  const shown = () => page.evaluate(() => fetch("/api/instances").then((answer) => answer.json()));
  await expect.poll(async () => (await shown()).rules[0].threshold).toBe(70);
  expect(await threshold.inputValue()).toBe("70");

  await page.getByText("ES", { exact: true }).click();
  await page.getByRole("region", { name: "¿Y si …?" }).getByRole("button", { name: "Simular" }).waitFor();
  await page.getByRole("button", { name: "Presentar" }).click();
  await page.getByRole("region", { name: "¿Y si …?" }).waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
});
