/** Numbers and times as a language writes them. */
export type Format = ReturnType<typeof format>;

/** Between a number and its unit. */
const GAP = "\u00a0";

export function format(language: string) {
  const number = (digits: number) =>
    new Intl.NumberFormat(language, { maximumFractionDigits: digits, minimumFractionDigits: 0 });
  const [whole, one, two] = [number(0), number(1), number(2)];
  const time = new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const short = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const full = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });

  /** With no more digits than say something. */
  const decimal = (value: number) => {
    const size = Math.abs(value);
    return (size >= 99.95 ? whole : size >= 9.95 ? one : two).format(value);
  };
  const two2 = (value: number) => String(value).padStart(2, "0");
  return {
    whole: (value: number) => whole.format(value),
    decimal,
    /** `81%`, in Spanish `81 %`: whole, since nobody acts on tenths; but never equal to another value that it is not. */
    percent: (value: number, other = value) => {
      const looksEqual = value !== other && whole.format(value) === whole.format(other);
      return `${(looksEqual ? two : whole).format(value)}${language === "en" ? "" : GAP}%`;
    },
    /** A number that changes all the time. */
    lively: (value: number) => (value >= 99.95 ? whole : one).format(value),
    rate: (value: number) => `${(value >= 99.95 ? whole : one).format(value)}/s`,
    ms: (value: number) => (value >= 999.5 ? `${decimal(value / 1000)}${GAP}s` : `${decimal(value)}${GAP}ms`),
    /** `21:04:17` */
    time: (at: number) => time.format(at),
    /** `21:04` */
    minute: (at: number) => short.format(at),
    full: (at: number) => full.format(at),
    /** `45 s`, `4:10 min`, `5 min`, `2:05 h`: rounded up, because it is what is left. */
    span: (seconds: number) => {
      const all = Math.ceil(Math.max(seconds, 0));
      if (all < 60 || (all < 100 && all % 60 > 0)) return `${all}${GAP}s`;
      const minutes = all % 60 === 0 ? String(all / 60) : `${Math.floor(all / 60)}:${two2(all % 60)}`;
      if (all < 3600) return `${minutes}${GAP}min`;
      return `${Math.floor(all / 3600)}:${two2(Math.floor((all % 3600) / 60))}${GAP}h`;
    },
    /** `45 s`, `12 min`, `5 h`, `3 d`: how old something is. */
    age: (seconds: number) => {
      const steps: [number, string][] = [
        [86_400, "d"],
        [3600, "h"],
        [60, "min"],
      ];
      const [length, unit] = steps.find(([length]) => seconds >= length * 2) ?? [1, "s"];
      return `${Math.floor(Math.max(seconds, 0) / length)}${GAP}${unit}`;
    },
  };
}
