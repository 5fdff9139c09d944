/** The report of a run: one file, in two languages, on a projector and on a phone. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./axe";
import { launch, open } from "./chromium";
import { needed } from "./lab";

const PROJECTOR = { viewport: { width: 1920, height: 1080 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let browser: Browser;
let folder: string;
let report: string;

beforeAll(async () => {
  browser = await launch();
  folder = mkdtempSync(join(tmpdir(), "report-"));
  const run = join(folder, "run.json");
  writeFileSync(run, JSON.stringify(JSON.parse(readFileSync("fixtures/story.json", "utf8")).run));
  execFileSync(needed("LAB"), ["report", run]);
  report = pathToFileURL(join(folder, "run.html")).href;
});

afterAll(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true });
});

for (const [device, options] of Object.entries({ projector: PROJECTOR, phone: PHONE }))
  for (const [locale, heading] of [
    ["en-GB", "Autoscaling worked"],
    ["es-ES", "El escalado automático funcionó"],
  ] as const)
    for (const colorScheme of ["light", "dark"] as const)
      test(`${device}, ${locale}, ${colorScheme}: nothing is cut off, and axe finds nothing`, async () => {
        const { page, complaints } = await open(browser, report, { ...options, locale, colorScheme });
        await page.getByRole("heading", { level: 1, name: heading }).waitFor();
        await page.locator("#charts canvas").first().waitFor();
        expect(await violations(page)).toEqual([]);
        const [width = 0, room = 0] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          window.innerWidth,
        ]);
        expect(width).toBeLessThanOrEqual(room);
        // A projector shows without scrolling what autoscaling bought.
        if (device === "projector") {
          const fleets = await page.locator(".fleets").boundingBox();
          expect((fleets?.y ?? Infinity) + (fleets?.height ?? 0)).toBeLessThanOrEqual(1080);
        }
        expect(complaints).toEqual([]);
        await page.context().close();
      });

test("the page loads nothing, and the file that it saves is the same page", async () => {
  const { page } = await open(browser, report);
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(request.url()));
  await page.reload();
  await page.locator("#charts canvas").first().waitFor();
  await page.getByRole("button", { name: "Español" }).click();
  await page.getByRole("heading", { level: 1, name: "El escalado automático funcionó" }).waitFor();
  expect(loaded.filter((url) => !url.startsWith("data:"))).toEqual([report]);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Guardar esta página" }).click();
  const saved = join(folder, "saved.html");
  await (await saving).saveAs(saved);
  await page.context().close();

  const again = await open(browser, pathToFileURL(saved).href, { locale: "en-GB" });
  await again.page.getByRole("heading", { level: 1, name: "Autoscaling worked" }).waitFor();
  await again.page.locator("#charts canvas").first().waitFor();
  expect(again.complaints).toEqual([]);
  await again.page.context().close();
});
