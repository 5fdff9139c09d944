/** What the tests' browser lacks: it neither lays out nor draws. What is written on a canvas is noted instead. */
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// The default of one second is too short on a busy machine. Only a failing test waits so long.
configure({ asyncUtilTimeout: 20_000 });

/** Texts written on any canvas, since they were last cleared. */
export const written: string[] = [];

const context = new Proxy<Record<string | symbol, unknown>>(
  {
    measureText: (text: string) => ({ width: text.length * 6 }),
    fillText: (text: string) => written.push(text),
  },
  { get: (target, name) => target[name] ?? (() => undefined) },
);
HTMLCanvasElement.prototype.getContext = (() => context) as never;

// Wide enough for every label.
Object.defineProperty(HTMLElement.prototype, "clientWidth", { get: () => 900 });

class Path {
  moveTo() {}
  lineTo() {}
  rect() {}
  arc() {}
  closePath() {}
  addPath() {}
}
globalThis.Path2D = Path as never;

afterEach(() => {
  cleanup();
  written.length = 0;
});
