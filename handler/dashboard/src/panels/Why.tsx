import { Gauge } from "../components/Gauge";
import { Term } from "../components/Term";
import { isCpu, isoSeconds } from "../fleet/rules";
import type { Reading, Story } from "../fleet/story";
import type { Words } from "../words/en";
import type { Format } from "../words/format";
import { useSpeech } from "../words/language";

type Props = {
  story: Story;
  provisioning: number | undefined;
  /** What is told instead of the story's situation. */
  told?: Telling | undefined;
};

/** How many instances run, and one sentence on why, with what it follows from. */
export function Why({ story, provisioning, told }: Props) {
  const { words, format } = useSpeech();
  const { head, text } = told ?? telling(story, words, format, provisioning);
  const window = story.readings.find((reading) => isCpu(reading.rule))?.rule.time_window;
  const azure = inAzureTime(story, words);
  return (
    <section
      id="story"
      // What is skipped to must be able to take the focus.
      tabIndex={-1}
      aria-label={words.story.label}
      className="story min-w-0 outline-none"
      data-testid="why"
    >
      <Count story={story} />
      <div className="min-w-0">
        <h2 className="story-head" data-testid="headline">
          {head}
        </h2>
        <p className="story-text">{text}</p>
        <div className="mt-4">
          <Gauge story={story} window={azure(format.span(isoSeconds(window ?? "")))} />
        </div>
        {story.readings.length > 0 && (
          <dl className="mt-3 flex flex-wrap gap-x-8 gap-y-2">
            {story.cooldownLeft !== null && (
              <div>
                <dt className="inline text-hero-soft">
                  <Term term={words.scaling.cooldown} text={words.terms.cooldown}>
                    {words.scaling.cooldown}
                  </Term>{" "}
                </dt>
                <dd className="inline font-semibold tabular-nums" data-testid="cooldown">
                  {story.cooldownLeft > 0
                    ? words.scaling.left(azure(format.span(story.cooldownLeft)))
                    : words.scaling.noCooldown}
                </dd>
              </div>
            )}
            <div>
              <dt className="inline text-hero-soft">{words.scaling.last} </dt>
              <dd className="inline font-semibold tabular-nums" data-testid="last-change">
                {story.last
                  ? words.scaling.change(story.last.from, story.last.to, format.time(story.last.at * 1000))
                  : words.scaling.never}
              </dd>
            </div>
          </dl>
        )}
      </div>
    </section>
  );
}

/** The number of instances, and the number that the scaler wants where it is another. */
function Count({ story: { counts } }: { story: Story }) {
  const { words } = useSpeech();
  const { running = 0, wanted, maximum } = counts ?? {};
  return (
    <div className="story-count">
      <output className="figure story-figure" data-testid="live">
        {counts ? running : "–"}
      </output>
      <p className="text-lg leading-snug">
        {maximum === undefined ? words.fleet.running(running) : words.fleet.ofMaximum(maximum)}
      </p>
      {wanted !== undefined && wanted !== running && (
        <p className="chip mt-2" data-testid="wanted">
          <Term term={words.scaling.wanted} text={words.terms.wanted}>
            {words.fleet.wanted(wanted)}
          </Term>
        </p>
      )}
    </div>
  );
}

/** Marks a time of the scaler's clock where that is not ours. */
export function inAzureTime(story: Story, words: Words): (span: string) => string {
  return (span) => (story.timeScale === 1 ? span : words.scaling.azure(span));
}

type Telling = { head: string; text: string };

function telling(story: Story, words: Words, format: Format, provisioning: number | undefined): Telling {
  const tell = words.story;
  const { situation } = story;
  const azure = inAzureTime(story, words);
  const value = (reading: Reading) => amount(reading, reading.value, format);
  const threshold = (reading: Reading) => amount(reading, reading.rule.threshold, format);
  switch (situation.kind) {
    case "waiting":
    case "noRules":
    case "noScaler":
    case "paused":
      return tell[situation.kind];
    case "starting":
      if (situation.lost > 0) return tell.replacing(situation.count);
      return tell.starting(situation.count, provisioning ? azure(format.span(provisioning)) : "");
    case "leaving":
      return tell.leaving(situation.count);
    case "atMaximum":
      return tell.atMaximum(situation.maximum, value(situation.reading), threshold(situation.reading));
    case "atMinimum":
      return tell.atMinimum(situation.minimum, value(situation.reading), threshold(situation.reading));
    case "cooldown": {
      const { way, left, reading } = situation;
      return tell.cooldown(way, format.span(left), value(reading), threshold(reading));
    }
    case "acting": {
      const { way, reading } = situation;
      const said = story.source === "azure" ? tell.expected : tell.acting;
      return said(way, value(reading), threshold(reading));
    }
    case "refused":
      return tell.refused(situation.wanted, problemOf(situation, words));
    case "kept":
      return tell.kept(situation.way, situation.count);
    case "building": {
      const { way, now, reading, window } = situation;
      const span = format.span(window);
      return tell.building(way, format.percent(now), value(reading), threshold(reading), span);
    }
    case "steady":
      return tell.steady(
        format.percent(situation.value),
        situation.low === undefined ? "" : format.percent(situation.low),
        situation.high === undefined ? "" : format.percent(situation.high),
      );
  }
}

/** Why Azure did not set the count, with the status and the code that it returned. */
function problemOf({ outcome, problem }: { outcome: string; problem: string | null }, words: Words): string {
  const known = words.story.problems[outcome] ?? outcome;
  return problem ? `${known} (${words.said(problem) ?? problem})` : known;
}

/** A value in the metric's unit: percent where the metric is one. */
export function amount({ rule }: Reading, value: number | null, format: Format): string {
  if (value === null) return "–";
  return rule.metric.endsWith("Percentage") ? format.percent(value, rule.threshold) : format.decimal(value);
}
