import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { allowOwnScript, sampleRun } from "./build/template.ts";

// The report page: one file without a reference to any other, into which the lab puts a run.
export default defineConfig({
  plugins: [
    react(),
    tailwindcss(),
    viteSingleFile({ removeViteModuleLoader: true }),
    allowOwnScript(),
    sampleRun(),
  ],
  build: {
    outDir: "dist",
    // The folder holds a file of the project, and nothing piles up: the names are always the same.
    emptyOutDir: false,
    target: "es2022",
    rolldownOptions: { input: "report.html" },
  },
});
