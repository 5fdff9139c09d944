import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { remember } from "../remember";
import { en, type Words } from "./en";
import { es } from "./es";
import { type Format, format } from "./format";
import { preferred } from "./preferred";

const DICTIONARIES = { en, es };
export type Language = keyof typeof DICTIONARIES;
export const LANGUAGES = Object.keys(DICTIONARIES) as Language[];
export const nameOf = (language: Language) => DICTIONARIES[language].name;

type Speech = { language: Language; words: Words; format: Format; speak: (language: Language) => void };

const Context = createContext<Speech | undefined>(undefined);

export const firstLanguage = (): Language => preferred(LANGUAGES);

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
