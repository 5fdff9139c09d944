import { direction, isCpu } from "../fleet/rules";
import type { Story } from "../fleet/story";
import { useSpeech } from "../words/language";
import { Term } from "./Term";

/** Where CPU stands between the thresholds of the rules: the average that they use, and the current value. */
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
  const written = value === null ? "–" : format.percent(value);
  return (
    <div className="gauge" data-zone={zone}>
      <div role="img" aria-label={words.gauge.summary(written, format.percent(low), format.percent(high))}>
        <div className="gauge-track">
          <div className="gauge-in" style={{ width: `${low}%` }} />
          <div className="gauge-out" style={{ width: `${100 - high}%` }} />
          {value !== null && <div className="gauge-fill" style={{ width: `${clamp(value)}%` }} />}
          {now !== null && <div className="gauge-now" style={{ left: `${clamp(now)}%` }} />}
        </div>
        <div className="gauge-scale">
          {low > 0 && <span style={{ left: `${low}%` }}>{words.scaling.levelIn(format.percent(low))}</span>}
          {high < 100 && (
            <span style={{ left: `${high}%` }}>{words.scaling.levelOut(format.percent(high))}</span>
          )}
        </div>
      </div>
      <div className="mt-1 flex flex-wrap justify-between gap-x-6">
        <Term term={words.gauge.average} text={words.terms.average(window)}>
          <span aria-hidden="true" className="gauge-key-fill" />
          {words.gauge.average} <b className="tabular-nums">{words.gauge.label(written, window)}</b>
        </Term>
        <span>
          <span aria-hidden="true" className="gauge-key-now" />
          <span className="tabular-nums">{words.gauge.now(now === null ? "–" : format.percent(now))}</span>
        </span>
      </div>
    </div>
  );
}

const clamp = (value: number) => Math.min(Math.max(value, 0), 100);
