import { useSyncExternalStore } from "react";

/** As in page.css: a screen on which the panels stand in three columns. */
const wide = matchMedia("(min-width: 100rem)");

const subscribe = (listener: () => void) => {
  wide.addEventListener("change", listener);
  return () => wide.removeEventListener("change", listener);
};

/** Whether charts have room to be tall. */
export const useWide = () => useSyncExternalStore(subscribe, () => wide.matches);
