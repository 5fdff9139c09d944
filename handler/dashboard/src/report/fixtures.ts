/** The lab's sample runs: scripts/lab/report/tests/suite/samples.rs writes them, and its tests keep them up to date. */
import { readFileSync } from "node:fs";
import type { Inlined } from "./run";

export function fixture(name: "story" | "quiet" | "failed" | "empty" | "compared" | "hostile"): Inlined {
  return JSON.parse(readFileSync(`fixtures/${name}.json`, "utf8")) as Inlined;
}
