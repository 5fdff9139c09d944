/**
 * Small choices: from the page's address where it has them, so that a link shows the same view, else kept in the browser.
 * Where the browser keeps nothing, as in some private windows, they last for the page.
 */

type Choice = "language" | "theme" | "minutes";

/** What each is called in the address. */
const PARAMETERS: Record<Choice, string> = { language: "lang", theme: "theme", minutes: "minutes" };
const PRESENT = "present";

const name = (choice: Choice) => `dashboard.${choice}`;

export function recall(choice: Choice): string | undefined {
  const linked = new URLSearchParams(location.search).get(PARAMETERS[choice]);
  if (linked !== null) return linked;
  try {
    return localStorage.getItem(name(choice)) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(choice: Choice, value: string): void {
  const url = new URL(location.href);
  // Else a reload would bring back what the link said.
  if (url.searchParams.has(PARAMETERS[choice])) {
    url.searchParams.set(PARAMETERS[choice], value);
    history.replaceState(null, "", url);
  }
  try {
    localStorage.setItem(name(choice), value);
  } catch {
    // The choice lasts until the page is left.
  }
}

/** Whether the address asks for one screen without scrolling. */
export const recallPresent = () => new URLSearchParams(location.search).has(PRESENT);

/** Keeps present mode in the address, so that a reload stays in it. */
export function rememberPresent(present: boolean): void {
  history.replaceState(null, "", address(new URL(location.href), present));
}

/** An address that shows the same view in another browser. */
export function viewLink(view: Record<Choice, string>, present: boolean): string {
  const url = new URL(location.pathname, location.href);
  for (const choice of ["minutes", "theme", "language"] as const)
    url.searchParams.set(PARAMETERS[choice], view[choice]);
  return address(url, present);
}

/** With `?present` and not `?present=`, as one types it. */
function address(url: URL, present: boolean): string {
  if (present) url.searchParams.set(PRESENT, "");
  else url.searchParams.delete(PRESENT);
  return url.href.replace(`${PRESENT}=`, PRESENT);
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
    // The key lasts until the page is left.
  }
}
