import type { Trouble } from "../live";
import { useSpeech } from "../words/language";

/** Says that what is shown is not of now, and why. */
export function Banner({ trouble }: { trouble: Trouble | undefined }) {
  const { words, format } = useSpeech();
  // There from the start, so that a screen reader says what comes into it.
  return (
    <div role="alert" className="contents">
      {trouble && (
        <p className="banner" data-testid="banner">
          <b>
            {trouble.kind === "other" ? words.trouble.other(trouble.status) : words.trouble[trouble.kind]}
          </b>{" "}
          {trouble.since === undefined
            ? words.trouble.nothing
            : words.trouble.kept(format.time(trouble.since))}
        </p>
      )}
    </div>
  );
}
