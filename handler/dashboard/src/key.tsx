import {
  createContext,
  type FormEvent,
  type ReactNode,
  useContext,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import { Failure } from "./api";
import { Button } from "./components/Button";
import { recallKey, rememberKey } from "./remember";
import { useSpeech } from "./words/language";

type Holder = { key: string | undefined; keep: (key: string | undefined) => void };

const Context = createContext<Holder | undefined>(undefined);

/** Holds the function key of this tab. */
export function Keyholder({ children }: { children: ReactNode }) {
  const [key, setKey] = useState(recallKey);
  const holder = useMemo(
    () => ({
      key,
      keep: (key: string | undefined) => {
        rememberKey(key);
        setKey(key);
      },
    }),
    [key],
  );
  return <Context value={holder}>{children}</Context>;
}

export function useKey(): Holder {
  const holder = useContext(Context);
  if (!holder) throw new Error("Keyholder is missing around this");
  return holder;
}

type Action = (key: string | undefined) => Promise<void>;

/**
 * Runs actions that may need the function key. Where one does, `field` asks for it and runs the action again; it is
 * null until then.
 */
export function useKeyed(): { run: (action: Action) => Promise<void>; field: ReactNode } {
  const { key, keep } = useKey();
  const [asking, setAsking] = useState<{ action: Action; refused: boolean } | undefined>();

  const attempt = async (action: Action, key: string | undefined) => {
    try {
      await action(key);
      setAsking(undefined);
      if (key) keep(key);
    } catch (error) {
      if (!(error instanceof Failure && error.status === 401)) {
        setAsking(undefined);
        throw error;
      }
      if (key) keep(undefined);
      setAsking({ action, refused: Boolean(key) });
    }
  };
  const field = asking && (
    <KeyField
      refused={asking.refused}
      use={(typed) => attempt(asking.action, typed)}
      cancel={() => setAsking(undefined)}
    />
  );
  return { run: (action) => attempt(action, key), field };
}

/** Asks for a key without which nothing can be shown, and keeps it once `check` has passed with it. */
export function KeyGate({
  check,
  ...texts
}: {
  check: (key: string) => Promise<unknown>;
  label: string;
  why: string;
}) {
  const { keep } = useKey();
  const [refused, setRefused] = useState(false);
  const use = async (typed: string) => {
    setRefused(false);
    try {
      await check(typed);
    } catch (error) {
      if (error instanceof Failure && error.status === 401) return setRefused(true);
    }
    keep(typed);
  };
  return <KeyField {...texts} refused={refused} use={use} />;
}

type FieldProps = {
  label?: string;
  /** Why it asks. */
  why?: string;
  refused: boolean;
  use: (key: string) => Promise<void>;
  /** None where there is nothing else to do. */
  cancel?: () => void;
};

function KeyField({ label, why, refused, use, cancel }: FieldProps) {
  const { words } = useSpeech();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const typed = input.current?.value.trim();
    if (typed) use(typed).catch(() => undefined);
  };
  return (
    <form onSubmit={submit} className="mt-4 rounded-lg border border-line bg-faint p-3">
      <p className={refused ? "font-semibold text-bad" : "font-semibold"} role="alert">
        {refused ? words.trouble.badKey : (why ?? words.trouble.key)}
      </p>
      <label htmlFor={id} className="mt-2 block text-sm text-soft">
        {label ?? words.key.label}
      </label>
      <input
        ref={input}
        id={id}
        type="password"
        autoComplete="off"
        spellCheck={false}
        // biome-ignore lint/a11y/noAutofocus: it appears because of what was just pressed
        autoFocus
        className="field mt-1 w-full"
      />
      <p className="mt-1 text-sm text-soft">{words.key.note}</p>
      <div className="mt-3 flex flex-wrap gap-2">
        <Button type="submit" kind="primary" small>
          {words.key.use}
        </Button>
        {cancel && (
          <Button kind="quiet" small onClick={cancel}>
            {words.key.cancel}
          </Button>
        )}
      </div>
    </form>
  );
}
