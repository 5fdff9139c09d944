import { useState } from "react";
import { recall, remember } from "./remember";

/** Minutes that can be shown. */
export const SPANS = [5, 15, 60, 360, 1440] as const;

/** The minutes that are shown, if they were chosen, and how to choose others. */
export function useSpan(): [number | undefined, (minutes: number) => void] {
  const [chosen, setChosen] = useState(() => SPANS.find((span) => String(span) === recall("minutes")));
  const choose = (minutes: number) => {
    remember("minutes", String(minutes));
    setChosen(SPANS.find((span) => span === minutes));
  };
  return [chosen, choose];
}
