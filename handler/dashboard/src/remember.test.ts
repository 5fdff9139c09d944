import { afterEach, beforeEach, expect, test } from "vitest";
import { recall, recallPresent, remember, rememberPresent, viewLink } from "./remember";

beforeEach(() => localStorage.clear());
afterEach(() => history.replaceState(null, "", "/"));

test("a link comes before what the browser keeps, and changes nothing of that", () => {
  remember("theme", "dark");
  expect(recall("theme")).toBe("dark");
  history.replaceState(null, "", "/?theme=light&lang=es");
  expect([recall("theme"), recall("language"), recall("minutes")]).toEqual(["light", "es", undefined]);
  history.replaceState(null, "", "/");
  expect(recall("theme")).toBe("dark");
});

test("a choice made in a linked view lasts over a reload", () => {
  history.replaceState(null, "", "/?present&minutes=5");
  remember("minutes", "60");
  expect(recall("minutes")).toBe("60");
  expect(recallPresent()).toBe(true);
});

test("present mode is in the address, next to what was there", () => {
  history.replaceState(null, "", "/?minutes=5");
  rememberPresent(true);
  expect(location.search).toBe("?minutes=5&present");
  rememberPresent(false);
  expect(location.search).toBe("?minutes=5");
});

test("a link keeps range, theme, language and mode, and nothing else", () => {
  history.replaceState(null, "", "/?secret=1#part");
  const view = { minutes: "15", theme: "dark", language: "es" };
  expect(viewLink(view, true)).toBe(`${location.origin}/?minutes=15&theme=dark&lang=es&present`);
  expect(viewLink(view, false)).toBe(`${location.origin}/?minutes=15&theme=dark&lang=es`);
});
