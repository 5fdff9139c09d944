import { expect, test } from "vitest";
import { en } from "./en";
import { es } from "./es";
import { format } from "./format";

const [english, spanish] = [format("en"), format("es")];
const plain = (text: string) => text.replaceAll("\u00a0", " ");

test.each([
  [0.4, "1 s"],
  [59.2, "1 min"],
  [60, "1 min"],
  [61, "61 s"],
  [250, "4:10 min"],
  [300, "5 min"],
  [7500, "2:05 h"],
  [-3, "0 s"],
])("%f s left is %s", (seconds, text) => {
  expect(plain(english.span(seconds))).toBe(text);
});

test.each([
  [-1, "0 s"],
  [119, "119 s"],
  [120, "2 min"],
  [7199, "119 min"],
  [7200, "2 h"],
  [200_000, "2 d"],
])("%i s old is %s", (seconds, text) => {
  expect(plain(english.age(seconds))).toBe(text);
});

test("each language writes numbers its own way", () => {
  const written = (format: typeof english) =>
    [
      format.whole(12_345),
      format.percent(81.4),
      format.ms(3.14),
      format.ms(1240),
      format.rate(7.36),
      format.decimal(0.034),
    ].map(plain);
  expect(written(english)).toEqual(["12,345", "81%", "3.14 ms", "1.24 s", "7.4/s", "0.03"]);
  expect(written(spanish)).toEqual(["12.345", "81 %", "3,14 ms", "1,24 s", "7,4/s", "0,03"]);
});

/** Every text, functions called with figures that cannot be mistaken for words. */
function texts(words: object, path = ""): [string, string][] {
  return Object.entries(words).flatMap(([name, value]) => {
    const at = `${path}.${name}`;
    if (typeof value === "string") return [[at, value] as [string, string]];
    if (typeof value !== "function") return texts(value, at);
    const said = value("7", "8", "9", "10", "11");
    return typeof said === "string" ? [[at, said] as [string, string]] : texts(said, at);
  });
}

test("a percentage has decimals where it would look equal to a threshold that it is not", () => {
  const { percent } = format("en");
  expect([percent(29.6, 30), percent(30, 30), percent(29.4, 30), percent(70.04, 70)]).toEqual([
    "29.6%",
    "30%",
    "29%",
    "70.04%",
  ]);
});

test("nothing is left in English", () => {
  // Names, numbers, and units, which are the same in both.
  const same = [
    ".said",
    ".title",
    ".header.database.postgresql",
    ".header.database.sqlite",
    ".fleet.cpu",
    ".scaling.metrics.CpuPercentage",
  ];
  const spanishTexts = new Map(texts(es));
  const untranslated = texts(en).filter(([at, text]) => spanishTexts.get(at) === text && !same.includes(at));
  expect(untranslated).toEqual([]);
});
