import type { Format } from "./format";

const count = (value: number, one: string, many: string) => `${value} ${value === 1 ? one : many}`;
const instances = (value: number) => count(value, "instance", "instances");

/** Every text of the page. What has figures in it is a function that gets them ready to show. */
export const en = {
  name: "English",
  skip: "Skip to the fleet",
  sum: (live: number) => `${instances(live)} live`,

  header: {
    live: "Live",
    connecting: "Connecting …",
    stale: (time: string) => `As of ${time}`,
    language: "Language",
    theme: "Appearance",
    themes: { auto: "Automatic", light: "Light", dark: "Dark" },
    database: { postgresql: "PostgreSQL", sqlite: "SQLite", none: "No database" },
    speed: (scale: string) => `Lab time ×${scale}`,
    azureMinute: (minute: string) => `Azure minute ${minute}`,
  },

  trouble: {
    offline: "The server does not answer.",
    database: "The database does not answer.",
    overloaded: "The server has too much to do.",
    other: (status: number) => `The server answers with status ${status}.`,
    kept: (time: string) => `Shown is what was known at ${time}. This page tries again by itself.`,
    nothing: "This page tries again by itself.",
    key: "This function asks for a key.",
    badKey: "This key was not accepted.",
    busy: "A CPU test is already running there.",
    gone: "This instance is no longer there.",
  },

  visits: {
    heading: "Visits",
    total: "visits registered",
    register: "Register a visit",
    registered: (id: string, ip: string) => `No. ${id}, from ${ip}, recorded by`,
    many: (value: string) => `${value} at once`,
    howMany: "Visits at once",
    stop: "Stop",
    progress: (done: string, all: string) => `${done} of ${all} answered`,
    outcome: "Outcome",
    accepted: "registered",
    unanswered: "no answer",
    status: (status: number) => `status ${status}`,
    took: (time: string) => `in ${time}`,
    last: "Last visits",
    none: "Nobody has visited yet. Register the first visit.",
    number: "No.",
    notKept: "not kept",
    recordedBy: "Recorded by",
  },

  fleet: {
    heading: "Fleet",
    live: "running",
    atMost: (maximum: number) => `of at most ${maximum}`,
    free: "free",
    freeNote: "A rule may fill it",
    states: {
      starting: "starting",
      live: "running",
      draining: "draining",
      gone: "stopped",
      lost: "lost",
    },
    cpu: "CPU",
    memory: "Memory",
    rate: "Requests",
    age: "Age",
    served: "Requests",
    inFlight: "In flight",
    testing: (left: string) => `CPU test, ${left} left`,
    unheard: "Not heard of yet",
    more: (value: number) => `and ${value} more`,
    none: "No instance has reported yet.",
  },

  scaling: {
    heading: "Scaling",
    span: "Time shown",
    cpu: "CPU of each instance",
    mean: "mean",
    count: "Instances",
    levelOut: (threshold: string) => `out over ${threshold}`,
    levelIn: (threshold: string) => `in under ${threshold}`,
    cpuSummary: (highest: string) => `CPU of each instance over time; the mean was ${highest} at most.`,
    countSummary: (highest: number) => `Number of instances over time; ${highest} at most.`,
    empty: "No history yet. It grows as soon as an instance runs.",
    azureMinute: (minute: string) => `Azure minute ${minute}`,
    rules: "Rules",
    when: "When",
    reading: "Now",
    effect: "Then",
    window: (window: string) => `over ${window}`,
    firing: "met",
    notFiring: "not met",
    cooldown: "Cooldown",
    noCooldown: "none",
    left: (time: string) => `${time} left`,
    last: "Last change",
    never: "none yet",
    change: (from: number, to: number, time: string) => `${from} → ${to} at ${time}`,
    decision: "Last evaluation",
    azure: (span: string) => `${span} of Azure time`,
    metrics: {
      CpuPercentage: "CPU",
      MemoryPercentage: "Memory",
      DiskQueueLength: "Disk queue",
      HttpQueueLength: "HTTP queue",
      BytesReceived: "Bytes received",
      BytesSent: "Bytes sent",
    } as Record<string, string>,
  },

  gauge: {
    label: (value: string, window: string) => `CPU over ${window}: ${value}`,
    now: (value: string) => `now ${value}`,
    summary: (value: string, low: string, high: string) =>
      `The rules see ${value} CPU. Below ${low} an instance goes, above ${high} one comes.`,
  },

  story: {
    label: "Why it has this size",
    waiting: { head: "Waiting for the first figures", text: "They come as soon as instances run." },
    noRules: { head: "Nothing scales here", text: "No autoscale rules are in force for this app." },
    noScaler: {
      head: "Nothing scales here",
      text: "The rules below act in Azure, and under the lab (scripts/run).",
    },
    paused: { head: "The scaler is paused", text: "No rule is looked at until it is resumed." },
    starting: (value: number, time: string) => ({
      head: value === 1 ? "An instance is joining" : `${value} instances are joining`,
      text: time ? `It takes requests about ${time} after the decision.` : "It takes requests in a moment.",
    }),
    leaving: (value: number) => ({
      head: value === 1 ? "An instance is leaving" : `${value} instances are leaving`,
      text: "Requests under way are finished first.",
    }),
    atMaximum: (maximum: number, value: string, threshold: string) => ({
      head: `At the maximum: ${maximum}`,
      text: `CPU at ${value} is over ${threshold}, but no more than ${instances(maximum)} may run.`,
    }),
    atMinimum: (minimum: number, value: string, threshold: string) => ({
      head: `At rest: ${instances(minimum)}`,
      text: `CPU at ${value} is under ${threshold}, and ${minimum} is the minimum.`,
    }),
    cooldown: (way: "out" | "in", left: string, value: string, threshold: string) => ({
      head: `Cooling down: ${left}`,
      text:
        way === "out"
          ? `CPU at ${value} is over ${threshold}: one more as soon as the cooldown is over.`
          : `CPU at ${value} is under ${threshold}: one fewer as soon as the cooldown is over.`,
    }),
    acting: (way: "out" | "in", value: string, threshold: string) => ({
      head: way === "out" ? "Scaling out" : "Scaling in",
      text:
        way === "out"
          ? `CPU at ${value} is over ${threshold}: the next evaluation adds an instance.`
          : `CPU at ${value} is under ${threshold}: the next evaluation removes an instance.`,
    }),
    expected: (way: "out" | "in", value: string, threshold: string) => ({
      head: way === "out" ? "Should scale out" : "Should scale in",
      text:
        way === "out"
          ? `CPU at ${value} is over ${threshold}. Azure acts on figures up to 3 min old, and a new instance takes about 2 min.`
          : `CPU at ${value} is under ${threshold}. Azure acts on figures up to 3 min old.`,
    }),
    refused: (wanted: number, problem: string) => ({
      head: `Azure does not set ${instances(wanted)}`,
      text: `The rules want ${wanted}. The last attempt ended with: ${problem}. The next evaluation tries again.`,
    }),
    kept: (way: "out" | "in", value: number) => ({
      head: `Kept at ${value}`,
      text:
        way === "in"
          ? "With one fewer, the rest would soon be over the threshold and scale out again."
          : "The last evaluation changed nothing.",
    }),
    building: (way: "out" | "in", now: string, value: string, threshold: string, window: string) => ({
      head: way === "out" ? "Not yet: the mean must rise" : "Not yet: the mean must fall",
      text:
        way === "out"
          ? `CPU is ${now} now, but the rule takes the mean over ${window}: ${value}. Above ${threshold} it adds one.`
          : `CPU is ${now} now, but the rule takes the mean over ${window}: ${value}. Below ${threshold} it removes one.`,
    }),
    steady: (value: string) => ({
      head: "Steady",
      text: `CPU at ${value} meets no rule.`,
    }),
  },

  load: {
    heading: "Load",
    rate: "requests per second",
    latency: "Latency",
    none: "no requests",
    chart: "Requests a second",
    summary: (highest: string) => `Requests a second over time; ${highest} at most.`,
    own: "This page itself asks about twice a second.",
    p: { p50: "half are faster", p95: "95 % are faster", p99: "99 % are faster" },
  },

  test: {
    heading: "CPU test",
    note: "Instances compute at full power until the time is over. The rules do the rest.",
    scope: "Where",
    fleet: "Whole fleet",
    instance: "One instance",
    duration: "Duration",
    seconds: "seconds",
    intensity: "Intensity",
    full: "Full",
    start: "Start the CPU test",
    stop: "Stop all",
    left: "left",
    running: (value: number) => `running on ${instances(value)}`,
    pending: "starting …",
    stopped: "Stopped.",
    newcomers: "Newcomers join in for what is left.",
  },

  key: {
    label: "Function key",
    note: "Kept in this tab only.",
    use: "Use it",
    forget: "Forget the key",
    cancel: "Cancel",
  },

  lab: {
    heading: "Lab",
    note: "Only here, where the fleet runs on one machine.",
    pause: "Pause the scaler",
    resume: "Resume the scaler",
    kill: (id: string) => `Kill ${id}`,
    killing: "What happens when an instance dies?",
    title: "Function app",
    fixed: (value: number) => ({
      head: value === 1 ? "One instance" : `${instances(value)}, always`,
      text: "No rule changes how many there are. To scale on CPU, start the app with lab up --max 3.",
    }),
    masterKey: "Master key",
    locked: "This page needs the master key, which lab up printed at the start.",
  },

  events: {
    heading: "Events",
    none: "Nothing has happened yet.",
    joined: "is ready",
    left: "gets no more requests and ends",
    lost: "ended",
  },

  footer: {
    api: "API description",
    metrics: "Metrics for Prometheus",
    health: "Health",
    version: (version: string) => `Version ${version}`,
  },
};

export type Words = typeof en;
export type { Format };
