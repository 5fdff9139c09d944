import { defineConfig } from "vitest/config";

// What needs a browser and the built app: `npm run browser`, started by scripts/test.
export default defineConfig(({ mode }) => ({
  test: {
    environment: "node",
    include: [mode === "screenshots" ? "browser/screenshots.ts" : "browser/*.test.ts"],
    // One fleet and one browser at a time: they share the machine's cores.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The default of one second is too short on a busy machine. Only a failing test waits so long.
    expect: { poll: { timeout: 30_000 } },
    reporters: ["verbose"],
  },
}));
