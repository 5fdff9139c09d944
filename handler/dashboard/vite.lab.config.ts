import { defineConfig } from "vite";
import { singlePage } from "./build/single.ts";

// The page of any app's fleet, which lab up serves at /admin/lab.
export default defineConfig(singlePage("lab.html"));
