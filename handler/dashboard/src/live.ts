import { type Query, QueryClient, type UseQueryResult, useQuery } from "@tanstack/react-query";
import * as api from "./api";

/** How often what changes is asked for; not at all while the tab is hidden. */
const POLL_MS = 2_000;
/** What changes seldom, in milliseconds. */
const SELDOM_MS = 10_000;
/** Older than this and not to be had anew, figures are marked as stale. */
const STALE_MS = 5_000;

export function makeClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // The next poll is the retry; and what the browser thinks of the network does not matter on one machine.
        retry: false,
        networkMode: "always",
        gcTime: 60_000,
        refetchInterval: POLL_MS,
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}

export const useVisits = () =>
  useQuery({ queryKey: ["visits"], queryFn: ({ signal }) => api.listVisits({ signal }) });

export const useFleet = () =>
  useQuery({ queryKey: ["fleet"], queryFn: ({ signal }) => api.fleet({ signal }) });

/** A timeline, and the minutes that were asked for. */
type Spanned<T> = { timeline: T; minutes: number };

/** How a timeline is asked for, whoever answers. */
const spanned = <T>(minutes: number, ask: (signal: AbortSignal) => Promise<T>) => ({
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Spanned<T>> => ({
    timeline: await ask(signal),
    minutes,
  }),
  // The chart keeps what it shows until another span is there.
  placeholderData: (previous: Spanned<T> | undefined) => previous,
  refetchInterval: minutes <= 60 ? POLL_MS : SELDOM_MS,
});

export const useTimeline = (minutes: number) =>
  useQuery({
    queryKey: ["timeline", minutes],
    ...spanned(minutes, (signal) => api.timeline(minutes, { signal })),
  });

/** The same as the host counts it, once it may be asked. */
export const useLabTimeline = (minutes: number, key: string | undefined, enabled: boolean) =>
  useQuery({
    queryKey: ["lab", "timeline", minutes, key ?? ""],
    enabled,
    ...spanned(minutes, (signal) => api.labMinutes(minutes, key, { signal })),
  });

export const useHealth = () =>
  useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => api.health({ signal }),
    refetchInterval: (query) => (query.state.data?.status === "healthy" ? SELDOM_MS : POLL_MS),
  });

/** What the lab knows, where the app runs under it. Elsewhere there is no such thing, and asking once tells. */
export function useLab(enabled: boolean, key: string | undefined) {
  const barred = (query: Query<api.LabFleet>) => {
    const error = query.state.error;
    return error instanceof api.Failure && error.status >= 400 && error.status < 500;
  };
  return useQuery<api.LabFleet>({
    queryKey: ["lab", key ?? ""],
    queryFn: ({ signal }) => api.lab({ signal, key }),
    enabled,
    refetchInterval: (query) => (barred(query) ? false : POLL_MS),
    refetchOnWindowFocus: (query) => !barred(query),
  });
}

/** The rules that the emulator applies. */
export const useLabRules = (key: string | undefined) =>
  useQuery({
    queryKey: ["lab", "rules", key ?? ""],
    queryFn: ({ signal }) => api.rules(key, { signal }),
  });

export type Trouble = {
  kind: "offline" | "database" | "overloaded" | "other";
  status: number;
  /** When what is shown was true, in milliseconds since 1970; undefined if nothing is shown. */
  since: number | undefined;
};

type Polled = Pick<UseQueryResult<unknown>, "isError" | "error" | "dataUpdatedAt" | "errorUpdatedAt">;

/** What keeps the page from being up to date, if anything does. One poll that fails is none. */
export function trouble(polled: Polled[], health: api.Health | undefined): Trouble | undefined {
  const failing = polled.filter(
    ({ isError, dataUpdatedAt, errorUpdatedAt }) => isError && errorUpdatedAt - dataUpdatedAt > STALE_MS,
  );
  const worst = failing[0];
  if (!worst) return undefined;
  const status = worst.error instanceof api.Failure ? worst.error.status : 0;
  const oldest = Math.min(...failing.map((query) => query.dataUpdatedAt));
  return {
    kind:
      status === 0
        ? "offline"
        : health?.database === "disconnected"
          ? "database"
          : status === 503 || status === 429
            ? "overloaded"
            : "other",
    status,
    since: oldest > 0 ? oldest : undefined,
  };
}
