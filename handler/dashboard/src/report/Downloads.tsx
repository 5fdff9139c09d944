import type { Inlined } from "./run";
import type { Say } from "./translate";

/** Gives the raw data out of the page itself, so that it can be passed around alone. */
export function Downloads({ inlined, say }: { inlined: Inlined; say: Say }) {
  return (
    <p className="flex flex-wrap items-center gap-2">
      <span className="mr-1">{say("From this page:")}</span>
      <Download name={`${inlined.name}.csv`} type="text/csv" content={() => inlined.csv}>
        {say("CSV, one row a second")}
      </Download>
      <Download
        name={`${inlined.name}.json`}
        type="application/json"
        content={() => `${JSON.stringify(inlined.run, null, 2)}\n`}
      >
        {say("JSON, the whole record")}
      </Download>
    </p>
  );
}

type Props = { name: string; type: string; content: () => string; children: string };

/** A button that saves a file which the page makes itself. */
export function Download({ name, type, content, children }: Props) {
  const save = () => {
    const address = URL.createObjectURL(new Blob([content()], { type }));
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    // The browser has begun to read it by then; a minute is more than it needs.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  };
  return (
    <button type="button" onClick={save}>
      {children}
    </button>
  );
}
