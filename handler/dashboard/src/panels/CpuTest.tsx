import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import * as api from "../api";
import { Button } from "../components/Button";
import { Choice } from "../components/Choice";
import { NumberField, typedNumber } from "../components/NumberField";
import { Panel } from "../components/Panel";
import { hasEnded, type Member } from "../fleet/members";
import { useKey, useKeyed } from "../key";
import { sentence } from "../trouble";
import { useSpeech } from "../words/language";

/** What the API takes, in seconds. */
const LONGEST = 3_600;
const SHORTEST = 1;
/** Long enough for two more instances by the usual rules, in Azure's seconds. */
const USUAL = 1_800;
/** Hashes a second that the API takes at most. */
const MOST_HASHES = 1e15;
/** An order that no instance has taken up after this many seconds has come to nothing. */
const TAKE_UP = 15;

type Scope = "fleet" | "instance";

type Props = {
  members: Member[];
  /** When the instances said so, in milliseconds of the browser's clock. */
  asOf: number;
  timeScale: number | undefined;
  className?: string;
};

/** The one button that makes the fleet grow. */
export function CpuTest({ members, asOf, timeScale, className }: Props) {
  const { words, format } = useSpeech();
  const queries = useQueryClient();
  const { key, keep } = useKey();
  const keyed = useKeyed();
  const [scope, setScope] = useState<Scope>("fleet");
  const [typed, setTyped] = useState<string>();
  const [hashes, setHashes] = useState("");
  const [note, setNote] = useState<{ text: string; bad: boolean }>();
  const [busy, setBusy] = useState(false);
  /** What was ordered, until an instance says that it runs. */
  const [ordered, setOrdered] = useState<{ at: number; seconds: number }>();

  const running = members.filter((member) => !hasEnded(member.state) && member.report?.stress.running);
  const left = useCountdown(
    Math.max(0, ...running.map((member) => member.report?.stress.remaining_seconds ?? 0)),
    asOf,
    running.length > 0,
  );
  /** The longest that was left of this run: its whole length, as far as this page knows. */
  const [length, setLength] = useState(0);
  if (running.length > 0 ? left > length : length > 0) setLength(running.length > 0 ? left : 0);
  // Over once an instance runs, or none took it up in time.
  const isOver = running.length > 0 || (ordered !== undefined && asOf - ordered.at > TAKE_UP * 1000);
  if (ordered && isOver) setOrdered(undefined);

  const usual = Math.min(Math.max(Math.round(USUAL / (timeScale ?? 1)), 30), LONGEST);
  const seconds = typedNumber(typed ?? String(usual), SHORTEST, LONGEST, false);
  const intensity = typedNumber(hashes, 1, MOST_HASHES, true);
  const isIntensityWrong = hashes.trim() !== "" && intensity === undefined;

  const act = async (action: (key: string | undefined) => Promise<void>) => {
    setBusy(true);
    setNote(undefined);
    try {
      await keyed.run(async (key) => {
        await action(key);
        queries.invalidateQueries({ queryKey: ["fleet"] });
      });
    } catch (error) {
      setNote({ text: sentence(error, words), bad: true });
    }
    setBusy(false);
  };
  const start = () =>
    act(async (key) => {
      if (seconds === undefined || isIntensityWrong) return;
      await api.startStress({ duration: seconds, scope, ...(intensity ? { intensity } : {}) }, key);
      setOrdered({ at: Date.now(), seconds });
    });
  const stop = () =>
    act(async (key) => {
      await api.stopStress(key);
      setOrdered(undefined);
      setNote({ text: words.test.stopped, bad: false });
    });

  const active = running.length > 0 || ordered !== undefined;
  return (
    <Panel heading={words.test.heading} className={className ?? ""}>
      {active ? (
        <div data-testid="running">
          <p className="flex items-baseline gap-2">
            <span
              className="figure text-[2.6rem] leading-tight font-bold tracking-tight tabular-nums"
              data-testid="left"
            >
              {format.span(running.length > 0 ? left : (ordered?.seconds ?? 0))}
            </span>
            <span className="text-soft">{words.test.left}</span>
          </p>
          <progress
            aria-label={words.test.heading}
            className="progress mt-1"
            max={Math.max(length, 1)}
            value={Math.max(length - left, 0)}
          />
          <p className="mt-2" role="status">
            {running.length > 0 ? words.test.running(running.length) : words.test.pending}
          </p>
          <p className="text-sm text-soft">{words.test.newcomers}</p>
        </div>
      ) : (
        <div className="grid gap-2.5">
          <p className="test-note text-soft">{words.test.note}</p>
          <Choice
            visible
            label={words.test.scope}
            value={scope}
            choose={setScope}
            options={[
              { value: "fleet", text: words.test.fleet },
              { value: "instance", text: words.test.instance },
            ]}
          />
          <div className="grid grid-cols-2 gap-x-3">
            <NumberField
              label={`${words.test.duration}, ${words.test.seconds}`}
              value={typed ?? String(usual)}
              change={setTyped}
              least={SHORTEST}
              most={LONGEST}
              problem={
                seconds === undefined
                  ? words.test.durationRange(format.whole(SHORTEST), format.whole(LONGEST))
                  : undefined
              }
            />
            <NumberField
              label={`${words.test.intensity}, hashes/s`}
              value={hashes}
              change={setHashes}
              least={1}
              problem={isIntensityWrong ? words.test.intensityRange : undefined}
              placeholder={words.test.full}
            />
          </div>
          {timeScale !== undefined && timeScale !== 1 && seconds !== undefined && (
            <p className="-mt-1 text-sm text-soft">{words.scaling.azure(format.span(seconds * timeScale))}</p>
          )}
        </div>
      )}
      {keyed.field}
      <div className="test-action">
        {note && (
          <p role="status" className={`mb-2 ${note.bad ? "font-semibold text-bad" : "text-soft"}`}>
            {note.text}
          </p>
        )}
        {active ? (
          <Button kind="danger" className="w-full" onClick={stop} disabled={busy}>
            {words.test.stop}
          </Button>
        ) : (
          <Button
            kind="primary"
            className="w-full"
            onClick={start}
            disabled={busy || seconds === undefined || isIntensityWrong}
          >
            {words.test.start}
          </Button>
        )}
      </div>
      {key && !keyed.field && (
        <button type="button" className="link mt-3 text-sm" onClick={() => keep(undefined)}>
          {words.key.forget}
        </button>
      )}
    </Panel>
  );
}

/** Seconds left, counted down between what the fleet says. */
function useCountdown(remaining: number, asOf: number, running: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const tick = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(tick);
  }, [running]);
  return Math.max(remaining - Math.max(now - asOf, 0) / 1000, 0);
}
