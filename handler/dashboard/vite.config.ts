import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { compressed } from "./build/compressed.ts";

/** Where `scripts/run` serves the app; `npm run dev` passes the API on to it. */
const APP = process.env.APP_URL ?? "http://127.0.0.1:7071";

// The dashboard, which build.rs of the handler compiles in.
export default defineConfig({
  plugins: [react(), tailwindcss(), compressed()],
  build: {
    outDir: "dist/page",
    emptyOutDir: true,
    target: "es2022",
    // The page's policy lets nothing inline in.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  server: {
    host: "127.0.0.1",
    // With the browser's own Host: the emulator refuses an Origin that is another one's.
    proxy: Object.fromEntries(
      ["/api", "/health", "/metrics", "/admin"].map((path) => [path, { target: APP, changeOrigin: false }]),
    ),
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/charts/testing.ts"],
    // The default of five seconds is too short on a busy machine.
    testTimeout: 60_000,
  },
});
