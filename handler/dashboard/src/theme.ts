import { useState } from "react";
import { chooseTheme } from "./charts/palette";
import { recall, remember } from "./remember";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function chosenTheme(): Theme {
  return THEMES.find((theme) => theme === recall("theme")) ?? "auto";
}

const wishesDark = matchMedia("(prefers-color-scheme: dark)");

/** The stylesheet knows light and dark only. */
function apply(theme: Theme) {
  chooseTheme(theme === "auto" ? (wishesDark.matches ? "dark" : "light") : theme);
}

/** Before anything is shown, and whenever the browser's wish changes. */
export function followTheme() {
  apply(chosenTheme());
  wishesDark.addEventListener("change", () => apply(chosenTheme()));
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(chosenTheme);
  return [
    theme,
    (theme) => {
      remember("theme", theme);
      setTheme(theme);
      apply(theme);
    },
  ];
}
