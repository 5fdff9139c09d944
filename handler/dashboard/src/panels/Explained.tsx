import type * as api from "../api";
import type { Words } from "../words/en";
import { useSpeech } from "../words/language";

/** The explanation of a setting by `lab rules`. */
export function Explained({ explanation }: { explanation: api.Explanation }) {
  const { words } = useSpeech();
  const tell = words.whatIf;
  const { faults, hints, text } = explanation;
  return (
    <div className="grid min-w-0 grid-cols-1 gap-2">
      {faults.length > 0 && (
        <div>
          <h3 className="font-semibold">{tell.faults}</h3>
          <ul className="grid gap-1 text-sm wrap-anywhere">
            {faults.map(({ code, place, message, remedy }) => (
              <li key={code + place + message}>
                {place ? `${place}: ` : ""}
                <Said text={message} /> <Said text={remedy} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <details className="min-w-0">
        <summary className="cursor-pointer">{tell.says(faults.length, hints.length)}</summary>
        <pre className="mt-2 rounded-lg bg-faint p-3 text-sm whitespace-pre-wrap wrap-anywhere">
          {linesOf(text, words.said)}
        </pre>
      </details>
    </div>
  );
}

/** A sentence of the emulator in the language of the page; in English if it is unknown. */
export function Said({ text }: { text: string }) {
  const { words } = useSpeech();
  const said = words.said(text);
  return said === undefined ? <span lang="en">{text}</span> : said;
}

/** The text of `lab rules` in another language, line by line. The columns keep their places. */
export function linesOf(text: string, said: Words["said"]): string {
  const cell = (part: string) => said(part) ?? titled(part, said) ?? placed(part, said) ?? part;
  const line = (whole: string) => whole.split(/(^ +| {2,})/).map((part) => (part.trim() ? cell(part) : part));
  return text
    .split("\n")
    .map((whole) => line(whole).join(""))
    .join("\n");
}

/** The name of a profile, which may contain commas, and when it applies. */
function titled(line: string, said: Words["said"]): string | undefined {
  for (let at = line.indexOf(", "); at > 0; at = line.indexOf(", ", at + 1)) {
    const schedule = said(line.slice(at + 2));
    if (schedule !== undefined) return `${line.slice(0, at)}, ${schedule}`;
  }
  return undefined;
}

/** A place in the file and a message about it. */
function placed(line: string, said: Words["said"]): string | undefined {
  const [, place = "", message = ""] = /^(.+?): (.+)$/.exec(line) ?? [];
  const known = said(message);
  return known === undefined ? undefined : `${said(place) ?? place}: ${known}`;
}
