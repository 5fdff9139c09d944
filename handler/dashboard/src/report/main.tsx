import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./report.css";
import { Report } from "./Report";
import { readInlined } from "./run";
import { textsOf } from "./translate";

// As the lab wrote it, before anything is put into it.
const file = `<!doctype html>\n${document.documentElement.outerHTML}\n`;
const tools = document.getElementById("tools");
if (tools)
  createRoot(tools).render(
    <StrictMode>
      <Report inlined={readInlined(document)} file={file} texts={textsOf(document.body)} />
    </StrictMode>,
  );
