import { useSyncExternalStore } from "react";

/** Room for present mode; on a phone, a link with it shows the usual page. */
const wide = matchMedia("(min-width: 900px)");

const subscribe = (listener: () => void) => {
  wide.addEventListener("change", listener);
  return () => wide.removeEventListener("change", listener);
};

/** Whether everything fits beside each other. */
export const useWide = () => useSyncExternalStore(subscribe, () => wide.matches);
