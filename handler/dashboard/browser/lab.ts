/** Runs the app behind `lab up`, as a person would; the tests and the screenshots look at that. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A variable that scripts/test sets. */
export const needed = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this with scripts/test --only browser`);
  return value;
};

export type Lab = {
  url: string;
  /** Where keys are asked for, by their names: one that opens every function is called `default`. */
  keys: Map<string, string>;
  stop: () => Promise<void>;
};

/** Starts an app on a free port, unless told one, and waits until it serves. Ours gets a register of its own. */
export async function startLab(
  options: string[] = [],
  env: Record<string, string> = {},
  app = needed("APP_ROOT"),
): Promise<Lab> {
  if (!options.includes("--port")) options = [...options, "--port", "0"];
  const folder = mkdtempSync(join(tmpdir(), "elastic-visits-browser-"));
  const lab = spawn(needed("LAB"), ["up", "--script-root", app, ...options], {
    env: { ...process.env, DATABASE_URL: undefined, SQLITE_PATH: join(folder, "visits.db"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said.push(chunk.toString());
      const found = /^Ready: (http:\S+)/m.exec(said.join(""));
      if (found?.[1]) resolve(found[1]);
    };
    lab.stdout.on("data", hear);
    lab.stderr.on("data", hear);
    lab.on("exit", (code) => reject(new Error(`lab up ended with ${code}:\n${said.join("")}`)));
  }).catch((error) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  return {
    url: url.replace(/\/$/, ""),
    keys: new Map(
      [...said.join("").matchAll(/^ {2}(\w+)\b.* ([0-9a-f]{64})$/gm)].map(([, name, key]) => [
        String(name),
        String(key),
      ]),
    ),
    stop: async () => {
      await ended(lab);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends a process as Ctrl+C does, and waits until it is gone. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  await gone;
}
