/** Every sentence that Rust writes for a page has a Spanish form: those of the sources, and whole ones as they occur. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SAID, said } from "../words/said";
import { translator } from "../words/translate";
import { SPANISH } from "./spanish";
import { spanish } from "./translate";

type Sources = Record<string, string>;

/** What the dashboard shows: folders, and their files; all of them where none is named. */
const DASHBOARD: Sources = {
  "handler/autoscale/src": "describe schedule reader document",
  "handler/autoscale/src/reader": "",
  "handler/autoscale/src/document": "resources elsewhere",
  "handler/src/azure": "identity",
  "handler/src/fleet/scaler": "rules",
  "handler/src/store": "error",
  "scripts/lab/rules/src": "bands explain command",
  "scripts/lab/rules/src/check": "",
  "scripts/lab/fleet/src": "what_if admin",
  "scripts/lab/fleet/src/elastic_premium": "site",
  "scripts/lab/fleet/src/owner": "site",
};
/** What a report shows besides. */
const REPORT: Sources = {
  "scripts/lab/report/src": "",
  "scripts/lab/simulate/src": "causes lib page period standstill start verdict",
  "scripts/lab/simulate/src/page": "",
  "scripts/lab/recorded-load/src": "azure columns factor lib recording run series shape",
  "scripts/lab/load/src":
    "advice custom_request expect failure fleet generator load_test scale_test schedule stages target",
  "scripts/lab/src/demo": "mod simulation",
};

/** The source files. */
function filesOf(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([folder, names]) => {
    const all = names ? names.split(" ").map((name) => `${name}.rs`) : readdirSync(`../../${folder}`);
    return all.filter((name) => name.endsWith(".rs")).map((name) => `../../${folder}/${name}`);
  });
}

const TESTS = /\n#\[cfg\(test\)\]\nmod tests? \{/;
const COMMENT = /^\s*\/\/.*$/gm;
const CHARACTER = /'(\\.|[^'\\\n])'/g;
const LITERAL = /"((?:[^"\\]|\\[\s\S])*)"/g;
const TWO_WORDS = /[A-Za-z]{2,}[,;:]? [a-z{(]|\} [a-z]{2,}|[a-z]{3,} \{/;
/** What stands before a text for a terminal or a log. */
const ELSEWHERE =
  /bail!|ensure!|anyhow!|context\(|expect\(|assert|panic!|Err\((?!Refused)|#\[(?!error)|self\.refuse|self\.missing|is_object|accepted|ok_or|error!|warn!|writeln!|--|text\(&|list\(&/;

/** The texts of at least two words that a source file may show. */
function texts(file: string): string[] {
  const source = (readFileSync(file, "utf8").split(TESTS)[0] ?? "")
    .replaceAll(COMMENT, "")
    .replaceAll(CHARACTER, "' '");
  return [...source.matchAll(LITERAL)].flatMap((match) => {
    const text = (match[1] ?? "")
      .replaceAll(/\\\n\s*/g, "")
      .replaceAll("\\n", "\n")
      .replaceAll('\\"', '"')
      .trim();
    const before = source
      .slice(Math.max(0, match.index - 160), match.index)
      .split(/;|=> \{|\{\n/)
      .at(-1);
    return TWO_WORDS.test(text) &&
      !text.startsWith("<") &&
      !ELSEWHERE.test(before ?? "") &&
      !NOT_SHOWN.includes(blank(text))
      ? [text]
      : [];
  });
}

const PLACEHOLDER = /\{[^{}]*\}/g;
const blank = (text: string) => text.replaceAll(PLACEHOLDER, "{}");

/** Texts in these files that no page shows: those for a terminal, and the reasons against files that the dashboard does not send. */
const NOT_SHOWN = [
  '"{shown}" is not a day of the week; write Monday to Sunday',
  "export the deployed setting: az monitor autoscale show --output json",
  "the parameter file: {error}",
  "cannot be evaluated",
  "is the template expression {}, which {reason}{or} {EXPORT}",
  "is {}; accepted: {accepted}",
  "is created by a copy loop, which is not expanded here; {EXPORT}",
  "is missing; accepted: {accepted}",
  "is {maximum}, below the minimum of {minimum}",
  "too many visits are waiting to be written",
  "the database refused a statement",
  "no such",
  "has no column",
  "Wrote these rules to {}.",
  "the load just seen",
  "the platform restarts the app; {in_flight} requests are in flight",
  "the run's start {:?} is not an RFC 3339 time, so events cannot be placed in it",
  "profile p{}",
  "autoscaling: {}",
  "not asked",
  "cannot tell",
  "[weekday repr:short] [day padding:none] [month repr:short] [hour]:[minute]",
  "[weekday repr:short] [year]-[month]-[day] [hour]:[minute]",
  "simulating {wide_bar} {percent}%",
  "finding {of_file}{finding}",
  "Fit: {}.",
  "rules   {source}: {} profiles",
  "a time such as 2026-01-05T08:00:00Z",
  "the sample of {}",
  "{all}, such as 60,80",
  "the column {} contains no time",
  "{}: column {heading}: {error}",
  "cannot read {path}, the file of --body",
  "errors are a share from 0% to 100%",
  "this is a whole number",
  "{what}; give the address of the app, such as http://127.0.0.1:7071",
  "'{shown}' is not a URL",
  "{} cannot be replaced",
  ", which the app applies itself",
  "lab demo",
  "{} requests, {} failed; p50 {}, p99 {}",
  "Did autoscaling work? {}",
  "Report: {}",
  "Stopping; the report is still written. Ctrl+C again ends at once.",
  "the load that was measured",
  "Too short for the rules, which average over {}. For scaling: {command} --until {most}",
  "model   metric lag {} s, {} s to be ready, evaluated every {} s; before the start, the first load applies",
  "'{text}': {what}; write conditions such as p99<250ms, errors<0.1%, rate>=100 or instances>=2",
  "a latency has a unit, such as 250ms or 1.5s",
  "a rate is a number of requests per second, such as 100 or 100/s",
  "no address is known for {name}; check the URL",
  "it has no known value; the values are {}",
  "'{text}' is not a stage; write DURATION:LEVEL, such as 30s:20/s or 30s:100users",
  "start the app first, with ./scripts/run or lab up, or give another URL",
  "make sure that the app runs and that the URL is right",
  "Elastic Visits: one to three instances on Azure's rules{}; an Azure minute lasts {:.1} s. This takes about {:.0} s.",
  "Then the same requests go to one fixed instance and to three fixed instances. All three runs take about {:.0} s.",
  "the values are {}",
  "another address",
  "if its certificate is your own, name the CA's file with --cacert",
  "it never ends by itself",
].map(blank);

const named = (examples: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(examples).map(([text, whole]) => [blank(text), whole]));

/** Sentences that contain a text as Rust completes it, where no key does. */
const EXAMPLES: Record<string, string[]> = named({
  "{} {} is {}": ["average CPU over 1 hour 5 minutes 75.0% is above 70%"],
  "{} is {}": ["average CPU over 1 hour is equal to 70%"],
  "{verb} one step": ["adds one step when average CPU over 5 minutes is above 70%, cooldown 5 minutes"],
  "the minutes' {statistic}": ["the minutes' Average"],
  "the {statistic} of {} each": ["the Max of 5 minutes each"],
  "{first}, {second}, {third} and {} more times": [
    "every day at 08:00, 09:00, 10:00 and 4 more times, W. Europe Standard Time (Europe/Berlin)",
  ],
  "no {noun}s": ["no faults"],
  "has no end: it starts {starts}, and {lasts}.": [
    "has no end: it starts every Monday at 08:00, UTC, and no other recurring profile ends it, so it always applies.",
    "has no end: it starts every Monday at 08:00, UTC, and no companion profile is for it, so it lasts until the next recurring profile starts.",
  ],
  "can never be true: it asks whether {}, {never}.": [
    "can never be true: it asks whether average CPU over 5 minutes is above 100%, so the rule never acts.",
    "can never be true: it asks whether average CPU over 5 minutes is below 0%, so the profile never scales in.",
  ],
  "With {name} {}": ["With Memory Percentage from 60 to 140", "With Requests of any size"],
  "Set the scale-in threshold to {at_most} {lower}{}": ["Set the scale-in threshold to at most 45.5%."],
  ", or the scale-out threshold to {at_least} {}{}": [
    "Set the scale-in threshold to at most 45%, or the scale-out threshold to at least 60%.",
    "Set the scale-in threshold to below 45, or the scale-out threshold to above 60.",
  ],
  "{count} Azure minute{}": [
    "A simulation needs 5 Azure minutes of load, and 1 Azure minute has been seen so far. Try again later",
  ],
  "A simulation needs {} of load, and {} been seen so far. Try again later": [
    "A simulation needs 5 Azure minutes of load, and 0 Azure minutes have been seen so far. Try again later",
  ],
  "flaps with {inward}. {load}, {} to {}, because {}. With {}, all scale-in rules{others} are true under the same load: {inward} sees {seen} ({}). {then}.":
    [
      "flaps with rules[1]. With Requests above 60, 1 instance scales out to 2, because average Requests over 5 minutes is above 60. With 2, all scale-in rules on this metric are true under the same load: rules[1] sees 60 (average Requests over 5 minutes is below 70). The count goes down again.",
      "flaps with rules[1]. At a load of any size of one instance, 2 instances scale out to 3, because average CPU over 5 minutes is above 0%. With 3, all scale-in rules are true under the same load: rules[1] sees 60 to 70% (average CPU over 5 minutes is below 70%). The count goes down again.",
    ],
  "has a cooldown of {}, but its action shows in full only after about {}: window {} + metric lag {}{starting}. A rule that acts earlier still sees the old count and {harm}.":
    [
      "has a cooldown of 5 minutes, but its action shows in full only after about 8 minutes: window 5 minutes + metric lag 3 minutes. A rule that acts earlier still sees the old count and removes another instance too early.",
      "has a cooldown of 5 minutes, but its action shows in full only after about 10 minutes: window 5 minutes + metric lag 3 minutes + 2 minutes to start an instance. A rule that acts earlier still sees the old count and adds more instances than needed.",
    ],
  "Autoscaling gained nothing for this load: {} {} of {of} at a p99 of {}, for {} of the cost.": [
    "Autoscaling gained nothing for this load: one instance refused none of 1,200 requests at a p99 of 28 ms, for 61% of the cost.",
    "Autoscaling gained nothing for this load: two instances failed 3 of 1,200 requests at a p99 of 28 ms, for 61% of the cost.",
    "Autoscaling gained nothing for this load: two instances refused 3 of 1,200 requests at a p99 of 28 ms, for 61% of the cost.",
  ],
  "Simulated: autoscaling gains nothing for this load: {} {are} overloaded for no longer ({}), for {} of the cost.":
    [
      "Simulated: autoscaling gains nothing for this load: one instance is overloaded for no longer (0 s), for 56% of the cost.",
      "Simulated: autoscaling gains nothing for this load: 4 instances are overloaded for no longer (1 min 2 s), for 56% of the cost.",
    ],
  "Simulated: {} {are} overloaded for {}; autoscaling for {}, {}.": [
    "Simulated: one instance is overloaded for 12 min; autoscaling for 4 min, for 60% of the cost of three instances.",
    "Simulated: two instances are overloaded for 12 min; autoscaling for 4 min, for the cost of 4 instances.",
  ],
  "The number of instances went from {} to {} at {}, but CPU did not trigger a rule ({}): its {which} value was {}.":
    [
      "The number of instances went from 1 to 2 at 17 s (Azure minute 17), but CPU did not trigger a rule (CPU > 70% over 5 min): its highest value was 40%.",
      "The number of instances went from 2 to 1 at 17 s, but CPU did not trigger a rule (CPU < 30% over 5 min): its lowest value was 40%.",
    ],
  "; the maximum of {maximum} instances does not suffice for a load of {highest:.0}%": [
    "The load was more than the ready instances could handle for 9 min (7.5% of the time) in 3 spans, the longest of 4 min; the maximum of 3 instances does not suffice for a load of 320%; for 2 min of that time a rule waited for its cooldown.",
  ],
  "; for {} of that time a rule waited for its cooldown": [
    "The load was more than the ready instances could handle for 9 min (7.5% of the time); for 2 min of that time a rule waited for its cooldown.",
  ],
  "; a second of the run stands for {} s": [
    "The load is the mean CPU of the instances times their number, sample by sample; a second of the run stands for 60 s.",
  ],
  "; {name} {} at {}": [
    "One instance refused 412 of 1,200 requests at a p99 of 2.1 s; autoscaling refused 9 at 290 ms, for 55% of the cost of three instances; three instances refused none at 27 ms.",
  ],
  "{small} {} of {of} at a p99 of {}; autoscaling {} at {}, {}{better}.": [
    "One instance failed 1,200 of 1,200 requests at a p99 of –; autoscaling refused none at 29 ms, for 70% of the cost of two instances.",
  ],
  "The fleet scaled out {} more{longest}.": [
    "The fleet scaled out 1 time more.",
    "The fleet scaled out 2 times more; the longest time to capacity was 1 min 4 s.",
  ],
  "{} of {} failed{kinds}, {}": [
    "3 of 1,200 requests failed (timeout: 2, 503: 1), 0.25%, within the limit of 1%.",
  ],
  "{failed}; the limit is {FAILED_AT_MOST}%.": ["30 of 1,200 requests failed, 2.5%; the limit is 1%."],
  "{failed}, within the limit of {FAILED_AT_MOST}%.": [
    "3 of 1,200 requests failed, 0.25%, within the limit of 1%.",
  ],
  "{how}; the limit is {}%.": [
    "While 3 instances were ready, they handled 900 requests; lab-3f2a9c was farthest from its fair share, 30% above it; the limit is 20%.",
    "Estimated from how long each instance ran, lab-3f2a9c was farthest from its fair share, 30% below it; the limit is 20%.",
  ],
  "{metric} {} over {}": [
    "CPU ≥ 70% over 5 min",
    "MemoryPercentage ≠ 70 over 1 h",
    "Requests = 7 over 2 min",
  ],
  "{}, of {}": ["refused, of 1,200 requests", "failed, of 1 request"],
  "{what} for {}, first at {}: {}.": [
    "The maximum held the fleet back for 9 min, first at 0:10:00: average CPU over 5 minutes 75.0% is above 70%, but 3 is the maximum.",
    "The flapping check held scale-in back for 1 min, first at 8:34:00: scale-in fires, but with 1 instead of 2 the average CPU over 2 minutes would be 75.4%, above 70%: stays at 2 (flapping).",
    "A scale-in rule held scale-in back for 1 min, first at 8:34:00: another scale-in rule fires, but average Requests over 5 minutes has no sample: stays at 2.",
    "The rules had no metric for 2 h 5 min, first at 8:34:00: no metric can be read: stays at 1.",
    "No profile applied for 3 days 2 h, first at 8:34:00: no profile applies: stays at 1.",
  ],
  "is missing. UTC is assumed.": ["is missing. UTC is assumed."],
  "is missing. PT1M is assumed.": ["is missing. PT1M is assumed."],
  "is missing. ChangeCount is assumed.": ["is missing. ChangeCount is assumed."],
  "{} undone although the load had not risen by a tenth.": [
    "1 scale-in was undone although the load had not risen by a tenth.",
    "2 scale-ins were undone although the load had not risen by a tenth.",
  ],
  "{} undone although the load had not fallen by a tenth.": [
    "1 scale-out was undone although the load had not fallen by a tenth.",
    "2 scale-outs were undone although the load had not fallen by a tenth.",
  ],
  "; no rule adds instances": [
    "The load was more than the ready instances could handle for 9 min (7.5% of the time); no rule adds instances.",
  ],
  "This machine's clock is {} {} the target's; the times of this run are the target's.": [
    "This machine's clock is 2.4 s ahead of the target's; the times of this run are the target's.",
    "This machine's clock is 2.4 s behind the target's; the times of this run are the target's.",
  ],
  "The stress share was skipped, the others took its place: {why}.": [
    "The stress share was skipped, the others took its place: the key was refused.",
    "The stress share was skipped, the others took its place: the app requires a key and there is none (FUNCTIONS_KEY).",
  ],
  "GET {} was answered {}{} before the load: is this Elastic Visits? To load another app, give a path of it with --path.":
    [
      "GET /health was answered 404 before the load: is this Elastic Visits? To load another app, give a path of it with --path.",
      "GET /health was answered 200 without a JSON object before the load: is this Elastic Visits? To load another app, give a path of it with --path.",
    ],
  "{} instance{}": ["The load is CpuPercentage times Instance Count: 1 instance."],
  "{value:.1} ms": ["250.0 ms"],
  "every action is by the {}": ["every action is by the autoscaler", "every action is by the app"],
});

/** Whether a text is known with numbers in it, is a part of a key, or is in known examples. */
function isKnown(text: string, dictionary: Record<string, string>): boolean {
  if (translator(dictionary, () => false)(text.replaceAll(PLACEHOLDER, "3")) !== undefined) return true;
  if (Object.keys(dictionary).some((key) => blank(key).includes(blank(text)))) return true;
  const parts = blank(text).split("{}");
  const examples = EXAMPLES[blank(text)] ?? [];
  const areKnown = examples.every((example) => {
    let at = 0;
    const hasAll = parts.every((part) => {
      const found = example.indexOf(part, at);
      at = found + part.length;
      return found >= 0;
    });
    return hasAll && translator(dictionary)(example) !== undefined;
  });
  return areKnown && examples.length > 0;
}

const pages = [
  { page: "the dashboard", sources: DASHBOARD, dictionary: SAID },
  { page: "a report", sources: REPORT, dictionary: SPANISH },
];

test.each(pages)("the sentences in the sources for $page", ({ sources, dictionary }) => {
  const missing = filesOf(sources).flatMap((file) =>
    texts(file)
      .filter((text) => !isKnown(text, dictionary))
      .map((text) => `${file}: ${text}`),
  );
  expect(missing, "add them to src/words/spanish*.ts or src/report/spanish*.ts").toEqual([]);
});

/** Sentences with parts that are sentences themselves. */
const WHOLE: [string, string][] = [
  [
    "flaps with rules[1]. At a load from 100 to 120% of one instance, 2 instances scale out to 3, because average CPU over 5 minutes is above 50%. With 3, all scale-in rules are true under the same load: rules[1] sees 33.3 to 40% (average CPU over 5 minutes is below 40%). Only Azure's flapping check, which is an estimate, keeps the larger count.",
    "oscila con rules[1]. Con una carga del 100 al 120 % de una instancia, 2 instancias se amplían a 3, porque la CPU media de 5 minutos supera el 50 %. Con 3, todas las reglas de reducción se cumplen con la misma carga: rules[1] ve de 33,3 a 40 % (la CPU media de 5 minutos está por debajo del 40 %). Solo la comprobación de oscilación de Azure, que es una estimación, mantiene el número mayor.",
  ],
  [
    "flaps with rules[1]. With Http Queue Length above 100, 1 instance scales out to 2, because Http Queue Length per instance over 5 minutes (Maximum of the minutes' Average) is above 50. With 2, all scale-in rules on this metric are true under the same load: rules[1] sees 60 (average Http Queue Length per instance over 1 hour is below 70). The count goes down again.",
    "oscila con rules[1]. Con Http Queue Length por encima de 100, 1 instancia se amplía a 2, porque el valor de Http Queue Length por instancia durante 5 minutos (máximo de las medias de cada minuto) supera 50. Con 2, todas las reglas de reducción sobre esta métrica se cumplen con la misma carga: rules[1] ve 60 (la media de Http Queue Length por instancia durante 1 hora está por debajo de 70). El número vuelve a bajar.",
  ],
  [
    "has a cooldown of 5 minutes, but its action shows in full only after about 10 minutes: window 5 minutes + metric lag 3 minutes + 2 minutes to start an instance. A rule that acts earlier still sees the old count and adds more instances than needed.",
    "tiene un enfriamiento de 5 minutos, pero su acción solo se ve por completo al cabo de 10 minutos, aproximadamente: 5 minutos de ventana + 3 minutos de retraso de la métrica + 2 minutos para arrancar una instancia. Una regla que actúa antes todavía ve el número anterior y agrega más instancias de las necesarias.",
  ],
  [
    "has a cooldown of 5 minutes, but its action shows in full only after about 1 hour 3 minutes: window 1 hour + metric lag 3 minutes. A rule that acts earlier still sees the old count and removes another instance too early.",
    "tiene un enfriamiento de 5 minutos, pero su acción solo se ve por completo al cabo de 1 hora 3 minutos, aproximadamente: 1 hora de ventana + 3 minutos de retraso de la métrica. Una regla que actúa antes todavía ve el número anterior y quita otra instancia demasiado pronto.",
  ],
  [
    "and rules[2] can never both be true (average CPU over 5 minutes is below 30%; average CPU over 10 minutes is above 50%), so the profile never scales in: Azure scales in only when all scale-in rules are true.",
    "y rules[2] nunca pueden cumplirse a la vez (la CPU media de 5 minutos está por debajo del 30 %; la CPU media de 10 minutos supera el 50 %), así que el perfil nunca se reduce: Azure solo reduce cuando se cumplen todas las reglas de reducción.",
  ],
  [
    "has ended: it applied from 2026-12-24 18:00 to 2026-12-27 06:00, W. Europe Standard Time (Europe/Berlin).",
    "ha terminado: se aplicó del 2026-12-24 18:00 al 2026-12-27 06:00, W. Europe Standard Time (Europe/Berlin).",
  ],
  [
    "every Monday and Wednesday to Friday at 08:00, 12:30 and 18:00, Europe/Madrid",
    "cada lunes y de miércoles a viernes a las 08:00, 12:30 y 18:00, Europe/Madrid",
  ],
  [
    "removes 20% when CPU over 10 minutes (Minimum of the Count of 5 minutes each) is at or below 3, cooldown 1 hour 30 minutes",
    "quita 20 % cuando el valor de CPU durante 10 minutos (mínimo de los recuentos de 5 minutos) es igual o inferior a 3; enfriamiento: 1 hora 30 minutos",
  ],
  [
    "below 60%: 1; 60 to 140%: stays; above 140%: stays (maximum)",
    "por debajo del 60 %: 1; de 60 a 140 %: sin cambios; por encima del 140 %: sin cambios (máximo)",
  ],
  [
    "scale-in fires, but with 2 instead of 3 the average Memory Percentage over 1 hour would be 82.5%, at or above 80%: stays at 3 (flapping)",
    "se activa la reducción, pero con 2 en lugar de 3 la media de Memory Percentage durante 1 hora sería 82,5 %, en el 80 % o más: sigue en 3 (oscilación)",
  ],
  [
    "average CPU over 12 hours 45.0%: no rule requires a change",
    "la CPU media de 12 horas (45,0 %): ninguna regla requiere un cambio",
  ],
  [
    "PATCH: minimumElasticInstanceCount 1 -> 2, functionAppScaleLimit 1 -> 2",
    "PATCH: minimumElasticInstanceCount de 1 a 2, functionAppScaleLimit de 1 a 2",
  ],
  [
    "is PT13H, and Azure accepts PT1M to PT12H. PT12H is used.",
    "es PT13H, y Azure admite de PT1M a PT12H. Se usa PT12H.",
  ],
];

test.each(WHOLE)("%s", (english, translated) => {
  const spaced = translated.replaceAll(" %", "\u00a0%");
  expect(said(english)).toBe(spaced);
  expect(spanish(english)).toBe(spaced);
});
