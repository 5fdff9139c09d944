import { type ReactNode, useLayoutEffect, useMemo, useState } from "react";
import { createPortal } from "react-dom";
import { remember } from "../remember";
import { preferred } from "../words/preferred";
import { Charts } from "./Charts";
import { Download, Downloads } from "./Downloads";
import type { Inlined } from "./run";
import { LANGUAGES, type Language, speaker, type Texts } from "./translate";

type Props = { inlined: Inlined; file: string; texts: Texts };

const TAGS = Object.keys(LANGUAGES) as Language[];

/** The scripted parts of the page: the language, the charts, and the files to save. The lab wrote everything else, in English. */
export function Report({ inlined, file, texts }: Props) {
  const [language, setLanguage] = useState<Language>(() => preferred(TAGS));
  const [title] = useState(document.title);
  const say = useMemo(() => speaker(language), [language]);
  useLayoutEffect(() => {
    document.documentElement.lang = language;
    document.title = say(title);
    for (const { text, write } of texts) write(say(text));
  }, [language, say, title, texts]);
  const choose = (chosen: Language) => {
    remember("language", chosen);
    setLanguage(chosen);
  };
  const within = (id: string, part: ReactNode) => {
    const place = document.getElementById(id);
    return place && createPortal(part, place);
  };
  return (
    <>
      {TAGS.map((tag) => (
        <button
          key={tag}
          type="button"
          lang={tag}
          aria-pressed={tag === language}
          onClick={() => choose(tag)}
        >
          {LANGUAGES[tag]}
        </button>
      ))}
      <Download name={`${inlined.name}.html`} type="text/html" content={() => file}>
        {say("Save this page")}
      </Download>
      {within("charts", <Charts key={language} inlined={inlined} say={say} />)}
      {within("downloads", <Downloads inlined={inlined} say={say} />)}
    </>
  );
}
