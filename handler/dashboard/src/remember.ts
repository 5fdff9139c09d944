/** Small choices kept in the browser. Where it keeps nothing, as in some private windows, they last for the page. */

type Choice = "language" | "theme" | "minutes";

const name = (choice: Choice) => `dashboard.${choice}`;

export function recall(choice: Choice): string | undefined {
  try {
    return localStorage.getItem(name(choice)) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(choice: Choice, value: string): void {
  try {
    localStorage.setItem(name(choice), value);
  } catch {
    // It is still in force until the page is left.
  }
}

const KEY = "dashboard.key";

/** The function key, for this tab only. */
export function recallKey(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

export function rememberKey(key: string | undefined): void {
  try {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  } catch {
    // It is still in force until the page is left.
  }
}
