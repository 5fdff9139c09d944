import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** Where the template wants the hash of its script. */
const PLACE = "'own-script'";

/**
 * Lets the page's own script run and no other: puts the script's hash into the Content-Security-Policy. Comes after
 * the script was inlined.
 */
export function allowOwnScript(): Plugin {
  return {
    name: "allow-own-script",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.type !== "asset" || !file.fileName.endsWith(".html")) continue;
          const html = String(file.source);
          const scripts = [...html.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/g)];
          const hashes = scripts.map(
            ([, code]) => `'sha256-${createHash("sha256").update(String(code)).digest("base64")}'`,
          );
          if (!html.includes(PLACE) || hashes.length !== 1) {
            this.error(`${file.fileName} should have one script and ${PLACE} in its policy`);
          }
          // A function, because a replacement text would take the `$` of the hash for its own.
          file.source = html.replace(PLACE, () => hashes.join(" "));
        }
      },
    },
  };
}

/** During development, shows a run from the fixtures where the lab would put one: `/report.html?story`. */
export function sampleRun(): Plugin {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  return {
    name: "sample-run",
    apply: "serve",
    transformIndexHtml: {
      order: "pre",
      handler(html, { originalUrl }) {
        const name = /[?&]([a-z]+)/.exec(originalUrl ?? "")?.[1] ?? "story";
        const section = (id: string) => `<section class="content"><div id="${id}"></div></section>`;
        return html
          .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "")
          .replace("<!--report:title-->", "<title>Report</title>")
          .replace(
            "<!--report:style-->",
            `<style>${read("../../../scripts/lab/report/src/page.css")}</style>`,
          )
          .replace(
            "<!--report:body-->",
            `<main>${section("tools")}${section("charts")}${section("downloads")}</main>`,
          )
          .replace(
            "<!--report:data-->",
            () =>
              `<script type="application/json" id="run">${read(`../fixtures/${name}.json`).replaceAll("<", "\\u003c")}</script>`,
          );
      },
    },
  };
}
