import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin, UserConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { allowOwnScript } from "./template.ts";

/** Builds one page into one file without a reference to any other, which the lab compiles in. */
export const singlePage = (input: string, ...plugins: Plugin[]): UserConfig => ({
  plugins: [
    react(),
    tailwindcss(),
    viteSingleFile({ removeViteModuleLoader: true }),
    allowOwnScript(),
    ...plugins,
  ],
  build: {
    outDir: "dist",
    // The folder holds files of the project, and nothing piles up: the names are always the same.
    emptyOutDir: false,
    target: "es2022",
    rolldownOptions: { input },
  },
});
