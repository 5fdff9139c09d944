import { expect, test } from "vitest";
import { body, fixture } from "./fixtures";
import { SPANISH } from "./spanish";
import { spanish, textsOf } from "./translate";

/** Every text in a record, but for the reasons, which the lab writes itself. */
function data(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value === "string") found.add(value.trim());
  else if (value && typeof value === "object")
    for (const [key, part] of Object.entries(value)) {
      found.add(key);
      if (key !== "reasons") data(part, found);
    }
  return found;
}

test.each(["story", "quiet", "failed", "empty"] as const)(
  "every text of the page is translated: %s",
  (name) => {
    const page = document.createElement("body");
    page.innerHTML = body(name);
    const names = data(fixture(name).run);
    const unknown = textsOf(page).filter(
      ({ text }) => /[a-z]/i.test(text) && !names.has(text) && spanish(text) === undefined,
    );
    expect(unknown.map(({ text }) => text)).toEqual(
      ["Elastic Visits", "2026-11-24 20:00:00 UTC"].filter((text) => page.textContent?.includes(text)),
    );
  },
);

test("every part of a key is in its translation", () => {
  for (const [key, text] of Object.entries(SPANISH)) {
    const parts = key.match(/\{[mn]?\}/g)?.length ?? 0;
    const used = [...text.matchAll(/\{(\d)\}/g)].map(([, place]) => Number(place));
    expect([key, [...new Set(used)].sort()]).toEqual([
      key,
      Array.from({ length: parts }, (_, place) => place),
    ]);
  }
});

test.each([
  ["38,577", "38.577"],
  ["1,234", "1234"],
  ["2.4 ms", "2,4 ms"],
  ["< 0.01%", "< 0,01\u00a0%"],
  ["1 min 44 s", "1 min 44 s"],
  ["3 days 4 h", "3 días 4 h"],
  ["1–2", "1–2"],
  ["Sat 28 Mar 08:00", "sáb 28 mar 08:00"],
  ["1→2 at 17 s, 2→3 at 37.5 s, and 3 more", "1→2 (17 s), 2→3 (37,5 s) y 3 más"],
  ["out > 70%", "ampliar > 70\u00a0%"],
  ["CPU > 70% over 5 min", "CPU > 70\u00a0% durante 5 min"],
  [
    "The fleet scaled back in: to 2 at 71 s (Azure minute 71) and to 1 at 90.5 s (Azure minute 90.5).",
    "Volvió a reducirse: a 2 a los 71 s (minuto 71 de Azure) y a 1 a los 90,5 s (minuto 90,5 de Azure).",
  ],
  [
    "One instance refused 412 of 1,200 requests at a p99 of 2.1 s; autoscaling refused none at 29 ms, for 55% of the cost of three instances.",
    "Una instancia: se rechazaron 412 de 1200 peticiones, con un p99 de 2,1 s; escalado automático: ninguna rechazada, con 29 ms, por el 55\u00a0% del coste de tres instancias.",
  ],
])("%s", (english, translated) => {
  expect(spanish(english)).toBe(translated);
});

test("a sentence that is not known stays whole, and a long one costs no time", () => {
  for (const text of [
    "Somebody wrote this sentence (Azure minute 3)",
    "a lot of words for a lot of words",
    "a at ".repeat(5_000),
  ])
    expect(spanish(text)).toBeUndefined();
});

test("a name is not a text", () => {
  for (const name of ["http://127.0.0.1:7071", "lab-3f2a9c", "0.1.0", "slow.json"])
    expect(spanish(name)).toBeUndefined();
});
