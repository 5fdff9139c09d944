import { defineConfig } from "vitest/config";

// What needs no browser, not even a simulated one: the committed build.
export default defineConfig({ test: { environment: "node", include: ["build/*.test.ts"] } });
