import type { Format } from "./format";

const count = (value: number, one: string, many: string) => `${value} ${value === 1 ? one : many}`;
const instances = (value: number) => count(value, "instance", "instances");

/** Every text of the dashboard. A function takes numbers that are ready to show. */
export const en = {
  name: "English",
  /** A sentence of the app or the emulator, which comes in English; undefined if it is unknown. */
  said: (sentence: string): string | undefined => sentence,
  skip: "Skip to the current state",
  sum: (live: number) => `${instances(live)} running`,
  more: (term: string) => `What does "${term}" mean?`,

  header: {
    live: "Live",
    connecting: "Connecting …",
    stale: (time: string) => `Data from ${time}`,
    language: "Language",
    theme: "Theme",
    themes: { auto: "Automatic", light: "Light", dark: "Dark" },
    database: { postgresql: "PostgreSQL", sqlite: "SQLite", none: "No database" },
    azureMinute: (minute: string) => `Azure minute ${minute}`,
    present: "Present",
    leave: "Leave present mode",
    fullScreen: "Full screen",
    leaveFullScreen: "Leave full screen",
    linkNote: "Copy a link to this view: range, theme, and language",
    copied: "Link copied",
    inAddressBar: "The link is in the address bar",
  },

  /** What a term means, in one or two sentences. */
  terms: {
    azureMinute: (scale: string) =>
      `The emulator runs in accelerated time: 1 s here is ${scale} s in Azure. Windows and cooldowns of the rules count Azure time.`,
    cooldown:
      "After a scaling action, each rule waits this long before it can act again. This gives the last change time to take effect.",
    average: (window: string) =>
      `The rules compare the average CPU of all instances over ${window} with their thresholds. The current value is the latest measurement and can be far from the average.`,
    wanted:
      "The scaler sets the wanted number. A new instance needs time to start, so ready follows wanted with a delay.",
    truncated:
      "To protect privacy, the app stores only the network part of an address: /24 of IPv4, /48 of IPv6.",
    percentiles:
      "Half of the requests are faster than p50, 95% are faster than p95, and 99% are faster than p99.",
  },

  trouble: {
    offline: "The server doesn't respond.",
    database: "The database doesn't respond.",
    overloaded: "The server is overloaded.",
    other: (status: number) => `The server responds with status ${status}.`,
    kept: (time: string) => `Showing data from ${time}. Actions are off. Reconnecting …`,
    nothing: "Reconnecting …",
    key: "This function requires a key.",
    badKey: "The key isn't valid.",
    busy: "A CPU test is already running on this instance.",
    gone: "This instance is no longer running.",
  },

  visits: {
    heading: "Visits",
    total: "visits recorded",
    register: "Record a visit",
    registered: (id: string, ip: string) => `No. ${id}, from ${ip}, recorded by`,
    many: (value: string) => `Send ${value} at once`,
    howMany: "Visits at once",
    range: (most: string) => `Enter a whole number from 1 to ${most}.`,
    stop: "Stop",
    progress: (done: string, all: string) => `${done} of ${all} completed`,
    outcome: "Outcome",
    accepted: "recorded",
    unanswered: "no response",
    status: (status: number) => `status ${status}`,
    took: (time: string) => `in ${time}`,
    last: "Recent visits",
    none: "No visits yet. Record the first one.",
    number: "No.",
    time: "Time",
    address: "Address",
    truncated: "truncated",
    notKept: "not stored",
    recordedBy: "Recorded by",
  },

  fleet: {
    heading: "Instances",
    ofMaximum: (maximum: number) => `of ${instances(maximum)} running`,
    running: (value: number): string => (value === 1 ? "instance running" : "instances running"),
    wanted: (value: number) => `${value} wanted`,
    free: "Available slot",
    slots: (value: number) => count(value, "available slot", "available slots"),
    freeNote: "Used when a rule scales out",
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
    age: "Uptime",
    served: "Requests",
    inFlight: "In flight",
    testing: (left: string) => `CPU test, ${left} left`,
    unheard: "Waiting for first heartbeat",
    lost: "Ended without draining",
    more: (value: number) => `and ${value} more`,
    none: "Waiting for the first instance.",
  },

  scaling: {
    heading: "Scaling",
    span: "Range",
    cpu: "CPU of each instance",
    mean: "average",
    count: "Instances: wanted and ready",
    ready: "ready",
    wanted: "wanted",
    levelOut: (threshold: string) => `Scale out > ${threshold}`,
    levelIn: (threshold: string) => `Scale in < ${threshold}`,
    cpuSummary: (highest: string) => `CPU of each instance over time. The highest average is ${highest}.`,
    countSummary: (highest: number) =>
      `Wanted and ready instances over time. The highest number is ${highest}.`,
    empty: "No data yet. The chart starts when an instance runs.",
    azureMinute: (minute: string) => `Azure minute ${minute}`,
    azureRow: "blue: Azure minutes",
    rules: "Rules",
    when: "Condition",
    reading: "Current",
    effect: "Action",
    window: (window: string) => `average over ${window}`,
    firing: "Triggered",
    notFiring: "Not triggered",
    cooldown: "Cooldown",
    noCooldown: "none",
    left: (time: string) => `${time} left`,
    last: "Last change",
    never: "none yet",
    change: (from: number, to: number, time: string) => `${from} → ${to} at ${time}`,
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
    average: "Average CPU",
    label: (value: string, window: string) => `${value} over ${window}`,
    now: (value: string) => `Current CPU ${value}`,
    summary: (value: string, low: string, high: string) =>
      `The average CPU is ${value}. Below ${low} the rules remove an instance; above ${high} they add one.`,
  },

  story: {
    label: "How many instances are running, and why",
    waiting: { head: "Waiting for data", text: "The first values arrive as soon as an instance runs." },
    noRules: { head: "No autoscaling", text: "No autoscale rules are active for this app." },
    noScaler: {
      head: "No autoscaling",
      text: "Rules apply in Azure and with scripts/run.",
    },
    paused: { head: "Autoscaling is paused", text: "No rule is evaluated until you resume it." },
    starting: (value: number, time: string) => ({
      head: value === 1 ? "Adding an instance" : `Adding ${instances(value)}`,
      text: time
        ? `It starts now and takes requests about ${time} after the decision.`
        : "It starts now and takes requests when it is ready.",
    }),
    replacing: (value: number) => ({
      head: value === 1 ? "Replacing a lost instance" : `Replacing ${value} lost instances`,
      text: "An instance ended without draining. A new one starts in its place.",
    }),
    leaving: (value: number) => ({
      head: value === 1 ? "Removing an instance" : `Removing ${instances(value)}`,
      text: "It receives no new requests, completes the ones in progress, and then stops.",
    }),
    atMaximum: (maximum: number, value: string, threshold: string) => ({
      head: `Maximum reached: ${instances(maximum)}`,
      text: `Average CPU is ${value}, above ${threshold}, but the rules allow at most ${instances(maximum)}.`,
    }),
    atMinimum: (minimum: number, value: string, threshold: string) => ({
      head: `Idle: ${instances(minimum)} (minimum)`,
      text: `Average CPU is ${value}, below ${threshold}. The rules keep at least ${instances(minimum)}.`,
    }),
    cooldown: (way: "out" | "in", left: string, value: string, threshold: string) => ({
      head: `Cooldown: ${left}`,
      text:
        way === "out"
          ? `Average CPU is ${value}, above ${threshold}. The rule can add an instance after the cooldown.`
          : `Average CPU is ${value}, below ${threshold}. The rule can remove an instance after the cooldown.`,
    }),
    acting: (way: "out" | "in", value: string, threshold: string) => ({
      head: way === "out" ? "Scaling out" : "Scaling in",
      text:
        way === "out"
          ? `Average CPU is ${value}, above ${threshold}. The next evaluation adds an instance.`
          : `Average CPU is ${value}, below ${threshold}. The next evaluation removes an instance.`,
    }),
    expected: (way: "out" | "in", value: string, threshold: string) => ({
      head: way === "out" ? "Scale-out expected" : "Scale-in expected",
      text:
        way === "out"
          ? `Average CPU is ${value}, above ${threshold}. Azure evaluates metrics that are up to 3 min old, and a new instance takes about 2 min to start.`
          : `Average CPU is ${value}, below ${threshold}. Azure evaluates metrics that are up to 3 min old.`,
    }),
    refused: (wanted: number, problem: string) => ({
      head: `Azure didn't set ${instances(wanted)}`,
      text: `The rules want ${instances(wanted)}. The last attempt failed: ${problem}. The next evaluation tries again.`,
    }),
    problems: {
      refused: "Azure refused the request",
      throttled: "Azure received too many requests",
      failed: "Azure returned an error",
      timed_out: "Azure didn't respond in time",
      unreachable: "Azure can't be reached",
      no_token: "the app has no access token",
    } as Record<string, string>,
    kept: (way: "out" | "in", value: number) => ({
      head: `No change: ${instances(value)}`,
      text:
        way === "in"
          ? "With one instance less, CPU would rise above the threshold and the rules would scale out again."
          : "The last evaluation changed nothing.",
    }),
    building: (way: "out" | "in", now: string, value: string, threshold: string, window: string) => ({
      head:
        way === "out"
          ? `Waiting: average ${value}, needs ${threshold}`
          : `Waiting: average ${value}, above ${threshold}`,
      text:
        way === "out"
          ? `Current CPU is ${now}, but the rule uses the average over ${window}. It adds an instance above ${threshold}.`
          : `Current CPU is ${now}, but the rule uses the average over ${window}. It removes an instance below ${threshold}.`,
    }),
    steady: (value: string, low: string, high: string) => ({
      head: "Stable",
      text:
        low && high
          ? `Average CPU is ${value}, between ${low} and ${high}: no change.`
          : `Average CPU is ${value}. No rule is triggered.`,
    }),
  },

  events: {
    heading: "Events",
    none: "No events in this range.",
    time: "Time",
    event: "Event",
    what: "Details",
    kinds: {
      joined: "Started",
      left: "Stopped",
      lost: "Lost",
      scaled_out: "Scale-out",
      scaled_in: "Scale-in",
    },
    change: (from: number, to: number) => `${from} → ${instances(to)}`,
  },

  load: {
    heading: "Load",
    rate: "requests per second",
    latency: "Latency",
    chart: "Requests per second",
    summary: (highest: string) => `Requests per second over time. The highest value is ${highest}.`,
    own: "This dashboard sends about 2 requests per second.",
  },

  test: {
    heading: "CPU test",
    note: "Runs each instance at 100% CPU for the duration so that the autoscale rules react.",
    scope: "Target",
    fleet: "All instances",
    instance: "One instance",
    duration: "Duration",
    seconds: "seconds",
    durationRange: (least: string, most: string) => `Enter ${least} to ${most} seconds.`,
    intensity: "Intensity",
    intensityRange: "Enter a whole number above 0, or leave this empty.",
    full: "Maximum",
    start: "Start the CPU test",
    stop: "Stop the CPU test",
    left: "left",
    running: (value: number) => `Running on ${instances(value)}`,
    pending: "Starting …",
    stopped: "CPU test stopped.",
    newcomers: "New instances join the running test.",
  },

  key: {
    label: "Function key",
    note: "Kept only in this tab.",
    use: "Continue",
    forget: "Forget the key",
    cancel: "Cancel",
  },

  lab: {
    heading: "Emulator",
    note: "Available only in the local emulator.",
    pause: "Pause autoscaling",
    resume: "Resume autoscaling",
    kill: (id: string) => `Kill ${id}`,
    killing: "What happens when an instance fails?",
    confirm: (id: string) => `Kill ${id}?`,
    consequence:
      "The process ends at once. Its requests in progress fail, and it is shown as lost. The emulator starts a replacement.",
    confirmed: "Kill the instance",
    cancel: "Cancel",
    title: "Function app",
    fixed: (value: number) => ({
      head: value === 1 ? "One instance" : `Always ${instances(value)}`,
      text: "No autoscale rule is active. To scale on CPU, start the app with lab up --max 3.",
    }),
    masterKey: "Master key",
    locked: "This page requires the master key. lab up printed it when it started.",
  },

  whatIf: {
    heading: "What if …",
    note: "Change the rules, simulate them with the load just seen, and apply them to the running fleet.",
    open: "Change the rules",
    close: "Close",
    loading: "Reading the rules …",
    seen: (minutes: number) => `Load seen so far: ${count(minutes, "Azure minute", "Azure minutes")}.`,
    profile: (name: string) => `These are the values of the profile ${name}, which applies now.`,
    limits: "Instances",
    minimum: "Minimum",
    maximum: "Maximum",
    initial: "Default",
    rule: (effect: string, metric: string, sign: string) => `${effect} when ${metric} ${sign}`,
    threshold: "Threshold",
    window: "Window, min",
    cooldown: "Cooldown, min",
    range: (least: string, most: string) => `Enter ${least} to ${most}.`,
    number: "Enter a number.",
    order: "The default must be from the minimum to the maximum.",
    reversed: "The maximum must not be less than the minimum.",
    unchanged: "Change a value to simulate or apply it.",
    rehearse: "Simulate",
    apply: "Apply to the fleet",
    reset: "Reset",
    applied: "Applied. The next evaluation uses these rules. Cooldowns and measured values are kept.",
    rehearsed: (minutes: number) =>
      `Simulated with ${count(minutes, "Azure minute", "Azure minutes")} of load. The fleet has not changed.`,
    saturated: (minutes: number) =>
      `For ${count(minutes, "minute", "minutes")}, every instance was at 99% CPU or more. The real load may have been higher.`,
    missing: (minutes: number) =>
      `For ${count(minutes, "minute", "minutes")}, no CPU was measured. The simulation keeps the last value.`,
    notRecorded: (metric: string) => `Rules on ${metric} see no samples: only CPU is recorded.`,
    outcome: "Simulated outcome",
    active: "active",
    changed: "changed",
    fleet: "actual",
    verdict: "Verdict",
    verdicts: {
      flapping: "flapping",
      overshoot: "overshoot",
      overloaded: "overloaded",
      "at maximum": "at maximum",
      good: "good",
    },
    short: "Overloaded minutes",
    hours: "Instance-hours",
    actions: "Actions",
    chart: "Instances wanted, by Azure minute",
    summary: (active: number, changed: number) =>
      `Instances wanted over time. At most ${active} with the active rules, and ${changed} with the changed rules.`,
    action: (minute: string, from: number, to: number) => `Azure minute ${minute}: ${from} → ${to}`,
    actionsOf: (name: string) => `Actions with the ${name} rules`,
    none: "none",
    says: (faults: number, hints: number) =>
      `lab rules: ${count(faults, "fault", "faults")}, ${count(hints, "hint", "hints")}`,
    faults: "Faults",
  },

  footer: {
    api: "API description",
    metrics: "Prometheus metrics",
    health: "Health",
    version: (version: string) => `Version ${version}`,
  },
};

export type Words = typeof en;
export type { Format };
