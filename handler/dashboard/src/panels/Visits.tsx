import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import * as api from "../api";
import { type Burst, useBurst } from "../burst";
import { Button } from "../components/Button";
import { Instance } from "../components/Instance";
import { NumberField, typedNumber } from "../components/NumberField";
import { Panel } from "../components/Panel";
import { sentence } from "../trouble";
import { useSpeech } from "../words/language";

const MOST_AT_ONCE = 1_000;

type Outcome = { visit: api.RecordedVisit } | { error: unknown };

type Props = {
  total: number | undefined;
  /** Without many visits at once. */
  brief?: boolean;
  className?: string;
};

/** The total of all visits, and what adds to it. */
export function Visits({ total, brief, className }: Props) {
  const { words, format } = useSpeech();
  const queries = useQueryClient();
  const [outcome, setOutcome] = useState<Outcome>();
  const [pending, setPending] = useState(false);
  const [many, setMany] = useState("50");
  const burst = useBurst(() => queries.invalidateQueries({ queryKey: ["visits"] }));
  const wanted = typedNumber(many, 1, MOST_AT_ONCE, true);

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

  const result =
    outcome &&
    ("visit" in outcome ? (
      <>
        {words.visits.registered(format.whole(outcome.visit.id), outcome.visit.ip)}{" "}
        <Instance id={outcome.visit.instance_id} />
      </>
    ) : (
      <span className="text-bad">{sentence(outcome.error, words)}</span>
    ));
  const status = (
    <div
      role="status"
      className={`text-[0.95rem] text-soft empty:mt-0 ${brief ? "truncate" : "mt-3"}`}
      data-testid="outcome"
    >
      {result}
    </div>
  );
  return (
    <Panel heading={words.visits.heading} className={`${brief ? "brief" : ""} ${className ?? ""}`}>
      <div className={`flex items-end justify-between gap-x-6 gap-y-3 ${brief ? "" : "flex-wrap"}`}>
        <div className="min-w-0">
          <output
            className="figure block text-[2.6rem] leading-none font-bold tracking-tight tabular-nums"
            data-testid="total"
          >
            {total === undefined ? "–" : format.whole(total)}
          </output>
          {/* On one screen there is no room for another line. */}
          {(!brief || !result) && <p className="mt-1 text-soft">{words.visits.total}</p>}
          {brief && status}
        </div>
        <Button
          kind={brief ? "quiet" : "primary"}
          className={brief ? "flex-none" : ""}
          onClick={register}
          disabled={pending}
        >
          {words.visits.register}
        </Button>
      </div>
      {!brief && (
        <div className="mt-4 flex flex-wrap gap-2">
          <NumberField
            label={words.visits.howMany}
            visible={false}
            value={many}
            change={setMany}
            least={1}
            most={MOST_AT_ONCE}
            problem={wanted === undefined ? words.visits.range(format.whole(MOST_AT_ONCE)) : undefined}
            className="w-24"
          />
          <Button
            kind="quiet"
            className="self-start"
            onClick={() => wanted !== undefined && burst.run(wanted)}
            disabled={burst.running || wanted === undefined}
          >
            {words.visits.many(wanted === undefined ? "–" : format.whole(wanted))}
          </Button>
        </div>
      )}
      {!brief && status}
      {!brief && burst.state && <Progress burst={burst.state} running={burst.running} stop={burst.stop} />}
    </Panel>
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
            <span className="text-soft"> {words.visits.took(format.ms(burst.took))}</span>
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
          <li key={status} className={status === 201 ? "" : "text-bad"}>
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
