import { createContext, useContext } from "react";

/** Whether what the page shows may no longer be true; actions are off meanwhile. */
export const Stale = createContext(false);

export const useStale = () => useContext(Stale);
