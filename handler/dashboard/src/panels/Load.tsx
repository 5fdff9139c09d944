import { useMemo } from "react";
import { Chart } from "../charts/Chart";
import type { Line } from "../charts/options";
import { Panel } from "../components/Panel";
import { Term } from "../components/Term";
import { newest, type Series } from "../fleet/series";
import { useSpeech } from "../words/language";
import { wallAxis } from "./Scaling";

/** What latency is taken from: the newest point that is not older, in seconds. */
const RECENT = 60;

type Props = {
  series: Series | undefined;
  /** Requests a second; undefined where it is not known. */
  rate: number | undefined;
  azure: { began: number; scale: number } | undefined;
  /** Without the chart. */
  brief?: boolean;
  note?: string;
  className?: string;
};

/** How many requests come, and how long they take. */
export function Load({ series, rate, azure, note, brief, className }: Props) {
  const { words, format } = useSpeech();
  const lines = useMemo<Line[]>(
    () => [
      {
        name: words.load.rate,
        colour: (palette) => palette.accent,
        values: series?.rate ?? [],
        width: 2,
        fill: 0.2,
      },
    ],
    [series, words],
  );
  const highest = Math.max(0, ...(series?.rate ?? []).map((value) => value ?? 0));
  const percentiles = (brief ? (["p50", "p99"] as const) : (["p50", "p95", "p99"] as const)).map((name) => ({
    name,
    value: series ? newest(series.times, series[name], RECENT) : null,
  }));
  return (
    <Panel heading={words.load.heading} className={`${brief ? "brief" : ""} ${className ?? ""}`}>
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <p>
          <span
            className="figure text-[2.6rem] leading-none font-bold tracking-tight tabular-nums"
            data-testid="rate"
          >
            {rate === undefined ? "–" : format.lively(rate)}
          </span>
          <span className="mt-1 block text-soft">{words.load.rate}</span>
        </p>
        <div>
          <p className="text-sm text-soft">
            <Term term={words.load.latency} text={words.terms.percentiles}>
              {words.load.latency}
            </Term>
          </p>
          <dl className="flex gap-4" aria-label={words.load.latency}>
            {percentiles.map(({ name, value }) => (
              <div key={name}>
                <dt className="text-sm text-soft">{name}</dt>
                <dd className="text-lg leading-tight font-semibold whitespace-nowrap tabular-nums">
                  {value === null ? "–" : format.ms(value)}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      </div>
      {!brief && series && series.known > 0 && (
        <div className="mt-4">
          <Chart
            axis={wallAxis(series.range, format, azure, words)}
            times={series.times}
            events={[]}
            group="live"
            zoom={false}
            title={words.load.chart}
            summary={words.load.summary(format.decimal(highest))}
            lines={lines}
            format={format.rate}
            tick={format.decimal}
            height={7.5}
          />
        </div>
      )}
      {!brief && note && <p className="mt-2 text-sm text-soft">{note}</p>}
    </Panel>
  );
}
