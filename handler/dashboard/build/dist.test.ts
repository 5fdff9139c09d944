import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";

/** The built files by name. Compressed ones decompressed: Node.js versions compress differently. */
function contents(folder: string): Record<string, string> {
  const names = [
    "lab.html",
    "report.html",
    ...readdirSync(join(folder, "page"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)),
  ];
  return Object.fromEntries(
    names.sort().map((name) => {
      const content = readFileSync(join(folder, name));
      return [name, String(name.endsWith(".br") ? brotliDecompressSync(content) : content)];
    }),
  );
}

test("the committed build is a fresh build of its source", { timeout: 120_000 }, async () => {
  const fresh = mkdtempSync(join(tmpdir(), "dashboard-"));
  const mode = process.env.NODE_ENV;
  process.env.NODE_ENV = "production";
  try {
    const logLevel = "error";
    await build({ configFile: "vite.config.ts", build: { outDir: join(fresh, "page") }, logLevel });
    for (const configFile of ["vite.report.config.ts", "vite.lab.config.ts"])
      await build({ configFile, build: { outDir: fresh }, logLevel });
    const committed = contents(join(process.cwd(), "dist"));
    const built = contents(fresh);
    expect(Object.keys(committed), "./scripts/dashboard builds it").toEqual(Object.keys(built));
    for (const [name, content] of Object.entries(built)) {
      // Not toEqual: its message would hold the whole file.
      expect(committed[name] === content, `${name} differs: ./scripts/dashboard builds it`).toBe(true);
    }
  } finally {
    process.env.NODE_ENV = mode;
    rmSync(fresh, { recursive: true });
  }
});
