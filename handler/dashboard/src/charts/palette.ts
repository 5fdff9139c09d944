import { useSyncExternalStore } from "react";

/** Colours for the canvas, which knows no CSS variables: read from the page's own, so that both agree. */
export type Palette = {
  ink: string;
  soft: string;
  line: string;
  card: string;
  accent: string;
  good: string;
  bad: string;
  warn: string;
  /** One for each instance, in its order; they come round after the last. */
  instances: string[];
};

/** How the page is shown at present. */
export type Look = { palette: Palette; printing: boolean };

const INSTANCE_COLOURS = 10;

/** Colours a page without a stylesheet gets. */
const FALLBACK = "#5a6575";

function read(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim() || FALLBACK;
  return {
    ink: colour("ink"),
    soft: colour("soft"),
    line: colour("line"),
    card: colour("card"),
    accent: colour("accent"),
    good: colour("good"),
    bad: colour("bad"),
    warn: colour("warn"),
    instances: Array.from({ length: INSTANCE_COLOURS }, (_, index) => colour(`i${index + 1}`)),
  };
}

let look: Look | undefined;
const listeners = new Set<() => void>();

function refresh(printing: boolean) {
  look = { palette: read(), printing };
  for (const listener of listeners) listener();
}

const dark = () => window.matchMedia?.("(prefers-color-scheme: dark)");
const themeChanged = () => refresh(false);
/** The theme that was chosen, while the page is printed. */
let chosen: string | undefined;
/** Paper is white: the page is shown light while it is printed. */
const beforePrint = () => {
  chosen = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
  refresh(true);
};
const afterPrint = () => {
  chooseTheme(chosen);
};

/** Light, dark, or as the browser has it. */
export function chooseTheme(theme: string | undefined) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  refresh(false);
}

function subscribe(listener: () => void) {
  if (listeners.size === 0) {
    dark()?.addEventListener("change", themeChanged);
    window.addEventListener("beforeprint", beforePrint);
    window.addEventListener("afterprint", afterPrint);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      dark()?.removeEventListener("change", themeChanged);
      window.removeEventListener("beforeprint", beforePrint);
      window.removeEventListener("afterprint", afterPrint);
    }
  };
}

function present(): Look {
  look ??= { palette: read(), printing: false };
  return look;
}

/** The colours in use; a chart that uses them is drawn again when they change. */
export function useLook(): Look {
  return useSyncExternalStore(subscribe, present);
}

/** The colour of the instance with this place in the order. */
export function instanceColour(palette: Palette, index: number): string {
  return palette.instances[index % palette.instances.length] ?? FALLBACK;
}
