/** The lab's sample runs: scripts/lab/report/tests/suite/samples.rs writes them, and its tests keep them up to date. */
import { readFileSync } from "node:fs";
import type { Inlined } from "./run";

type Name = "story" | "quiet" | "failed" | "empty" | "compared" | "hostile";

export function fixture(name: Name): Inlined {
  return JSON.parse(readFileSync(`fixtures/${name}.json`, "utf8")) as Inlined;
}

/** The body of the page. */
export function body(name: Name): string {
  return readFileSync(`fixtures/${name}.html`, "utf8");
}
