import { useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import * as api from "../api";
import { Button } from "../components/Button";
import { NumberField } from "../components/NumberField";
import { Panel } from "../components/Panel";
import { changed, type Draft, type Field, held, limits, ruleFields } from "../fleet/draft";
import { effect, sign } from "../fleet/rules";
import { useKey, useKeyed } from "../key";
import { useLabRules } from "../live";
import { sentence } from "../trouble";
import type { Words } from "../words/en";
import type { Format } from "../words/format";
import { useSpeech } from "../words/language";
import { Explained, Said } from "./Explained";
import { Rehearsed } from "./Rehearsed";

/** Changes the rules of the emulator's fleet: simulates them with the load just seen, and applies them. */
export function WhatIf() {
  const { words } = useSpeech();
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <Panel
      heading={words.whatIf.heading}
      aside={
        <Button kind="quiet" small aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
          {open ? words.whatIf.close : words.whatIf.open}
        </Button>
      }
    >
      <p className="text-soft">{words.whatIf.note}</p>
      <div id={id}>{open && <Editor />}</div>
    </Panel>
  );
}

function Editor() {
  const { words } = useSpeech();
  const { key } = useKey();
  const known = useLabRules(key);
  if (known.data) return <Fields rules={known.data} />;
  return (
    <p role="status" className="mt-3">
      {known.error ? sentence(known.error, words) : words.whatIf.loading}
    </p>
  );
}

function Fields({ rules }: { rules: api.LabRules }) {
  const { words, format } = useSpeech();
  const tell = words.whatIf;
  const queries = useQueryClient();
  const keyed = useKeyed();
  const [draft, setDraft] = useState<Draft>({});
  const [rehearsal, setRehearsal] = useState<api.LabRehearsal>();
  const [note, setNote] = useState<{ text: string; bad: boolean }>();
  const [busy, setBusy] = useState(false);

  const profile = rules.setting.profiles[rules.profile];
  if (!profile) return null;
  const bounds = limits(profile, rules.most_instances);
  const problems = problemsOf([...bounds, ...profile.rules.flatMap(ruleFields)], draft, words, format);
  const setting = changed(rules.setting, rules.profile, draft);
  const isChanged = JSON.stringify(setting) !== JSON.stringify(rules.setting);
  const isReady = isChanged && problems.size === 0;

  const change = (next: Draft) => {
    setDraft(next);
    // The rules have changed since the last rehearsal.
    setRehearsal(undefined);
    setNote(undefined);
  };
  const act = async (action: (key: string | undefined) => Promise<string>) => {
    // The button is not disabled during the request, so that it keeps the focus.
    if (busy) return;
    setBusy(true);
    setNote(undefined);
    try {
      await keyed.run(async (key) => {
        const text = await action(key);
        setNote({ text, bad: false });
      });
    } catch (error) {
      setNote({ text: sentence(error, words), bad: true });
    }
    setBusy(false);
  };
  const rehearse = () =>
    act(async (key) => {
      const rehearsed = await api.rehearseRules(setting, key);
      setRehearsal(rehearsed);
      return tell.rehearsed(rehearsed.minutes);
    });
  const apply = () =>
    act(async (key) => {
      await api.applyRules(setting, key);
      await queries.invalidateQueries({ queryKey: ["lab"] });
      setDraft({});
      setRehearsal(undefined);
      return tell.applied;
    });

  const labels: Record<string, string> = {
    minimum: tell.minimum,
    maximum: tell.maximum,
    default: tell.initial,
    threshold: tell.threshold,
    window: tell.window,
    cooldown: tell.cooldown,
  };
  const group = (legend: string, fields: Field[]) => (
    <fieldset key={legend + fields[0]?.name} className="min-w-0">
      <legend className="mb-1 font-semibold">{legend}</legend>
      <div className="grid grid-cols-2 gap-x-3 *:mb-2 sm:grid-cols-3">
        {fields.map((field) => (
          <NumberField
            key={field.name}
            label={labels[field.name.split(".").at(-1) ?? ""] ?? field.name}
            value={draft[field.name] ?? String(field.value)}
            change={(typed) => change({ ...draft, [field.name]: typed })}
            least={field.least}
            most={field.most}
            problem={problems.get(field.name)}
          />
        ))}
      </div>
    </fieldset>
  );
  return (
    <div className="mt-4 grid min-w-0 grid-cols-1 gap-4" data-testid="what-if">
      <Explained explanation={rules.explanation} />
      {rules.setting.profiles.length > 1 && <p className="text-soft">{tell.profile(profile.name)}</p>}
      <div className="grid min-w-0 gap-x-8 gap-y-4 xl:grid-cols-3">
        {group(tell.limits, bounds)}
        {profile.rules.map((rule, place) => group(legendOf(rule, words, format), ruleFields(rule, place)))}
      </div>
      <div className="grid gap-2">
        <p className="text-sm text-soft">
          {tell.seen(rules.minutes_seen)} {isChanged ? "" : tell.unchanged}
        </p>
        {[rules.cannot_rehearse, rules.cannot_apply].map(
          (reason) =>
            reason && (
              <p key={reason} className="text-sm">
                <Said text={reason} />
              </p>
            ),
        )}
        <div className="flex flex-wrap gap-2">
          <Button
            kind="primary"
            small
            disabled={!isReady || rules.cannot_rehearse !== null}
            onClick={rehearse}
          >
            {tell.rehearse}
          </Button>
          <Button kind="quiet" small disabled={!isReady || rules.cannot_apply !== null} onClick={apply}>
            {tell.apply}
          </Button>
          <Button
            kind="quiet"
            small
            disabled={busy || Object.keys(draft).length === 0}
            onClick={() => change({})}
          >
            {tell.reset}
          </Button>
        </div>
        {keyed.field}
        <p
          role="status"
          className={note?.bad ? "font-semibold whitespace-pre-line text-bad" : "empty:hidden"}
        >
          {note?.text}
        </p>
      </div>
      {rehearsal && <Rehearsed rehearsal={rehearsal} />}
    </div>
  );
}

/** The action and the condition of a rule, up to the threshold: `+1 when CPU >`. */
function legendOf(
  { metricTrigger, scaleAction }: api.LabSetting["profiles"][number]["rules"][number],
  words: Words,
  format: Format,
): string {
  const { metricName, operator, threshold, timeWindow } = metricTrigger;
  const { direction, type, value, cooldown } = scaleAction;
  const rule: api.Rule = {
    metric: metricName,
    operator,
    threshold,
    time_window: timeWindow,
    direction,
    change: type,
    value: Number(value),
    cooldown,
  };
  const metric = words.scaling.metrics[metricName] ?? metricName;
  return words.whatIf.rule(effect(rule, format.percent), metric, sign(rule));
}

/** The errors in the input, by the name of the field. */
function problemsOf(fields: Field[], draft: Draft, words: Words, format: Format): Map<string, string> {
  const tell = words.whatIf;
  const problems = new Map<string, string>();
  for (const field of fields) {
    if (held(field, draft) !== undefined) continue;
    const isBounded = Number.isFinite(field.most);
    problems.set(
      field.name,
      isBounded ? tell.range(format.whole(field.least), format.whole(field.most)) : tell.number,
    );
  }
  const [minimum, maximum, initial] = fields.map((field) => held(field, draft));
  if (minimum === undefined || maximum === undefined || initial === undefined) return problems;
  if (maximum < minimum) problems.set("maximum", tell.reversed);
  else if (initial < minimum || initial > maximum) problems.set("default", tell.order);
  return problems;
}
