import { useEffect, useRef, useState } from "react";
import { Failure, recordVisit } from "./api";

/** Many visits at once, and what became of them so far. */
export type Burst = {
  all: number;
  done: number;
  /** Answers by status; 0 where there was none. */
  statuses: Map<number, number>;
  /** Visits by the instance that recorded them. */
  instances: Map<string, number>;
  /** Milliseconds, once it is over. */
  took: number;
};

/** Runs one burst at a time; `after` is called when one is over. */
export function useBurst(after: () => void) {
  const [state, setState] = useState<Burst>();
  const [running, setRunning] = useState(false);
  const stopper = useRef<AbortController>(undefined);
  useEffect(() => () => stopper.current?.abort(), []);

  const run = async (all: number) => {
    stopper.current?.abort();
    const stop = new AbortController();
    stopper.current = stop;
    const begun = performance.now();
    let burst: Burst = { all, done: 0, statuses: new Map(), instances: new Map(), took: 0 };
    const note = (status: number, instance?: string) => {
      if (stop.signal.aborted) return;
      burst = {
        ...burst,
        done: burst.done + 1,
        statuses: counted(burst.statuses, status),
        instances: instance === undefined ? burst.instances : counted(burst.instances, instance),
      };
      setState(burst);
    };
    setState(burst);
    setRunning(true);
    // All are handed to the browser at once. It sends as many as it has connections for, after what the page polls.
    await Promise.all(
      Array.from({ length: all }, () =>
        recordVisit({ signal: stop.signal, last: true }).then(
          (visit) => note(201, visit.instance_id),
          (error) => note(error instanceof Failure ? error.status : 0),
        ),
      ),
    );
    if (stopper.current !== stop) return;
    setState({ ...burst, took: performance.now() - begun });
    setRunning(false);
    after();
  };
  return { state, running, run, stop: () => stopper.current?.abort() };
}

function counted<K>(counts: Map<K, number>, key: K): Map<K, number> {
  return new Map(counts).set(key, (counts.get(key) ?? 0) + 1);
}
