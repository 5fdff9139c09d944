import { useSyncExternalStore } from "react";

/** Present mode shows everything beside each other from this width on; on a phone, its link shows the usual page. */
const WIDE = 900;
/** Of present mode (page.css): a rem as a share of the height and of the width of the screen, the smaller one counts. */
const REM = { ofHeight: 0.0165, ofWidth: 0.00927 };

const subscribe = (listener: () => void) => {
  addEventListener("resize", listener);
  return () => removeEventListener("resize", listener);
};

/** Whether there is room for present mode. */
export const useWide = () => useSyncExternalStore(subscribe, () => innerWidth >= WIDE);

/** How much higher than 16:9 the screen is, in rem of present mode. */
export const useSpareHeight = () =>
  useSyncExternalStore(subscribe, () => {
    const spare = innerHeight / (innerWidth * REM.ofWidth) - 1 / REM.ofHeight;
    return Math.max(Math.floor(spare * 10) / 10, 0);
  });
