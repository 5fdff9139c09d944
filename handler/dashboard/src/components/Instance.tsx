import { createContext, useContext, useMemo, useRef } from "react";
import { Colours } from "../fleet/members";

/** The palette has so many (`--i1` to `--i10` in page.css). */
const COLOURS = 10;

const Context = createContext(new Colours(COLOURS));

/** The colours that everything inside agrees on. */
export const Coloured = Context;

export const useColours = () => useContext(Context);

/** The colours of what is shown. A new object only when the colours of what is shown have changed. */
export function useColoursOf(ids: string[]): Colours {
  const colours = useRef(new Colours(COLOURS));
  const list = [...new Set(ids)].join(" ");
  return useMemo(() => {
    colours.current = colours.current.showing(list === "" ? [] : list.split(" "));
    return colours.current;
  }, [list]);
}

/** The CSS colour of an instance, the same wherever it is named. */
export function useColour(id: string): string {
  const colours = useColours();
  return colours.has(id) ? `var(--i${colours.of(id) + 1})` : "var(--soft)";
}

/** An instance's name with its colour. */
export function Instance({ id, children }: { id: string; children?: React.ReactNode }) {
  const colour = useColour(id);
  return (
    <span className="inline-flex min-w-0 items-center gap-1.5 align-middle">
      <span aria-hidden="true" className="size-2.5 flex-none rounded-xs" style={{ background: colour }} />
      <span className="truncate font-mono text-[0.86em]" title={id}>
        {id}
      </span>
      {children}
    </span>
  );
}
