import { useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import * as api from "../api";
import { Button } from "../components/Button";
import { Instance } from "../components/Instance";
import { useKeyed } from "../key";
import { sentence } from "../trouble";
import { useSpeech } from "../words/language";

/** What can only be done where the fleet runs on one machine: stop the scaler, kill an instance. */
export function LabMenu({ lab }: { lab: api.LabFleet }) {
  const { words } = useSpeech();
  const queries = useQueryClient();
  const { run, field } = useKeyed();
  const [problem, setProblem] = useState<string>();
  const id = useId();
  const act = async (action: (key: string | undefined) => Promise<unknown>) => {
    setProblem(undefined);
    try {
      await run(async (key) => {
        await action(key);
        queries.invalidateQueries({ queryKey: ["lab"] });
      });
    } catch (error) {
      setProblem(sentence(error, words));
    }
  };
  const running = lab.instances.filter((instance) => instance.state !== "exited");
  return (
    <>
      <button type="button" className="icon-button px-3 font-medium" popoverTarget={id}>
        {words.lab.heading}
      </button>
      <div id={id} popover="auto" className="menu" role="dialog" aria-label={words.lab.heading}>
        <p className="text-sm text-soft">{words.lab.note}</p>
        {lab.plan !== "elastic-premium" && lab.capacity.minimum < lab.capacity.maximum && (
          // There, the app evaluates the rules; and a fixed count has none.
          <Button
            kind="quiet"
            small
            className="mt-3 w-full"
            onClick={() => act((key) => api.pauseScaler(!lab.paused, key))}
          >
            {lab.paused ? words.lab.resume : words.lab.pause}
          </Button>
        )}
        <p className="mt-4 text-sm text-soft">{words.lab.killing}</p>
        <ul className="mt-2 grid gap-2">
          {running.map((instance) => (
            <li key={instance.id}>
              <Button
                kind="quiet"
                small
                className="w-full"
                aria-label={words.lab.kill(instance.id)}
                onClick={() => act((key) => api.killInstance(instance.id, key))}
              >
                {words.lab.kill("")} <Instance id={instance.id} />
              </Button>
            </li>
          ))}
        </ul>
        {field}
        {problem && (
          <p role="status" className="mt-3 font-semibold text-bad">
            {problem}
          </p>
        )}
      </div>
    </>
  );
}
