import { useState } from "react";
import { recall, remember } from "./remember";

/** A clock that is this much faster than Azure's shows hours in a few minutes. */
const FAST = 4;
/** Minutes that can be shown. */
const SPANS = [2, 5, 15, 60, 360, 1440] as const;
/** At Azure's pace, fewer minutes would not hold the window of the usual rules. */
const LEAST = 5;

/** The minutes that can be shown where the clock is `scale` times as fast as Azure's. */
export const spansAt = (scale: number): readonly number[] =>
  scale > FAST ? SPANS : SPANS.filter((span) => span >= LEAST);

/** The minutes that are shown, and how to choose others; `usual` until then, and two minutes under a fast clock. */
export function useSpan(scale: number, usual: number): [number, (minutes: number) => void] {
  const [chosen, setChosen] = useState(() => Number(recall("minutes")));
  const choose = (minutes: number) => {
    remember("minutes", String(minutes));
    setChosen(minutes);
  };
  const minutes = spansAt(scale).find((span) => span === chosen) ?? (scale > FAST ? SPANS[0] : usual);
  return [minutes, choose];
}
