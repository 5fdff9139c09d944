/** Where functions ask for a key, as in Azure. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open } from "./chromium";
import { type Lab, startLab } from "./lab";

let browser: Browser;
let lab: Lab;

beforeAll(async () => {
  browser = await launch();
  lab = await startLab(["--max", "1", "--enable-auth"]);
});

afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});

test("the key is asked for, checked, used and forgotten", async () => {
  const { page } = await open(browser, lab.url);
  const start = page.getByRole("button", { name: "Start the CPU test" });
  const field = page.getByLabel("Function key");
  await start.click();
  await page.getByText("This function requires a key.").waitFor();
  // It takes the focus: typing goes on without the mouse.
  await page.keyboard.type("not the key");
  await page.keyboard.press("Enter");
  await page.getByText("The key isn't valid.").waitFor();
  await field.fill(lab.keys.get("default") ?? "no key was printed");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Running on 1 instance").waitFor();
  expect(await field.count()).toBe(0);
  // Kept for the tab: not asked for again, not even after a reload.
  await page.reload();
  await page.getByRole("button", { name: "Stop the CPU test" }).click();
  await start.waitFor();
  // Another tab knows nothing of it.
  const other = await page.context().newPage();
  await other.goto(lab.url);
  await other.getByRole("button", { name: "Start the CPU test" }).click();
  await other.getByText("This function requires a key.").waitFor();
  await page.getByRole("button", { name: "Forget the key" }).click();
  await start.click();
  await page.getByText("This function requires a key.").waitFor();
});
