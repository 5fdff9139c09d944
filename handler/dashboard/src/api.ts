/** The API as the handler and the lab answer it. The only file that asks for anything over the network. */
import {
  boolean,
  differences,
  list,
  map,
  nullable,
  number,
  type Of,
  object,
  optional,
  type Shape,
  string,
  unknown,
  word,
} from "./shape";

const latency = object({ p50: nullable(number), p95: nullable(number), p99: nullable(number) });
const stressState = object({ running: boolean, remaining_seconds: number });
const capacity = object({ minimum: number, maximum: number, default: number });
const rule = object({
  metric: string,
  operator: string,
  threshold: number,
  time_window: string,
  direction: string,
  change: string,
  value: number,
  cooldown: string,
});
const listedVisit = object({
  id: number,
  timestamp: string,
  ip_address: nullable(string),
  instance_id: string,
});
const fleetInstance = object({
  instance_id: string,
  state: word("starting", "live", "draining", "gone", "lost"),
  started_at: string,
  last_seen: string,
  version: string,
  cpu_percent: number,
  memory_percent: number,
  requests_per_second: number,
  latency_ms: latency,
  visits_recorded: number,
  stress: stressState,
});
const point = object({
  timestamp: string,
  instances: nullable(number),
  cpu_percent: nullable(number),
  requests_per_second: nullable(number),
  latency_ms: latency,
  per_instance: map(number),
});
const fleetEvent = object({
  timestamp: string,
  type: word("joined", "left", "lost", "scaled_out", "scaled_in"),
  /** Of an instance. */
  instance_id: optional(string),
  /** Of the fleet, where the app scales itself. */
  from: optional(number),
  to: optional(number),
});
/** The app's own scaler as of its last evaluation. */
const scaler = object({
  evaluated_at: nullable(string),
  reason: nullable(string),
  from: nullable(number),
  wanted: nullable(number),
  cooldown_left_seconds: nullable(number),
  outcome: nullable(
    word("as_wanted", "set", "refused", "throttled", "failed", "timed_out", "unreachable", "no_token"),
  ),
  problem: nullable(string),
});

/** Under the names that the app's OpenAPI document gives them; a test compares the two. */
export const shapes = {
  VisitList: object({
    total_visits: number,
    recent_visits: list(listedVisit),
    next_before: nullable(number),
    instance_id: string,
  }),
  ListedVisit: listedVisit,
  RecordedVisit: object({
    message: string,
    id: number,
    timestamp: string,
    total_visits: number,
    ip: string,
    instance_id: string,
  }),
  Fleet: object({
    live: number,
    capacity: nullable(capacity),
    rules: nullable(list(rule)),
    scaler: nullable(scaler),
    instances: list(fleetInstance),
  }),
  FleetScaler: scaler,
  FleetInstance: fleetInstance,
  LatencyMs: latency,
  StressState: stressState,
  RuleSummary: rule,
  FleetTimeline: object({ bucket_seconds: number, points: list(point), events: list(fleetEvent) }),
  Point: point,
  FleetEvent: fleetEvent,
  StressStarted: object({
    status: string,
    stress_id: string,
    scope: string,
    duration: number,
    instance_id: string,
    timestamp: string,
  }),
  StressStopped: object({ stopped: number, instance_id: string }),
  HealthReport: object({
    status: word("healthy", "unhealthy"),
    timestamp: string,
    instance_id: string,
    database: word("connected", "disconnected"),
    db_type: word("postgresql", "sqlite", "none"),
    environment: word("production", "development"),
    version: string,
    uptime_seconds: number,
  }),
} as const;

const labInstance = object({
  id: string,
  state: word("starting", "ready", "draining", "exited"),
  started_at: string,
  ended_at: nullable(string),
  cpu_percent: nullable(number),
  /** How the process ended; null while it runs. */
  ending: nullable(string),
  /** Requests that it was sent, and those of them that are not answered yet. */
  requests: number,
  outstanding: number,
});

/** `GET /admin/lab/timeline`: what the host counts, where the app itself reports nothing. */
const labTimeline = object({
  ...shapes.FleetTimeline.fields,
  events: list(object({ ...fleetEvent.fields, reason: optional(string) })),
});

/** `GET /admin/lab/fleet` of the host emulator: the state of its fleet and its autoscaler. */
export const labFleet = object({
  plan: word("premium-v3", "elastic-premium"),
  time_scale: number,
  started_at: string,
  now: string,
  azure_seconds: number,
  paused: boolean,
  metric_lag_seconds: number,
  provision_seconds: number,
  evaluate_seconds: number,
  rules: list(rule),
  capacity,
  count: number,
  ready: number,
  instances: list(labInstance),
  metric: nullable(object({ azure_seconds: number, cpu_percent: nullable(number) })),
  last_decision: nullable(
    object({
      at: string,
      azure_seconds: number,
      from: number,
      to: number,
      action: word("out", "in", "none"),
      reason: string,
      cooldown_left_seconds: number,
      readings: list(object({ rule: number, value: nullable(number), fires: boolean })),
    }),
  ),
  requests_per_second: number,
  actions: list(object({ at: string, azure_seconds: number, from: number, to: number, reason: string })),
});

/** A setting in the schema of Azure Resource Manager. It is sent back as it came, with other values. */
const setting = object({
  profiles: list(
    object({
      name: string,
      capacity: object({ minimum: string, maximum: string, default: string }),
      rules: list(
        object({
          metricTrigger: object({
            metricName: string,
            operator: string,
            threshold: number,
            timeWindow: string,
          }),
          scaleAction: object({ direction: string, type: string, value: string, cooldown: string }),
        }),
      ),
    }),
  ),
});
const remark = object({ code: string, place: string, message: string, remedy: string });
/** What `lab rules` says of a setting. */
const explanation = object({ text: string, faults: list(remark), hints: list(remark) });
const outcome = object({
  /** Instances wanted at the end of each minute. */
  counts: list(number),
  actions: list(object({ at_seconds: number, from: number, to: number, reason: string })),
  verdict: word("flapping", "overshoot", "overloaded", "at maximum", "good"),
  overloaded_minutes: number,
  instance_hours: number,
});

/** `GET /admin/lab/rules`: the rules that the emulator applies, and what can be done with them. */
export const labRules = object({
  setting,
  /** The index of the profile that applies. */
  profile: number,
  most_instances: number,
  explanation,
  minutes_seen: number,
  /** Why not, where that is not possible. */
  cannot_rehearse: nullable(string),
  cannot_apply: nullable(string),
});

/** `POST /admin/lab/rules/rehearse`: the load just seen under the active rules, and under others. */
export const labRehearsal = object({
  minutes: number,
  from_azure_seconds: number,
  seen: list(nullable(number)),
  /** With every instance at 99% CPU or more, so that the real load may have been higher. */
  saturated_minutes: number,
  missing_minutes: number,
  /** Metrics without samples in a rehearsal. */
  not_recorded: list(string),
  active: outcome,
  changed: outcome,
  explanation,
});

export type Latency = Of<typeof latency>;
export type Rule = Of<typeof rule>;
export type Capacity = Of<typeof capacity>;
export type Visit = Of<typeof listedVisit>;
export type VisitList = Of<typeof shapes.VisitList>;
export type RecordedVisit = Of<typeof shapes.RecordedVisit>;
export type Fleet = Of<typeof shapes.Fleet>;
export type FleetInstance = Of<typeof fleetInstance>;
export type Scaler = Of<typeof scaler>;
export type Timeline = Of<typeof shapes.FleetTimeline>;
export type Health = Of<typeof shapes.HealthReport>;
export type LabFleet = Of<typeof labFleet>;
export type LabTimeline = Of<typeof labTimeline>;
export type LabRules = Of<typeof labRules>;
export type LabSetting = LabRules["setting"];
export type LabRehearsal = Of<typeof labRehearsal>;
export type Explanation = Of<typeof explanation>;

/** Why there was no answer that could be used. */
export class Failure extends Error {
  override name = "Failure";
  /** 0 if nobody answered. */
  readonly status: number;
  /** The server's own sentence, where it sent one. */
  readonly sentence: string | undefined;

  constructor(status: number, sentence?: string) {
    super(sentence ?? `status ${status}`);
    this.status = status;
    this.sentence = sentence;
  }
}

/** An answer that does not come within this is none. */
const PATIENCE_MS = 15_000;

type Call = {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  key?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Behind whatever else the page asks for. */
  last?: boolean;
  /** A status beside 2xx whose body is an answer. */
  also?: number;
};

async function call<S extends Shape>(path: string, shape: S, options: Call = {}): Promise<Of<S>> {
  const { method = "GET", body, key, signal, last, also } = options;
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (key) headers["x-functions-key"] = key;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers,
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(last ? { priority: "low" as const } : {}),
    });
    text = await response.text();
  } catch (error) {
    // Whoever gave it up knows already.
    if (signal?.aborted) throw error;
    throw new Failure(0);
  }
  const answer = parse(text);
  if (!response.ok && response.status !== also) {
    throw new Failure(response.status, sentenceOf(answer));
  }
  const difference = differences(answer, shape, "more is fine")[0];
  if (difference) throw new Failure(response.status, `${path}: ${difference}`);
  return answer as Of<S>;
}

function parse(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of a problem (RFC 9457) as this API sends it. */
function sentenceOf(answer: unknown): string | undefined {
  const sentence = (answer as { error?: unknown } | undefined)?.error;
  return typeof sentence === "string" ? sentence : undefined;
}

type Signal = { signal?: AbortSignal | undefined };

export const listVisits = (options?: Signal) => call("/api/visits?limit=10", shapes.VisitList, options);

export const fleet = (options?: Signal) => call("/api/instances", shapes.Fleet, options);

export const timeline = (minutes: number, options?: Signal) =>
  call(`/api/timeline?minutes=${minutes}`, shapes.FleetTimeline, options);

/** Unhealthy is an answer too. */
export const health = (options?: Signal) => call("/health", shapes.HealthReport, { ...options, also: 503 });

export const recordVisit = (options?: Signal & { last?: boolean }) =>
  call("/api/visit", shapes.RecordedVisit, { ...options, method: "POST" });

export type StressOrder = { duration: number; intensity?: number; scope: "fleet" | "instance" };

export const startStress = (order: StressOrder, key: string | undefined) =>
  call("/api/stress", shapes.StressStarted, { method: "POST", body: { ...order, wait: false }, key });

/** Ends every run in the fleet. */
export const stopStress = (key: string | undefined) =>
  call("/api/stress", shapes.StressStopped, { method: "DELETE", key });

export const lab = (options?: Signal & { key?: string | undefined }) =>
  call("/admin/lab/fleet?samples=0", labFleet, options);

export const labMinutes = (minutes: number, key: string | undefined, options?: Signal) =>
  call(`/admin/lab/timeline?minutes=${minutes}`, labTimeline, { ...options, key });

const empty = nullable(unknown);

export const killInstance = (id: string, key: string | undefined) =>
  call(`/admin/lab/instances/${encodeURIComponent(id)}/kill`, empty, { method: "POST", key });

export const pauseScaler = (paused: boolean, key: string | undefined) =>
  call(`/admin/lab/scaler/${paused ? "pause" : "resume"}`, empty, { method: "POST", key });

export const rules = (key: string | undefined, options?: Signal) =>
  call("/admin/lab/rules", labRules, { ...options, key });

/** Changes nothing. */
export const rehearseRules = (body: LabSetting, key: string | undefined) =>
  call("/admin/lab/rules/rehearse", labRehearsal, { method: "POST", body, key });

export const applyRules = (body: LabSetting, key: string | undefined) =>
  call("/admin/lab/rules", labRules, { method: "PUT", body, key });
