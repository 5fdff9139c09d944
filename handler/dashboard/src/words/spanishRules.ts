/** What the rule engine and `lab rules` say about rules, in Spanish; the forms are those of `translate.ts`. */
export const RULES: Record<string, string> = {
  // What an evaluation decides
  "{}: out from {n} to {n}": "{0}: ampliación de {1} a {2}",
  "{}: out from {n} to {n}, the maximum": "{0}: ampliación de {1} a {2}, el máximo",
  "{}: in from {n} to {n}": "{0}: reducción de {1} a {2}",
  "{}: in from {n} to {n} and not to {n}, where scale-out would follow (flapping)":
    "{0}: reducción de {1} a {2} y no a {3}, donde volvería a ampliarse (oscilación)",
  "{n} is outside the limits {n} to {n}: set to {n}":
    "{0} está fuera de los límites de {1} a {2}: pasa a {3}",
  "no metric can be read: out from {n} to the default of {n}":
    "no se puede leer ninguna métrica: ampliación de {0} al valor predeterminado de {1}",
  "no metric can be read: stays at {n}": "no se puede leer ninguna métrica: sigue en {0}",
  "no profile applies: stays at {n}": "no se aplica ningún perfil: sigue en {0}",
  "{}, but its cooldown ends in {m}: stays at {n}": "{0}, pero su enfriamiento termina en {1}: sigue en {2}",
  "{}, but {n} is the minimum": "{0}, pero {1} es el mínimo",
  "{}, but {n} is the maximum": "{0}, pero {1} es el máximo",
  "{}, but the rule sets {n} and there are {n}": "{0}, pero la regla fija {1} y hay {2}",
  "scale-in fires, but with {n} instead of {n} the {} would be {n}, {}: stays at {n} (flapping)":
    "se activa la reducción, pero con {0} en lugar de {1} {2} sería {3}, {4}: sigue en {5} (oscilación)",
  "another scale-in rule fires, but {} is not {}: stays at {n}":
    "se activa otra regla de reducción, pero {0} no está {1}: sigue en {2}",
  "another scale-in rule fires, but {} has no sample: stays at {n}":
    "se activa otra regla de reducción, pero {0} no tiene muestras: sigue en {1}",
  "{}: no rule requires a change": "{0}: ninguna regla requiere un cambio",
  "no rule requires a change": "ninguna regla requiere un cambio",
  "the current number of instances is not known": "no se conoce el número actual de instancias",
  "the autoscale setting is not enabled": "la configuración de escalado no está habilitada",
  "no profile applies now": "ahora no se aplica ningún perfil",
  "events: {n} requests in flight at {n} instances": "eventos: {0} peticiones en curso con {1} instancias",
  "PATCH: minimumElasticInstanceCount {n} -> {n}, functionAppScaleLimit {n} -> {n}":
    "PATCH: minimumElasticInstanceCount de {0} a {1}, functionAppScaleLimit de {2} a {3}",

  // The parts of a rule: its metric with and without a value, and the comparison
  "average CPU over {m}": "la CPU media de {0}",
  "average CPU over {m} {n}": "la CPU media de {0} ({1})",
  "average {x} over {m}": "la media de {0} durante {1}",
  "average {x} over {m} {n}": "la media de {0} durante {1} ({2})",
  "average {x} per instance over {m}": "la media de {0} por instancia durante {1}",
  "average {x} per instance over {m} {n}": "la media de {0} por instancia durante {1} ({2})",
  "{x} over {m} ({} of {})": "el valor de {0} durante {1} ({2} de {3})",
  "{x} over {m} ({} of {}) {n}": "el valor de {0} durante {1} ({2} de {3}; {4})",
  "{x} per instance over {m} ({} of {})": "el valor de {0} por instancia durante {1} ({2} de {3})",
  "{x} per instance over {m} ({} of {}) {n}": "el valor de {0} por instancia durante {1} ({2} de {3}; {4})",
  "the minutes' Average": "las medias de cada minuto",
  "the minutes' Min": "los mínimos de cada minuto",
  "the minutes' Max": "los máximos de cada minuto",
  "the minutes' Sum": "las sumas de cada minuto",
  "the minutes' Count": "los recuentos de cada minuto",
  "the Average of {m} each": "las medias de {0}",
  "the Min of {m} each": "los mínimos de {0}",
  "the Max of {m} each": "los máximos de {0}",
  "the Sum of {m} each": "las sumas de {0}",
  "the Count of {m} each": "los recuentos de {0}",
  Average: "media",
  Minimum: "mínimo",
  Maximum: "máximo",
  Total: "suma",
  Count: "recuento",
  Last: "último valor",
  "{} is above {n}%": "{0} supera el {1} %",
  "{} is above {n}": "{0} supera {1}",
  "{} is at or above {n}%": "{0} es igual o superior al {1} %",
  "{} is at or above {n}": "{0} es igual o superior a {1}",
  "{} is below {n}%": "{0} está por debajo del {1} %",
  "{} is below {n}": "{0} está por debajo de {1}",
  "{} is at or below {n}%": "{0} es igual o inferior al {1} %",
  "{} is at or below {n}": "{0} es igual o inferior a {1}",
  "{} is equal to {n}": "{0} es igual a {1}",
  "{} is not equal to {n}": "{0} no es igual a {1}",
  "above {n}%": "por encima del {0} %",
  "above {n}": "por encima de {0}",
  "at or above {n}%": "en el {0} % o más",
  "at or above {n}": "en {0} o más",
  "below {n}%": "por debajo del {0} %",
  "below {n}": "por debajo de {0}",
  "at or below {n}%": "en el {0} % o menos",
  "at or below {n}": "en {0} o menos",
  "equal to {n}": "en {0}",
  "not equal to {n}": "fuera de {0}",

  // A rule
  "adds {n} when {}, cooldown {m}": "agrega {0} cuando {1}; enfriamiento: {2}",
  "removes {n} when {}, cooldown {m}": "quita {0} cuando {1}; enfriamiento: {2}",
  "adds one step when {}, cooldown {m}": "agrega un paso cuando {0}; enfriamiento: {1}",
  "removes one step when {}, cooldown {m}": "quita un paso cuando {0}; enfriamiento: {1}",
  "raises to {n} when {}, cooldown {m}": "amplía a {0} cuando {1}; enfriamiento: {2}",
  "lowers to {n} when {}, cooldown {m}": "reduce a {0} cuando {1}; enfriamiento: {2}",
  "sets {n} when {}, cooldown {m}": "fija {0} cuando {1}; enfriamiento: {2}",
  "changes nothing by {n} when {}, cooldown {m}": "no cambia nada ({0}) cuando {1}; enfriamiento: {2}",
  "changes nothing by one step when {}, cooldown {m}":
    "no cambia nada (un paso) cuando {0}; enfriamiento: {1}",

  // When a profile applies
  "when no other profile applies": "cuando no se aplica ningún otro perfil",
  "every day at {}, {x}": "todos los días a las {0}, {1}",
  "every day at {} and {}, {x}": "todos los días a las {0} y {1}, {2}",
  "every {} at {}, {x}": "cada {0} a las {1}, {2}",
  "every {} at {} and {}, {x}": "cada {0} a las {1} y {2}, {3}",
  "every {} to {} at {}, {x}": "de {0} a {1} a las {2}, {3}",
  "every {} to {} at {} and {}, {x}": "de {0} a {1} a las {2} y {3}, {4}",
  "every {} and {} to {} at {}, {x}": "cada {0} y de {1} a {2} a las {3}, {4}",
  "every {} and {} to {} at {} and {}, {x}": "cada {0} y de {1} a {2} a las {3} y {4}, {5}",
  "from {} to {}, {x}": "del {0} al {1}, {2}",
  "{n} more times": "{0} más",
  Monday: "lunes",
  Tuesday: "martes",
  Wednesday: "miércoles",
  Thursday: "jueves",
  Friday: "viernes",
  Saturday: "sábado",
  Sunday: "domingo",

  // The text of `lab rules`
  "the active rules: {}, {}": "las reglas activas: {0}, {1}",
  "the active rules ({x}): {}, {}": "las reglas activas ({0}): {1}, {2}",
  "the changed rules: {}, {}": "las reglas cambiadas: {0}, {1}",
  "the changed rules ({x}): {}, {}": "las reglas cambiadas ({0}): {1}, {2}",
  "no faults": "ningún error",
  "1 fault": "1 error",
  "{n} faults": "{0} errores",
  "no hints": "ninguna sugerencia",
  "1 hint": "1 sugerencia",
  "{n} hints": "{0} sugerencias",
  "fault {}": "error {0}",
  "hint {}": "sugerencia {0}",
  "the file": "el archivo",
  "{} and 1 more place": "{0} y 1 lugar más",
  "{} and {n} more places": "{0} y {1} lugares más",
  "limits and rules as in {x}": "límites y reglas como en {0}",
  "always 1 instances": "siempre 1 instancia",
  "always {n} instances": "siempre {0} instancias",
  "{n} to {n} instances, {n} by default": "de {0} a {1} instancias, {2} de forma predeterminada",
  "At a constant load ({}):": "Con una carga constante ({0}):",
  "At a constant load ({x}):": "Con una carga constante ({0}):",
  "CPU, in percent of what one instance can do": "CPU, en porcentaje de lo que puede una instancia",
  "CPU, in percent of what one instance can do, if rules on other metrics do not interfere":
    "CPU, en porcentaje de lo que puede una instancia, si no interfieren las reglas sobre otras métricas",
  "{x}, if rules on other metrics do not interfere": "{0}, si no interfieren las reglas sobre otras métricas",
  "1 instance": "1 instancia",
  "{n} instances": "{0} instancias",
  "{n} instances {}": "{0} instancias {1}",
  "{}; {}": "{0}; {1}",
  "{}: {n}": "{0}: {1}",
  stays: "sin cambios",
  "{}: stays": "{0}: sin cambios",
  "{}: stays (flapping check)": "{0}: sin cambios (comprobación de oscilación)",
  "{}: stays (maximum)": "{0}: sin cambios (máximo)",
  "{}: stays (not all scale-in rules are true)":
    "{0}: sin cambios (no se cumplen todas las reglas de reducción)",
  "{}: stays (no sample)": "{0}: sin cambios (sin muestras)",
  "at any load": "con cualquier carga",
  "{n} to {n}": "de {0} a {1}",
  "{n} more counts are not shown": "No se muestran otros {0} números de instancias",
  "No table for some rules: {}.": "Sin tabla para algunas reglas: {0}.",
  "Azure accepts {n} rules in a profile": "Azure admite {0} reglas por perfil",
  "how {x} depends on the number of instances is not known. Simulate it with lab simulate --load":
    "no se sabe cómo depende {0} del número de instancias. Simúlelo con lab simulate --load",
  "{n} more profiles are neither shown nor checked: Azure accepts {n}.":
    "No se muestran ni se comprueban otros {0} perfiles: Azure admite {1}.",

  // Rules that flap
  "flaps with {}. {}, {} to {n}, because {}. With {n}, all scale-in rules are true under the same load: {} sees {} ({}). {}.":
    "oscila con {0}. {1}, {2} a {3}, porque {4}. Con {5}, todas las reglas de reducción se cumplen con la misma carga: {6} ve {7} ({8}). {9}.",
  "flaps with {}. {}, {} to {n}, because {}. With {n}, all scale-in rules on this metric are true under the same load: {} sees {} ({}). {}.":
    "oscila con {0}. {1}, {2} a {3}, porque {4}. Con {5}, todas las reglas de reducción sobre esta métrica se cumplen con la misma carga: {6} ve {7} ({8}). {9}.",
  "At a load {} of one instance": "Con una carga {0} de una instancia",
  "of any size": "de cualquier tamaño",
  "from {n} to {n}%": "del {0} al {1} %",
  "With {x} of any size": "Con {0} de cualquier tamaño",
  "With {x} below {n}": "Con {0} por debajo de {1}",
  "With {x} above {n}": "Con {0} por encima de {1}",
  "With {x} from {n} to {n}": "Con {0} de {1} a {2}",
  "1 instance scales out": "1 instancia se amplía",
  "{n} instances scale out": "{0} instancias se amplían",
  "Only Azure's flapping check, which is an estimate, keeps the larger count":
    "Solo la comprobación de oscilación de Azure, que es una estimación, mantiene el número mayor",
  "The count goes down again": "El número vuelve a bajar",
  "Change the conditions so that they are not true at the same load.":
    "Cambie las condiciones para que no se cumplan con la misma carga.",
  "Set the scale-in threshold to at most {n}.": "Ponga el umbral de reducción en {0} como máximo.",
  "Set the scale-in threshold to below {n}.": "Ponga el umbral de reducción por debajo de {0}.",
  "Set the scale-in threshold to at most {n}, or the scale-out threshold to at least {n}.":
    "Ponga el umbral de reducción en {0} como máximo, o el de ampliación en {1} como mínimo.",
  "Set the scale-in threshold to below {n}, or the scale-out threshold to above {n}.":
    "Ponga el umbral de reducción por debajo de {0}, o el de ampliación por encima de {1}.",

  // Conditions
  "can never be true: it asks whether {}, so the profile never scales in.":
    "no puede cumplirse nunca: pregunta si {0}, así que el perfil nunca se reduce.",
  "can never be true: it asks whether {}, so the rule never acts.":
    "no puede cumplirse nunca: pregunta si {0}, así que la regla nunca actúa.",
  "Choose a threshold that the metric can reach.": "Elija un umbral que la métrica pueda alcanzar.",
  "divides a percentage, which is already an average over the instances, by their number: with 2 instances it sees at most 50%, with 4 at most 25%.":
    "divide un porcentaje, que ya es una media de las instancias, por el número de instancias: con 2 instancias ve como máximo el 50 %; con 4, el 25 %.",
  "Set dividePerInstance to false.": "Ponga dividePerInstance en false.",
  "and {} can never both be true ({}; {}), so the profile never scales in: Azure scales in only when all scale-in rules are true.":
    "y {0} nunca pueden cumplirse a la vez ({1}; {2}), así que el perfil nunca se reduce: Azure solo reduce cuando se cumplen todas las reglas de reducción.",
  "Remove one of them, or make their conditions overlap.":
    "Quite una de ellas o haga que sus condiciones coincidan en parte.",
  "never decides alone: Azure scales in only when all scale-in rules are true, and {} is stricter ({}). Of their steps the smaller one is taken.":
    "nunca decide sola: Azure solo reduce cuando se cumplen todas las reglas de reducción, y {0} es más estricta ({1}). De sus pasos se aplica el menor.",
  "Keep one scale-in rule for each metric.": "Deje una sola regla de reducción por métrica.",

  // Calendars
  "never applies: {x} recurs, a recurring profile lasts until the next recurring one starts, and none of them has the limits and rules of this default.":
    "no se aplica nunca: {0} es periódico, un perfil periódico dura hasta que empieza el siguiente, y ninguno tiene los límites y las reglas de este perfil predeterminado.",
  "Add a recurring profile with these limits and rules that starts when the other one should end; the portal does so when you give the profile an end time.":
    "Agregue un perfil periódico con estos límites y reglas que empiece cuando deba terminar el otro; el portal lo hace si le indica al perfil una hora de fin.",
  "never applies: fixed-date profiles before it in the file cover its time.":
    "no se aplica nunca: otros perfiles de fecha fija, anteriores en el archivo, cubren su tiempo.",
  "never applies: another recurring profile starts whenever this one does, and comes first.":
    "no se aplica nunca: otro perfil periódico, anterior en el archivo, empieza siempre a la vez.",
  "Change its calendar, or remove it.": "Cambie su calendario o quítelo.",
  "has no end: it starts {}, and no other recurring profile ends it, so it always applies.":
    "no tiene fin: empieza {0}, y ningún otro perfil periódico lo termina, así que se aplica siempre.",
  "has no end: it starts {}, and no companion profile is for it, so it lasts until the next recurring profile starts.":
    "no tiene fin: empieza {0}, y no tiene un perfil complementario, así que dura hasta que empieza el siguiente perfil periódico.",
  "Add a recurring profile that starts when this one should end.":
    "Agregue un perfil periódico que empiece cuando deba terminar este.",
  "has other limits or rules than {x}, which it repeats. Azure uses those written here.":
    "tiene otros límites o reglas que {0}, el perfil que repite. Azure usa los que están escritos aquí.",
  "Copy the limits and rules of the default into it.":
    "Copie en él los límites y las reglas del perfil predeterminado.",
  "has ended: it applied {}.": "ha terminado: se aplicó {0}.",
  "Remove it, or change its dates.": "Quítelo o cambie sus fechas.",
  "leave times at which no profile applies: there is no default profile and no recurring one. The count then stays as it is.":
    "dejan momentos en los que no se aplica ningún perfil: no hay un perfil predeterminado ni uno periódico. Entonces el número no cambia.",
  "Add a profile without a calendar.": "Agregue un perfil sin calendario.",

  // Cooldowns, the default count, and missing rules
  "has no rule that changes the count: it stays anywhere within its limits.":
    "no tiene ninguna regla que cambie el número: se queda donde esté dentro de sus límites.",
  "Add rules, or set minimum and maximum to the count that is meant.":
    "Agregue reglas, o ponga el mínimo y el máximo en el número que desea.",
  "has no scale-out rule: the count can only fall.":
    "no tiene ninguna regla de ampliación: el número solo puede bajar.",
  "Add a scale-out rule.": "Agregue una regla de ampliación.",
  "has no scale-in rule: the count can only grow, and every instance is paid for.":
    "no tiene ninguna regla de reducción: el número solo puede subir, y cada instancia se paga.",
  "Add a scale-in rule.": "Agregue una regla de reducción.",
  "is {n}, the minimum. When no metric can be read, Azure scales out to the default, so here nothing scales out.":
    "es {0}, el mínimo. Cuando no se puede leer ninguna métrica, Azure amplía hasta el valor predeterminado, así que aquí no se amplía nada.",
  "Set it to a count that carries the usual load.": "Ponga un número que baste para la carga habitual.",
  "has a cooldown of {m}, but its action shows in full only after about {m}: window {m} + metric lag {}. A rule that acts earlier still sees the old count and adds more instances than needed.":
    "tiene un enfriamiento de {0}, pero su acción solo se ve por completo al cabo de {1}, aproximadamente: {2} de ventana + {3} de retraso de la métrica. Una regla que actúa antes todavía ve el número anterior y agrega más instancias de las necesarias.",
  "has a cooldown of {m}, but its action shows in full only after about {m}: window {m} + metric lag {m} + {m} to start an instance. A rule that acts earlier still sees the old count and adds more instances than needed.":
    "tiene un enfriamiento de {0}, pero su acción solo se ve por completo al cabo de {1}, aproximadamente: {2} de ventana + {3} de retraso de la métrica + {4} para arrancar una instancia. Una regla que actúa antes todavía ve el número anterior y agrega más instancias de las necesarias.",
  "has a cooldown of {m}, but its action shows in full only after about {m}: window {m} + metric lag {m}. A rule that acts earlier still sees the old count and removes another instance too early.":
    "tiene un enfriamiento de {0}, pero su acción solo se ve por completo al cabo de {1}, aproximadamente: {2} de ventana + {3} de retraso de la métrica. Una regla que actúa antes todavía ve el número anterior y quita otra instancia demasiado pronto.",
  "Set the cooldown to {m} or longer, or simulate it with lab simulate.":
    "Ponga un enfriamiento de {0} o más, o simúlelo con lab simulate.",
  "have unequal cooldowns: {m} out and {m} in. Each rule waits for its own cooldown since the most recent action in any direction: after any action, a scale-in rule may act after {m}, a scale-out rule after {m}.":
    "tienen enfriamientos distintos: {0} para ampliar y {1} para reducir. Cada regla espera su propio enfriamiento desde la última acción en cualquier sentido: tras una acción, una regla de reducción puede actuar después de {2}; una de ampliación, después de {3}.",
  "Nothing to change if that is meant.": "Si es lo que desea, no cambie nada.",
};
