/** What goes away and comes back: the database, the server. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open } from "./chromium";
import { startLab } from "./lab";

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});

afterAll(() => browser?.close());

/** A way to a server that can be cut and mended. While it is cut, it listens too, so that nobody else takes its port. */
class Way {
  readonly #to: { host: string; port: number };
  readonly #open = new Set<Socket>();
  readonly #server: Server;
  #isCut = false;

  constructor(to: URL) {
    this.#to = { host: to.hostname, port: Number(to.port) };
    this.#server = createServer((near) => {
      if (this.#isCut) {
        near.resetAndDestroy();
        return;
      }
      const far = connect(this.#to);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(one);
        one.on("close", () => {
          this.#open.delete(one);
          other.destroy();
        });
        one.on("error", () => other.destroy());
        one.pipe(other);
      }
    });
  }

  /** Returns its port. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#open) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }
}

test("the database goes away and comes back", { timeout: 120_000 }, async () => {
  const given = process.env.TEST_DATABASE_URL;
  if (!given) throw new Error("TEST_DATABASE_URL is not set: run this with scripts/test --only browser");
  const url = new URL(given);
  const way = new Way(url);
  url.port = String(await way.listen());
  const lab = await startLab(["--max", "1", "--time-scale", "60"], { DATABASE_URL: url.href });
  try {
    const { page } = await open(browser, lab.url);
    await page.getByText("PostgreSQL").waitFor();
    await page.getByRole("button", { name: "Record a visit" }).click();
    await page.getByTestId("outcome").getByText("recorded by").waitFor();
    const total = page.getByTestId("total");
    // The next poll shows the visit; without this wait it might come during the outage.
    await expect.poll(() => total.innerText()).toBe("1");

    way.cut();
    const banner = page.getByTestId("banner");
    await banner.getByText("The database doesn't respond.").waitFor();
    expect(await banner.innerText()).toMatch(/Showing data from \d\d:\d\d:\d\d/);
    expect(await total.innerText()).toBe("1");
    // What may be old is dim, and nothing can be done with it.
    const opacity = () => page.locator(".story").evaluate((story) => getComputedStyle(story).opacity);
    expect(Number(await opacity())).toBeLessThan(0.7);
    const actions = page.getByRole("button", {
      name: /^(Record a visit|Send 50 at once|Start the CPU test)$/,
    });
    expect(await actions.count()).toBe(3);
    for (const action of await actions.all()) expect(await action.isDisabled()).toBe(true);

    way.mend();
    await banner.waitFor({ state: "detached" });
    expect(await opacity()).toBe("1");
    await page.getByRole("button", { name: "Record a visit" }).click();
    await page.getByTestId("outcome").getByText("recorded by").waitFor();
  } finally {
    await lab.stop();
    await way.close();
  }
});

test("the server goes away and comes back", { timeout: 120_000 }, async () => {
  const first = await startLab(["--max", "1"]);
  const { page } = await open(browser, first.url);
  await page.getByTestId("tile").first().waitFor();
  await first.stop();
  await page.getByTestId("banner").getByText("The server doesn't respond.").waitFor();
  await page
    .getByTestId("state")
    .getByText(/Data from/)
    .waitFor();
  const second = await startLab(["--max", "1", "--port", new URL(first.url).port]);
  try {
    await page.getByTestId("banner").waitFor({ state: "detached" });
    await page.getByTestId("state").getByText("Live").waitFor();
  } finally {
    await second.stop();
  }
});
