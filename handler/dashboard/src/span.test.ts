import { act, renderHook } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import { spansAt, useSpan } from "./span";

beforeEach(() => localStorage.clear());

const minutes = (scale: number) => renderHook(() => useSpan(scale, 60)).result.current[0];

test("until one is chosen, a fast clock shows two minutes", () => {
  expect([minutes(1), minutes(60)]).toEqual([60, 2]);
});

test("what was chosen is kept where it can be shown", () => {
  const { result } = renderHook(() => useSpan(60, 60));
  act(() => result.current[1](2));
  expect(result.current[0]).toBe(2);
  // The window of a rule would not fit.
  expect(minutes(1)).toBe(60);
  act(() => result.current[1](360));
  expect([minutes(1), minutes(60)]).toEqual([360, 360]);
});

test("what no choice offers is not shown", () => {
  localStorage.setItem("dashboard.minutes", "7");
  expect(minutes(60)).toBe(2);
  expect(spansAt(1)).toEqual([5, 15, 60, 360, 1440]);
});
