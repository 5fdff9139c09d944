import { recall } from "../remember";

/** The language that the user chose before, or else the first available language of the browser, or else English. */
export function preferred<L extends string>(languages: readonly L[]): L | "en" {
  const known = (tag: string | undefined) => languages.find((language) => language === tag);
  const tags = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return known(recall("language")) ?? known(tags.find(known)) ?? "en";
}
