import { useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import * as api from "../api";
import { type Burst, useBurst } from "../burst";
import { Button } from "../components/Button";
import { Instance } from "../components/Instance";
import { sentence } from "../trouble";
import { useSpeech } from "../words/language";

const MOST_AT_ONCE = 1_000;

type Outcome = { visit: api.RecordedVisit } | { error: unknown };

/** The register's total, and what adds to it. */
export function Visits({ total }: { total: number | undefined }) {
  const { words, format } = useSpeech();
  const queries = useQueryClient();
  const [outcome, setOutcome] = useState<Outcome>();
  const [pending, setPending] = useState(false);
  const [many, setMany] = useState("50");
  const burst = useBurst(() => queries.invalidateQueries({ queryKey: ["visits"] }));
  const field = useId();
  const wanted = Math.min(Math.max(Math.floor(Number(many)) || 1, 1), MOST_AT_ONCE);

  const register = async () => {
    setPending(true);
    try {
      setOutcome({ visit: await api.recordVisit() });
    } catch (error) {
      setOutcome({ error });
    }
    setPending(false);
    queries.invalidateQueries({ queryKey: ["visits"] });
  };

  return (
    <section aria-labelledby={`${field}-heading`} className="min-w-0">
      <h2 id={`${field}-heading`} className="sr-only">
        {words.visits.heading}
      </h2>
      <p className="figure text-[clamp(3.6rem,7.5vw,6.5rem)] leading-[0.95] font-bold tracking-tighter tabular-nums">
        <output data-testid="total">{total === undefined ? "–" : format.whole(total)}</output>
      </p>
      <p className="mt-1 text-lg text-hero-soft">{words.visits.total}</p>
      <div className="mt-5 flex flex-wrap gap-3">
        <Button kind="primary" onClick={register} disabled={pending}>
          {words.visits.register}
        </Button>
        <div className="flex">
          <label htmlFor={field} className="sr-only">
            {words.visits.howMany}
          </label>
          <input
            id={field}
            type="number"
            inputMode="numeric"
            min={1}
            max={MOST_AT_ONCE}
            value={many}
            onChange={(event) => setMany(event.target.value)}
            className="hero-field w-20 rounded-r-none border-r-0"
          />
          <Button
            kind="quiet"
            className="rounded-l-none"
            onClick={() => burst.run(wanted)}
            disabled={burst.running}
          >
            {words.visits.many(format.whole(wanted))}
          </Button>
        </div>
      </div>
      <div role="status" className="mt-3 text-[0.95rem] empty:mt-0 text-hero-soft" data-testid="outcome">
        {outcome && "visit" in outcome && (
          <>
            {words.visits.registered(format.whole(outcome.visit.id), outcome.visit.ip)}{" "}
            <Instance id={outcome.visit.instance_id} />
          </>
        )}
        {outcome && "error" in outcome && (
          <span className="text-hero-bad">{sentence(outcome.error, words)}</span>
        )}
      </div>
      {burst.state && <Progress burst={burst.state} running={burst.running} stop={burst.stop} />}
    </section>
  );
}

function Progress({ burst, running, stop }: { burst: Burst; running: boolean; stop: () => void }) {
  const { words, format } = useSpeech();
  const name = (status: number) =>
    status === 201
      ? words.visits.accepted
      : status === 0
        ? words.visits.unanswered
        : words.visits.status(status);
  return (
    <div className="mt-3 max-w-md" data-testid="burst">
      <div className="flex items-center justify-between gap-3 text-[0.95rem]">
        <span className="tabular-nums">
          {words.visits.progress(format.whole(burst.done), format.whole(burst.all))}
          {!running && burst.done > 0 && (
            <span className="text-hero-soft"> {words.visits.took(format.ms(burst.took))}</span>
          )}
        </span>
        {running && (
          <Button kind="quiet" small onClick={stop}>
            {words.visits.stop}
          </Button>
        )}
      </div>
      <progress
        aria-label={words.visits.progress(format.whole(burst.done), format.whole(burst.all))}
        className="progress mt-1.5"
        max={burst.all}
        value={burst.done}
      />
      <ul aria-label={words.visits.outcome} className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-[0.95rem]">
        {[...burst.statuses].map(([status, count]) => (
          <li key={status} className={status === 201 ? "" : "text-hero-bad"}>
            <b className="tabular-nums">{format.whole(count)}</b> {name(status)}
          </li>
        ))}
        {[...burst.instances].map(([id, count]) => (
          <li key={id} className="inline-flex items-center gap-1.5">
            <Instance id={id} />
            <b className="tabular-nums">{format.whole(count)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}
