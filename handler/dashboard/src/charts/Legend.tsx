/** A line's name and look. */
export type Entry = {
  name: string;
  colour: string;
  dashed: boolean;
  shown: boolean;
};

type Props = { entries: Entry[]; toggle: (name: string) => void };

/** Names the lines of a chart; pressing one hides its line and shows it again. */
export function Legend({ entries, toggle }: Props) {
  return (
    <ul className="m-0 flex list-none flex-wrap gap-x-1 gap-y-0.5 p-0">
      {entries.map((entry) => (
        <li key={entry.name}>
          <button
            type="button"
            aria-pressed={entry.shown}
            onClick={() => toggle(entry.name)}
            className={`flex min-h-6 cursor-pointer items-center gap-1.5 rounded border-0 bg-transparent px-1.5 py-0.5 text-[0.8rem] text-ink hover:bg-faint ${entry.shown ? "" : "line-through opacity-50"}`}
          >
            <span
              className={`inline-block w-3.5 border-t-2 ${entry.dashed ? "border-dashed" : "border-solid"}`}
              style={{ borderColor: entry.colour }}
            />
            <span className="text-soft">{entry.name}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
