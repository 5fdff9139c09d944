import type { Cursor } from "./options";

type Props = {
  cursor: Cursor;
  moment: string;
  entries: { name: string; colour: string; value: number | null }[];
  format: (value: number) => string;
};

/** Room between the mouse and the values, in CSS pixels. */
const ASIDE = 14;

/** The values under the cursor, beside it: on the side where there is room. A screen reader has the summary instead. */
export function Tooltip({ cursor, moment, entries, format }: Props) {
  const { left, top, width } = cursor;
  const place = left > width / 2 ? { right: width - left + ASIDE, top } : { left: left + ASIDE, top };
  return (
    <div
      aria-hidden="true"
      className="pointer-events-none absolute z-10 rounded-lg border border-line bg-card px-2.5 py-1.5 text-[0.8rem] text-ink shadow-lg"
      style={place}
    >
      <p className="m-0 font-semibold whitespace-nowrap tabular-nums">{moment}</p>
      {entries.map(({ name, colour, value }) => (
        <p key={name} className="m-0 flex items-center gap-1.5 whitespace-nowrap">
          <span className="inline-block size-2.5 flex-none rounded-xs" style={{ background: colour }} />
          <span className="text-soft">{name}</span>
          <b className="ml-auto pl-3 font-semibold tabular-nums">{value === null ? "–" : format(value)}</b>
        </p>
      ))}
    </div>
  );
}
