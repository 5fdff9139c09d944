/** Translates English sentences of the lab and of the app with a dictionary of patterns. */

/** A text in the other language; undefined if it is unknown. */
export type Translate = (text: string) => string | undefined;

const NUMBER = /^([-<]?\s?\d[\d.,]*\s?%?|–)$/;
/** A span of time, before another number. */
const SPAN = /\d+ (hours?( \d+ minutes?)?|minutes?|s)(?= )/y;
/** Between a number and its unit. */
const GAP = "\u00a0";
/** The longest text that is translated. A record may contain longer texts, which are no sentences of the lab. */
const LONGEST = 2_000;
/** The most lookups for one text, including its parts. No sentence of the lab needs as many. */
const MOST_PARTS = 200;

/** A key with placeholders: fixed words and placeholders alternate. The first and the last item are words, which may be empty. */
type Pattern = { parts: string[]; text: string };

/**
 * A translation into Spanish. The key of a text is its English form. `{n}` stands for a number, `{m}` for a measure or a time, `{x}`
 * for any text, which stays as it is, and `{}` for a name of up to three words or another text that is listed. In the translation
 * `{0}` is the first of these. `isName` tells whether an unknown part may be a name.
 */
export function translator(dictionary: Record<string, string>, isName = isShort): Translate {
  // The patterns with the most fixed words come first, because they fit the fewest texts.
  const patterns = Object.entries(dictionary)
    .filter(([key]) => key.includes("{"))
    .sort(([one], [other]) => ownLength(other) - ownLength(one))
    .map(([key, text]): Pattern => ({ parts: key.split(/(\{[mnx]?\})/), text }));

  const translate = (text: string, work: { left: number }): string | undefined => {
    work.left -= 1;
    if (text.length > LONGEST || work.left < 0) return undefined;
    const own = Object.hasOwn(dictionary, text) ? dictionary[text] : spanishMeasure(text);
    if (own !== undefined) return own;
    for (const pattern of patterns) {
      const parts: string[] = [];
      const known = fitting(pattern, text)?.every((part, index) => {
        const isKept = pattern.parts[2 * index + 1] === "{x}";
        const said = isKept ? part : (translate(part, work) ?? (isName(part) ? part : undefined));
        return said !== undefined && parts.push(said);
      });
      if (known) return pattern.text.replaceAll(/\{(\d)\}/g, (_, place) => parts[Number(place)] ?? "");
    }
    return list(text, work);
  };

  /** A list such as `a, b and c`, if each item is known. */
  const list = (text: string, work: { left: number }): string | undefined => {
    const items = text
      .split(/, and | and |, /)
      .map((item, _, { length }) => (length > 1 ? translate(item, work) : undefined));
    if (items.includes(undefined)) return undefined;
    const last = text.includes(" and ") ? " y " : ", ";
    return `${items.slice(0, -1).join(", ")}${last}${items.at(-1)}`;
  };

  return (text) => translate(text, { left: MOST_PARTS })?.replaceAll(/(\d) %/g, `$1${GAP}%`);
}

function ownLength(key: string): number {
  return key.replaceAll(/\{[mnx]?\}/g, "").length;
}

/** The parts of a text at the placeholders of a pattern. The first occurrence of each fixed word counts, so that the search stays short. */
function fitting({ parts }: Pattern, text: string): string[] | undefined {
  const first = parts[0] ?? "";
  if (!text.startsWith(first)) return undefined;
  const found: string[] = [];
  let at = first.length;
  for (let index = 1; index < parts.length; index += 2) {
    const words = parts[index + 1] ?? "";
    const last = index + 2 >= parts.length;
    const end = last
      ? text.length - words.length
      : ((parts[index] === "{m}" ? spanEnd(text, at, words) : undefined) ?? text.indexOf(words, at + 1));
    if (end <= at || (last && !text.endsWith(words))) return undefined;
    const part = text.slice(at, end);
    if (parts[index] === "{n}" && !NUMBER.test(part)) return undefined;
    if (parts[index] === "{m}" && spanishMeasure(part) === undefined) return undefined;
    found.push(part);
    at = end + words.length;
  }
  return found;
}

/** The end of a span of time that the next fixed words follow. */
function spanEnd(text: string, at: number, words: string): number | undefined {
  SPAN.lastIndex = at;
  const end = at + (SPAN.exec(text)?.[0].length ?? 0);
  return end > at && text.startsWith(words, end) ? end : undefined;
}

/** Whether a part may stay as it is: a few words, such as an id, an address, or a title. */
function isShort(part: string): boolean {
  return part.split(" ").length <= 3;
}

const UNITS: Record<string, string> = {
  days: "días",
  hour: "hora",
  hours: "horas",
  minute: "minuto",
  minutes: "minutos",
};
const DATES: Record<string, string> = {
  ...{ Mon: "lun", Tue: "mar", Wed: "mié", Thu: "jue", Fri: "vie", Sat: "sáb", Sun: "dom" },
  ...{ Jan: "ene", Feb: "feb", Mar: "mar", Apr: "abr", May: "may", Jun: "jun", Jul: "jul", Aug: "ago" },
  ...{ Sep: "sep", Oct: "oct", Nov: "nov", Dec: "dic" },
};

/** Numbers with units, times, and dates: `1,234`, `2.4 ms`, `1 min 44 s`, `1–2`, `17 s (17 min)`, `Sat 28 Mar 08:00`. */
function spanishMeasure(text: string): string | undefined {
  let known = true;
  const told = text.replaceAll(/[^\s()/–→:]+/g, (word) => {
    if (/^[<>≥≤=≠]?-?\d{1,3}(,\d{3})*(\.\d+)?%?$|^-?\d+(\.\d+)?%?$|^\d{4}-\d\d-\d\d$/.test(word))
      return spanishNumber(word);
    if (/^(s|ms|min|h|<|>|≥|≤|=|≠|-|%|USD|EUR)$/.test(word)) return word;
    const other = UNITS[word] ?? DATES[word];
    known &&= other !== undefined;
    return other ?? word;
  });
  return known && /[\d–]/.test(text) ? told : undefined;
}

/** Formats `1,234.5%` as `1234,5 %`. Four digits are not grouped, as in the dashboard. */
function spanishNumber(text: string): string {
  const [whole = "", decimals] = text.replace("%", "").replaceAll(",", "").split(".");
  const grouped = whole.length > 4 && text.includes(",") ? whole.replaceAll(/\B(?=(\d{3})+$)/g, ".") : whole;
  return grouped + (decimals === undefined ? "" : `,${decimals}`) + (text.endsWith("%") ? `${GAP}%` : "");
}
