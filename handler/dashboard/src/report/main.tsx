import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./report.css";
import { Charts } from "./Charts";
import { Downloads } from "./Downloads";
import { readInlined } from "./run";

// The lab wrote the page with all of its words; only what needs a script is put into it here.
const inlined = readInlined(document);
for (const [id, part] of [
  ["charts", <Charts key="charts" inlined={inlined} />],
  ["downloads", <Downloads key="downloads" inlined={inlined} />],
] as const) {
  const place = document.getElementById(id);
  if (place) createRoot(place).render(<StrictMode>{part}</StrictMode>);
}
