import { expect, test } from "vitest";
import { translator } from "../words/translate";
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
    const say = translator(SPANISH, (part) => names.has(part));
    const unknown = textsOf(page).filter(
      ({ text }) => /[a-z]/i.test(text) && !names.has(text) && say(text) === undefined,
    );
    expect(unknown.map(({ text }) => text)).toEqual(
      ["Elastic Visits", "2026-11-24 20:00:00 UTC"].filter((text) => page.textContent?.includes(text)),
    );
  },
);

test("every part of a key is in its translation", () => {
  for (const [key, text] of Object.entries(SPANISH)) {
    const parts = key.match(/\{[mnx]?\}/g)?.length ?? 0;
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
    "La flota volvió a reducirse: a 2 a los 71 s (minuto 71 de Azure) y a 1 a los 90,5 s (minuto 90,5 de Azure).",
  ],
  ["Mon 2026-11-23 08:00", "lun 2026-11-23 08:00"],
  ["Profile: a.json: day for 36 h and night for 3 h", "Perfil: a.json: day durante 36 h y night durante 3 h"],
  ["a night in the summer time for 36 h", "a night in the summer time durante 36 h"],
  [
    "Sat 28 Mar 00:00 to Sat 28 Mar 12:00: a night in summer time",
    "sáb 28 mar 00:00 a sáb 28 mar 12:00: a night in summer time",
  ],
  [
    "average CPU over 5 minutes 100.0% is above 70%, but its cooldown ends in 1 hour 5 minutes: stays at 2",
    "la CPU media de 5 minutos (100,0 %) supera el 70 %, pero su enfriamiento termina en 1 hora 5 minutos: sigue en 2",
  ],
  [
    "another scale-in rule fires, but average MemoryPercentage over 10 minutes 45.0% is not below 30%: stays at 2",
    "se activa otra regla de reducción, pero la media de MemoryPercentage durante 10 minutos (45,0 %) no está por debajo del 30 %: sigue en 2",
  ],
  [
    "The load was more than the ready instances could handle for 9 min (7.5% of the time); no rule adds instances.",
    "La carga superó a las instancias listas durante 9 min (el 7,5 % del tiempo); ninguna regla agrega instancias.",
  ],
  [
    "Open loop: from 0/s to 20/s over 10 s, then 20/s for 1 min",
    "Bucle abierto: de 0/s a 20/s en 10 s, luego 20/s durante 1 min",
  ],
  [
    "One instance refused 412 of 1,200 requests at a p99 of 2.1 s; autoscaling refused none at 29 ms, for 55% of the cost of three instances.",
    "Una instancia: se rechazaron 412 de 1200 peticiones, con un p99 de 2,1 s; escalado automático: ninguna rechazada, con 29 ms, por el 55\u00a0% del coste de tres instancias.",
  ],
])("%s", (english, translated) => {
  expect(spanish(english)).toBe(translated.replaceAll(" %", "\u00a0%"));
});

test("a sentence that is not known stays whole, and a long one costs no time", () => {
  for (const text of [
    "Somebody wrote this sentence (Azure minute 3)",
    "a lot of words for a lot of words",
    "a at ".repeat(5_000),
    "x, then x; ".repeat(180),
  ])
    expect(spanish(text)).toBeUndefined();
});

test("a name is not a text", () => {
  for (const name of ["http://127.0.0.1:7071", "lab-3f2a9c", "0.1.0", "slow.json"])
    expect(spanish(name)).toBeUndefined();
});
