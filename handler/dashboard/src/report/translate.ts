import { translator } from "../words/translate";
import { SPANISH } from "./spanish";

/** The languages of the report, with their own names. */
export const LANGUAGES = { en: "English", es: "Español" } as const;
export type Language = keyof typeof LANGUAGES;

/** Translates a text of the report. An unknown text stays as it is. */
export type Say = (text: string) => string;

export const spanish = translator(SPANISH);

export function speaker(language: Language): Say {
  return language === "en" ? (text) => text : (text) => spanish(text) ?? text;
}

/** Where the script or the data put their own text. */
const OWN = "#charts, #downloads, #tools, script, style, pre, code";
const ATTRIBUTES = ["aria-label", "title"];

/** The texts that the lab wrote into a page, each with a way to write it anew. */
export type Texts = { text: string; write: (text: string) => void }[];

export function textsOf(page: HTMLElement): Texts {
  const texts: Texts = [];
  const walker = page.ownerDocument.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const [, before = "", text = "", after = ""] = /^(\s*)(.*?)(\s*)$/s.exec(node.nodeValue ?? "") ?? [];
    if (!text || node.parentElement?.closest(OWN)) continue;
    const own = node;
    texts.push({
      text: text.replaceAll(/\s+/g, " "),
      write: (said) => {
        own.nodeValue = before + said + after;
      },
    });
  }
  for (const name of ATTRIBUTES)
    for (const element of page.querySelectorAll(`[${name}]`)) {
      if (element.parentElement?.closest(OWN)) continue;
      const text = element.getAttribute(name) ?? "";
      texts.push({ text, write: (said) => element.setAttribute(name, said) });
    }
  return texts;
}
