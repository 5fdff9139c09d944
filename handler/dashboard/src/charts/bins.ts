/** Several values drawn as one: a line of thousands of points shows only their scatter. */

/** More points than this are drawn together. */
export const MOST_POINTS = 720;

/** How many neighbours become one point, so that at most `most` are left; a round number. */
export function together(points: number, most = MOST_POINTS): number {
  if (points <= most) return 1;
  const least = points / most;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((digit) => digit * power).find((number) => number >= least) ?? 10 * power;
}

/** Joins `number` neighbours each; what is left over at the end makes the last point. */
export function join<T, U>(rows: T[], number: number, into: (rows: T[]) => U): U[] {
  return Array.from({ length: Math.ceil(rows.length / number) }, (_, index) =>
    into(rows.slice(index * number, (index + 1) * number)),
  );
}

/** Of the values that are known; null without any. */
export function mean(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

/** The highest of the values that are known; null without any. */
export function highest(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? Math.max(...known) : null;
}
