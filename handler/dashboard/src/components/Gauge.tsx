import { direction, isCpu } from "../fleet/rules";
import type { Story } from "../fleet/story";
import { useSpeech } from "../words/language";

/** Where CPU stands between the thresholds of the rules: as they see it, and at this moment. */
export function Gauge({ story, window }: { story: Story; window: string }) {
  const { words, format } = useSpeech();
  const cpu = story.readings.filter((reading) => isCpu(reading.rule));
  const thresholds = (way: "out" | "in") =>
    cpu.filter((reading) => direction(reading.rule) === way).map((reading) => reading.rule.threshold);
  const high = Math.min(...thresholds("out"), 100);
  const low = Math.max(...thresholds("in"), 0);
  const value = cpu.find((reading) => reading.value !== null)?.value ?? null;
  const { now } = story;
  if (cpu.length === 0) return null;
  const zone = value === null ? "none" : value > high ? "out" : value < low ? "in" : "steady";
  return (
    <div
      className="gauge"
      data-zone={zone}
      role="img"
      aria-label={words.gauge.summary(
        value === null ? "–" : format.percent(value),
        format.percent(low),
        format.percent(high),
      )}
    >
      <div className="gauge-track">
        <div className="gauge-in" style={{ width: `${low}%` }} />
        <div className="gauge-out" style={{ width: `${100 - high}%` }} />
        {value !== null && <div className="gauge-fill" style={{ width: `${clamp(value)}%` }} />}
        {now !== null && <div className="gauge-now" style={{ left: `${clamp(now)}%` }} />}
      </div>
      <div className="gauge-scale">
        <span style={{ left: `${low}%` }}>{format.percent(low)}</span>
        <span style={{ left: `${high}%` }}>{format.percent(high)}</span>
      </div>
      <div className="flex flex-wrap justify-between gap-x-6 text-[0.95rem]">
        <span>
          <span aria-hidden="true" className="gauge-key-fill" />
          {words.gauge.label(value === null ? "–" : format.percent(value), window)}
        </span>
        <span>
          <span aria-hidden="true" className="gauge-key-now" />
          {words.gauge.now(now === null ? "–" : format.percent(now))}
        </span>
      </div>
    </div>
  );
}

const clamp = (value: number) => Math.min(Math.max(value, 0), 100);
