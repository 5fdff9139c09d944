import { useMemo } from "react";
import { Chart } from "../charts/Chart";
import type { Level } from "../charts/levels";
import type { Line } from "../charts/options";
import { instanceColour } from "../charts/palette";
import { roundSteps, type TimeAxis } from "../charts/time";
import { Choice } from "../components/Choice";
import { useColours } from "../components/Instance";
import { Panel } from "../components/Panel";
import { Term } from "../components/Term";
import { direction, effect, isCpu, isoSeconds, sign } from "../fleet/rules";
import type { Series } from "../fleet/series";
import type { Reading, Story } from "../fleet/story";
import { spansAt } from "../span";
import { useStale } from "../stale";
import { useSpareHeight } from "../wide";
import type { Words } from "../words/en";
import type { Format } from "../words/format";
import { useSpeech } from "../words/language";
import { amount } from "./Why";

/** Height of the banner over stale data in present mode, in rem. */
const BANNER = 2.3;

const spanText = (minutes: number) => (minutes < 60 ? `${minutes} min` : `${minutes / 60} h`);

type Props = {
  series: Series | undefined;
  story: Story;
  minutes: number;
  choose: (minutes: number) => void;
  /** Where the lab's clock runs faster: when it began, in seconds, and how much faster. */
  azure: { began: number; scale: number } | undefined;
  /** On one screen with everything else: the charts beside each other, without the table of rules. */
  present?: boolean;
  className?: string;
};

/** CPU and the number of instances over time, with what the rules make of it. */
export function Scaling({ series, story, minutes, choose, azure, present, className }: Props) {
  const { words, format } = useSpeech();
  return (
    <Panel
      heading={words.scaling.heading}
      className={className ?? ""}
      aside={
        <Choice
          label={words.scaling.span}
          options={spansAt(azure?.scale ?? 1).map((value) => ({ value, text: spanText(value) }))}
          value={minutes}
          choose={choose}
        />
      }
    >
      {series && series.known > 0 ? (
        <Charts series={series} story={story} azure={azure} present={present} />
      ) : (
        <p className="grid min-h-72 place-items-center text-soft">{words.scaling.empty}</p>
      )}
      {!present && <Rules story={story} words={words} format={format} />}
    </Panel>
  );
}

type ChartsProps = { series: Series; story: Story; azure: Props["azure"]; present: boolean | undefined };

function Charts({ series, story, azure, present }: ChartsProps) {
  const { words, format } = useSpeech();
  const colours = useColours();
  const stale = useStale();
  const spare = useSpareHeight() - (stale ? BANNER : 0);
  const axis = wallAxis(series.range, format, azure, words);
  const levels = story.readings
    .filter((reading) => isCpu(reading.rule) && direction(reading.rule))
    .map(({ rule }): Level => {
      const out = direction(rule) === "out";
      const threshold = format.percent(rule.threshold);
      return {
        value: rule.threshold,
        out,
        label: out ? words.scaling.levelOut(threshold) : words.scaling.levelIn(threshold),
      };
    });
  const cpu = useMemo<Line[]>(
    () => [
      ...series.instances.map(({ id, values }) => ({
        name: id,
        colour: (palette: Parameters<Line["colour"]>[0]) => instanceColour(palette, colours.of(id)),
        values,
        width: 2,
      })),
      ...(series.instances.length > 1
        ? [
            {
              name: words.scaling.mean,
              colour: (palette: Parameters<Line["colour"]>[0]) => palette.ink,
              values: series.mean,
              width: 2.5,
              dashed: true,
            },
          ]
        : []),
    ],
    [series, words, colours],
  );
  const isWantedKnown = series.wanted.some((value) => value !== null);
  const count = useMemo<Line[]>(
    () => [
      {
        name: words.scaling.ready,
        colour: (palette) => palette.accent,
        values: series.count,
        steps: true,
        width: 2.5,
        fill: 0.2,
      },
      ...(isWantedKnown
        ? [
            {
              name: words.scaling.wanted,
              colour: (palette: Parameters<Line["colour"]>[0]) => palette.ink,
              values: series.wanted,
              steps: true,
              width: 1.75,
              dashed: true,
            },
          ]
        : []),
    ],
    [series, isWantedKnown, words],
  );
  const highest = Math.max(1, ...[...series.count, ...series.wanted].map((value) => value ?? 0));
  const common = { axis, times: series.times, events: series.events, group: "live", zoom: false };
  return (
    <div data-testid="charts" className={present ? "grid grid-cols-2 gap-x-6" : ""}>
      <Chart
        {...common}
        title={words.scaling.cpu}
        summary={words.scaling.cpuSummary(
          format.percent(Math.max(0, ...series.mean.map((value) => value ?? 0))),
        )}
        lines={cpu}
        levels={levels}
        format={format.percent}
        range={() => [0, 100]}
        height={present ? 14.2 + spare : 21}
        legend={!present}
        levelsAt="left"
      />
      <Chart
        {...common}
        title={words.scaling.count}
        {...(axis.second ? { note: words.scaling.azureRow } : {})}
        summary={words.scaling.countSummary(highest)}
        lines={count}
        format={format.whole}
        whole
        range={() => [0, highest + 0.4]}
        height={present ? 13 + spare : 8.5}
        bothClocks
      />
    </div>
  );
}

function Rules({ story, words, format }: { story: Story; words: Words; format: Format }) {
  if (story.readings.length === 0) return null;
  return (
    <table className="mt-4 w-full text-left tabular-nums">
      <caption className="sr-only">{words.scaling.rules}</caption>
      <thead className="text-sm text-soft">
        <tr>
          <th scope="col" className="pb-1 font-normal">
            {words.scaling.when}
          </th>
          <th scope="col" className="pb-1 font-normal">
            {words.scaling.effect}
          </th>
          <th scope="col" className="pb-1 font-normal max-sm:hidden">
            <Term term={words.scaling.cooldown} text={words.terms.cooldown}>
              {words.scaling.cooldown}
            </Term>
          </th>
          <th scope="col" className="pb-1 text-right font-normal">
            {words.scaling.reading}
          </th>
        </tr>
      </thead>
      <tbody>
        {story.readings.map((reading, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a rule is known by its place in the profile
          <tr key={index} className="border-t border-line">
            <td className="py-1.5 pr-3">
              <span className="font-medium">
                {words.scaling.metrics[reading.rule.metric] ?? reading.rule.metric} {sign(reading.rule)}{" "}
                {amount(reading, reading.rule.threshold, format)}
              </span>{" "}
              <span className="text-soft">
                {words.scaling.window(format.span(isoSeconds(reading.rule.time_window)))}
              </span>
            </td>
            <td className="py-1.5 pr-3 font-semibold">{effect(reading.rule, format.percent)}</td>
            <td className="py-1.5 pr-3 text-soft max-sm:hidden">
              {format.span(isoSeconds(reading.rule.cooldown))}
            </td>
            <td className="py-1.5 text-right">
              <Met reading={reading} words={words} />{" "}
              <span className="whitespace-nowrap">{amount(reading, reading.value, format)}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Met({ reading, words }: { reading: Reading; words: Words }) {
  return (
    <span className={`met ${reading.fires ? "met-yes" : ""}`}>
      {reading.fires ? words.scaling.firing : words.scaling.notFiring}
    </span>
  );
}

/** The time of day, with Azure's minutes in a second row where the lab's clock runs faster. */
export function wallAxis(
  range: [number, number],
  format: Format,
  azure: Props["azure"],
  words: Words,
): TimeAxis {
  const minute = (at: number) => (azure ? Math.floor(((at - azure.began) * azure.scale) / 60) : 0);
  const time = (at: number) => format.time(at * 1000);
  const axis: TimeAxis = {
    range,
    steps: roundSteps.filter((step) => step >= 10),
    label: (at, step) => (step < 60 ? time(at) : format.minute(at * 1000)),
    moment: time,
  };
  if (!azure || azure.scale === 1) return axis;
  return {
    ...axis,
    second: {
      name: "Azure",
      label: (at) => (minute(at) < 0 ? "" : `${format.whole(minute(at))} min`),
    },
    moment: (at) => `${time(at)} · ${words.scaling.azureMinute(format.whole(Math.max(minute(at), 0)))}`,
  };
}
