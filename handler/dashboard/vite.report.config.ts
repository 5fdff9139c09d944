import { defineConfig } from "vite";
import { singlePage } from "./build/single.ts";
import { sampleRun } from "./build/template.ts";

// The report page, into which the lab puts a run.
export default defineConfig(singlePage("report.html", sampleRun()));
