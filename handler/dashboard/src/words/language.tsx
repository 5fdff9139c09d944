import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { recall, remember } from "../remember";
import { en, type Words } from "./en";
import { es } from "./es";
import { type Format, format } from "./format";

const DICTIONARIES = { en, es };
export type Language = keyof typeof DICTIONARIES;
export const LANGUAGES = Object.keys(DICTIONARIES) as Language[];
export const nameOf = (language: Language) => DICTIONARIES[language].name;

type Speech = { language: Language; words: Words; format: Format; speak: (language: Language) => void };

const Context = createContext<Speech | undefined>(undefined);

const isLanguage = (text: string | undefined): text is Language =>
  text !== undefined && Object.hasOwn(DICTIONARIES, text);

/** What was chosen before, else the first of the browser's languages that there is. */
export function firstLanguage(): Language {
  const chosen = recall("language");
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? "en";
}

/** Gives everything inside the words of one language. */
export function Speaking({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(firstLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speech = useMemo<Speech>(
    () => ({
      language,
      words: DICTIONARIES[language],
      format: format(language),
      speak: (chosen) => {
        remember("language", chosen);
        setLanguage(chosen);
      },
    }),
    [language],
  );
  return <Context value={speech}>{children}</Context>;
}

export function useSpeech(): Speech {
  const speech = useContext(Context);
  if (!speech) throw new Error("Speaking is missing around this");
  return speech;
}
