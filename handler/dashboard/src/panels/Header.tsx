import type { ReactNode } from "react";
import type { Health, LabFleet } from "../api";
import { Choice } from "../components/Choice";
import { Term } from "../components/Term";
import type { Trouble } from "../live";
import { THEMES, useTheme } from "../theme";
import { LANGUAGES, nameOf, useSpeech } from "../words/language";
import { LabMenu } from "./LabMenu";

type Props = {
  title: string;
  connected: boolean;
  trouble: Trouble | undefined;
  health: Health | undefined;
  lab: LabFleet | undefined;
  /** More controls, at the end. */
  children?: ReactNode;
};

/** The name, whether what is shown is true now, and how it is shown. */
export function Header({ title, connected, trouble, health, lab, children }: Props) {
  const { words, format, language, speak } = useSpeech();
  const [theme, chooseTheme] = useTheme();
  const state = trouble ? "stale" : connected ? "live" : "connecting";
  return (
    <header className="flex flex-wrap items-center gap-x-5 gap-y-3">
      <h1 className="flex items-center gap-2.5 text-xl font-bold tracking-tight">
        <Mark />
        {title}
      </h1>
      <ul className="flex flex-wrap gap-2 text-[0.9rem]">
        <li className="chip" data-state={state} data-testid="state">
          <span aria-hidden="true" className="dot" />
          {trouble?.since !== undefined
            ? words.header.stale(format.time(trouble.since))
            : state === "live"
              ? words.header.live
              : words.header.connecting}
        </li>
        {health && <li className="chip max-sm:hidden">{words.header.database[health.db_type]}</li>}
        {lab && lab.time_scale !== 1 && (
          <li className="chip tabular-nums">
            <Term
              term={words.header.azureMinute("")}
              text={words.terms.azureMinute(format.decimal(lab.time_scale))}
            >
              ×{format.decimal(lab.time_scale)} ·{" "}
              {words.header.azureMinute(format.whole(Math.floor(lab.azure_seconds / 60)))}
            </Term>
          </li>
        )}
      </ul>
      <div className="ml-auto flex flex-wrap items-center gap-2">
        {lab && <LabMenu lab={lab} />}
        <Choice
          label={words.header.language}
          value={language}
          choose={speak}
          options={LANGUAGES.map((value) => ({ value, text: value.toUpperCase(), title: nameOf(value) }))}
        />
        <button
          type="button"
          className="icon-button"
          title={`${words.header.theme}: ${words.header.themes[theme]}`}
          aria-label={`${words.header.theme}: ${words.header.themes[theme]}`}
          onClick={() => chooseTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto")}
        >
          <ThemeIcon theme={theme} />
        </button>
        {children}
      </div>
    </header>
  );
}

/** Three instances, each higher than the one before. */
function Mark() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className="size-6">
      <rect x="2" y="15" width="5" height="7" rx="1" fill="var(--i1)" />
      <rect x="9.5" y="9" width="5" height="13" rx="1" fill="var(--i2)" />
      <rect x="17" y="2" width="5" height="20" rx="1" fill="var(--i3)" />
    </svg>
  );
}

function ThemeIcon({ theme }: { theme: (typeof THEMES)[number] }) {
  const rays = Array.from({ length: 8 }, (_, index) => index * 45);
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className="size-5 fill-none stroke-current stroke-2">
      {theme === "dark" ? (
        <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z" strokeLinejoin="round" />
      ) : theme === "light" ? (
        <>
          <circle cx="12" cy="12" r="4" />
          {rays.map((angle) => (
            <path key={angle} d="M12 2.5v2.5" transform={`rotate(${angle} 12 12)`} strokeLinecap="round" />
          ))}
        </>
      ) : (
        <>
          <circle cx="12" cy="12" r="8.5" />
          <path d="M12 3.5a8.5 8.5 0 0 1 0 17Z" className="fill-current stroke-none" />
        </>
      )}
    </svg>
  );
}
