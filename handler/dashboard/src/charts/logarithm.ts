/** A logarithmic axis: where it begins and ends, and its labels. */

/** From one of 1, 2, 5 times a power of ten to another, so that the axis ends at a label. */
export function logRange(low: number | null, high: number | null): [number, number] {
  if (!low || !high || low <= 0) return [0.1, 10];
  const down = 10 ** Math.floor(Math.log10(low));
  const up = 10 ** Math.floor(Math.log10(high));
  const from = [5, 2, 1].map((digit) => digit * down).find((value) => value <= low) ?? down;
  const to = [1, 2, 5, 10].map((digit) => digit * up).find((value) => value >= high) ?? 10 * up;
  return to > from ? [from, to] : [from, from * 10];
}

export function logSplits(min: number, max: number): number[] {
  const splits: number[] = [];
  const decades = Math.log10(max / min);
  // Over several powers of ten, those alone.
  const digits = decades > 3 ? [1] : decades > 1.6 ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power += 1) {
    for (const digit of digits) {
      const value = Number((digit * 10 ** power).toPrecision(6));
      if (value >= min * 0.999 && value <= max * 1.001) splits.push(value);
    }
  }
  return splits;
}
