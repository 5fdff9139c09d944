/** Numbers as the charts write them; the same forms as in the page's text. */

/** With no more digits than say something: `0.34`, `8.1`, `81.3`, `1,234`. */
export function decimal(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return Math.round(value).toLocaleString("en");
  return String(Number(value.toFixed(size >= 0.995 ? 1 : 2)));
}

/** `81%` */
export const percent = (value: number) => `${decimal(value)}%`;

/** `3.1 ms`, `1.2 s` */
export const latency = (ms: number) => (ms >= 999.5 ? `${decimal(ms / 1000)} s` : `${decimal(ms)} ms`);

/** `734/s` */
export const rate = (value: number) => `${decimal(value)}/s`;
