/** What the record says of the load, of the profiles, and of the run, in Spanish; the forms are those of `translate.ts`. */
export const NOTES: Record<string, string> = {
  // What the load is
  "step: 20% for 10 minutes, 150% for an hour, 20% for 50 minutes":
    "step: 20 % durante 10 minutos, 150 % durante una hora, 20 % durante 50 minutos",
  "ramp: from 0 to 240% in an hour, 240% for 30 minutes, to 0 in an hour, 0 for 30 minutes":
    "ramp: de 0 a 240 % en una hora, 240 % durante 30 minutos, hasta 0 en una hora, 0 durante 30 minutos",
  "spike: 30% for an hour and a half, but 250% for 5 minutes after the first half hour":
    "spike: 30 % durante una hora y media, pero 250 % durante 5 minutos tras la primera media hora",
  "daily: 24 hours from midnight, 20% at 4 o'clock, 200% at 16 o'clock, a sine between":
    "daily: 24 horas desde medianoche, 20 % a las 4, 200 % a las 16 y una curva senoidal entre ambas",
  "{}: {m}, {n}": "{0}: {1}, {2}",
  "{}: {m}, between {n} and {n}": "{0}: {1}, entre {2} y {3}",
  "{}, then {}": "{0}, luego {1}",
  "Open loop: {n} requests at given times": "Bucle abierto: {0} peticiones en momentos dados",
  "Closed loop: {n} requests, {n} at a time": "Bucle cerrado: {0} peticiones, {1} a la vez",
  "Closed loop: {}; each thinks for {m} between requests":
    "Bucle cerrado: {0}; cada uno espera {1} entre peticiones",
  "Closed loop: {}; each thinks for {m} to {m} between requests":
    "Bucle cerrado: {0}; cada uno espera de {1} a {2} entre peticiones",
  "1 user": "1 usuario",
  "{n} users": "{0} usuarios",
  "from {} to {} over {m}": "de {0} a {1} en {2}",
  "{} : {}": "{0} : {1}",
  "metrics {n}": "métricas {0}",
  "stress {n}": "prueba de CPU {0}",
  "listing {n}": "lista {0}",
  "Request: {}": "Petición: {0}",
  "Request: {}, with a body of {n} bytes": "Petición: {0}, con un cuerpo de {1} bytes",

  // How a recorded load was read
  "The load is the mean CPU of the instances times their number, sample by sample":
    "La carga es la CPU media de las instancias por su número, muestra a muestra",
  "a second of the run stands for {n} s": "un segundo de la ejecución representa {0} s",
  "The load is {x} times {}, the rules' default, as no instance counts are recorded; add a column instances, or download the metric for each instance (az monitor metrics list ... --dimension Instance).":
    "La carga es {0} por {1}, el valor predeterminado de las reglas, porque no hay números de instancias registrados; agregue una columna instances o descargue la métrica de cada instancia (az monitor metrics list ... --dimension Instance).",
  "The load is {x} times {x}: {}.": "La carga es {0} por {1}: {2}.",
  "The load is the mean {x} times the number of {} with a sample, each counted as one instance: {}.":
    "La carga es la media de {0} por el número de {1} con una muestra; cada muestra cuenta como una instancia: {2}.",
  columns: "columnas",
  "values of {x}": "valores de {0}",
  "{x} has no samples in the file.": "{0} no tiene muestras en el archivo.",
  "The column {x} contains text, not numbers: it is left out.":
    "La columna {0} contiene texto y no números: se omite.",
  "The file has no CPU and no load: the CPU is 0 throughout, and only its other metrics drive the rules.":
    "El archivo no tiene CPU ni carga: la CPU es siempre 0, y solo las demás métricas activan las reglas.",
  "{x}: the {} of each sample is spread evenly over the {m} that it spans.":
    "{0}: el valor de cada muestra ({1}) se reparte por igual entre los {2} que abarca.",
  "{x}: the {} of each sample is used, or the {} for rules of that statistic.":
    "{0}: de cada muestra se usa un valor ({1}), u otro ({2}) para las reglas de esa estadística.",
  "{x}: the {} of each sample is used, not the {}.":
    "{0}: de cada muestra se usa un valor ({1}), no otro ({2}).",
  "{x} is recorded as the {}, not as the average that the load needs; download it with --aggregation Average.":
    "{0} está registrada con otro valor ({1}), no con la media que necesita la carga; descárguela con --aggregation Average.",
  "{x} is recorded for several {}: the {} over them is used.":
    "{0} está registrada para varias series ({1}): se usa un valor de todas ellas ({2}).",
  average: "media",
  total: "suma",
  maximum: "máximo",
  minimum: "mínimo",
  count: "recuento",
  sum: "suma",
  highest: "máximo",
  lowest: "mínimo",
  "{} or {}": "{0} o {1}",
  "{n} to {n} instances": "de {0} a {1} instancias",
  "{x} is missing in {}: its last value is used there.": "Falta {0} en {1}: ahí se usa su último valor.",
  "The recorded CPU was 99% or more for {m}: the true load is not known there, it was at least that. Raise the load in the file to simulate more.":
    "La CPU registrada fue del 99 % o más durante {0}: ahí no se conoce la carga real, que fue al menos esa. Aumente la carga en el archivo para simular más.",
  "Samples of the load are missing for {m} ({}): it keeps its last value there.":
    "Faltan muestras de la carga durante {0} ({1}): ahí conserva su último valor.",
  "Samples are {m} apart: each is held until the next, so shorter peaks are not seen.":
    "Hay una muestra cada {0}: cada una vale hasta la siguiente, así que no se ven picos más cortos.",
  "{x} has a sample every {m}: each is held until the next.":
    "{0} tiene una muestra cada {1}: cada una vale hasta la siguiente.",
  "The times in the file have no offset: they are read as local times of the time zone of --timezone.":
    "Las horas del archivo no tienen desfase: se leen como horas locales de la zona horaria de --timezone.",
  "Samples are not in the order of time: {} earlier than the one before. They were sorted.":
    "Las muestras no están en orden cronológico: {0} anteriores a la precedente. Se ordenaron.",
  "Times repeat ({}), as where files overlap or clocks go back: the last sample of a time is used.":
    "Se repiten horas ({0}), como cuando se solapan archivos o se atrasan los relojes: se usa la última muestra de cada hora.",
  "1 sample": "1 muestra",
  "{n} samples": "{0} muestras",
  "1 gap": "1 hueco",
  "{n} gaps": "{0} huecos",

  // Names
  "{x} (after {x})": "{0} (después de {1})",
  "{} (compared)": "{0} (comparado)",

  // Notes on a run
  "{n} requests were in flight at times (--max-in-flight), so that {n} started late; their latency counts from when they should have started.":
    "A veces hubo {0} peticiones en curso (--max-in-flight), por lo que {1} empezaron tarde; su latencia cuenta desde el momento en que debían empezar.",
  "The {n} threads of the load generator were busy all the time: it may have been the limit, and not the target. --threads gives it more.":
    "Los {0} hilos del generador de carga estuvieron siempre ocupados: puede que el límite fuera él y no el destino. Aumente --threads.",
  "{n} requests could not be started before the load was over and count as failed.":
    "{0} peticiones no pudieron empezar antes del fin de la carga y cuentan como fallidas.",
  "{n} requests were in flight when the run was interrupted; they are not counted.":
    "Al interrumpir la ejecución había {0} peticiones en curso; no se cuentan.",
  "The key goes to {} without encryption.": "La clave se envía a {0} sin cifrar.",
  "This machine's clock is {m} ahead of the target's; the times of this run are the target's.":
    "El reloj de esta máquina va {0} por delante del reloj del destino; las horas de esta ejecución son las del destino.",
  "This machine's clock is {m} behind the target's; the times of this run are the target's.":
    "El reloj de esta máquina va {0} por detrás del reloj del destino; las horas de esta ejecución son las del destino.",
  "The target did not list its instances (GET /api/instances), so only x-instance-id was counted.":
    "El destino no indicó sus instancias (GET /api/instances), así que solo se contó x-instance-id.",
  "The target doesn't tell the number and CPU of its instances: it isn't lab up, or FUNCTIONS_KEY isn't its master key.":
    "El destino no informa del número ni de la CPU de sus instancias: no es lab up, o FUNCTIONS_KEY no es su clave maestra.",
  "GET {} was answered {n} before the load: is this Elastic Visits? To load another app, give a path of it with --path.":
    "Antes de la carga, GET {0} devolvió {1}: ¿es Elastic Visits? Para cargar otra aplicación, indique una de sus rutas con --path.",
  "GET {} was answered {n} without a JSON object before the load: is this Elastic Visits? To load another app, give a path of it with --path.":
    "Antes de la carga, GET {0} devolvió {1} sin un objeto JSON: ¿es Elastic Visits? Para cargar otra aplicación, indique una de sus rutas con --path.",
  "The stress share was skipped, the others took its place: the key was refused.":
    "Se omitieron las pruebas de CPU y las demás peticiones ocuparon su lugar: se rechazó la clave.",
  "The stress share was skipped, the others took its place: the app requires a key and there is none (FUNCTIONS_KEY).":
    "Se omitieron las pruebas de CPU y las demás peticiones ocuparon su lugar: la aplicación exige una clave y no hay ninguna (FUNCTIONS_KEY).",
  "{} at the end of the URL is left out: the whole app is loaded":
    "se omite {0} al final de la URL: se carga toda la aplicación",
  "what follows ? in the URL is not sent; a key goes into FUNCTIONS_KEY":
    "lo que sigue a ? en la URL no se envía; una clave se pone en FUNCTIONS_KEY",
  "Azure's log names no scale action during the run.":
    "El registro de Azure no contiene ninguna acción de escalado durante la ejecución.",
  "The platform restarted the app, as --restart-on-patch asks for. Requests in flight then failed, so the conditions alone decide whether the demonstration passed.":
    "La plataforma reinició la aplicación, como pide --restart-on-patch. Las peticiones en curso fallaron entonces, así que solo las condiciones deciden si la demostración se superó.",
  "The demonstration did not run to its end.": "La demostración no llegó a su fin.",
  "Prices of {} for {}: {}": "Precios del {0} para {1}: {2}",
  "Pay-as-you-go list prices for Linux as Infracost's published examples give them (P0v3 {n} a month; EP1 {n} a month: 1 vCPU and {n} GB). They were not compared with Azure's own price list: check them at {} and {} and correct this file.":
    "Precios de lista de pago por uso para Linux según los ejemplos publicados de Infracost (P0v3, {0} al mes; EP1, {1} al mes: 1 vCPU y {2} GB). No se han comparado con la lista de precios de Azure: compruébelos en {3} y en {4} y corrija este archivo.",
  "Every request failed ({}): {}.": "Fallaron todas las peticiones ({0}): {1}.",
  "the key was refused. Check FUNCTIONS_KEY": "se rechazó la clave. Compruebe FUNCTIONS_KEY",
  "the function requires a key. Put it into the variable FUNCTIONS_KEY; lab up --enable-auth prints the keys":
    "la función exige una clave. Póngala en la variable FUNCTIONS_KEY; lab up --enable-auth muestra las claves",
  "the app doesn't allow this request": "la aplicación no permite esta petición",
  "no function has this path and method. Check --path and --method; routes begin with /api unless host.json says otherwise":
    "ninguna función tiene esta ruta y este método. Compruebe --path y --method; las rutas empiezan por /api salvo que host.json diga otra cosa",
  "the app doesn't accept this request. Check --method, --body, and --header":
    "la aplicación no acepta esta petición. Compruebe --method, --body y --header",
  "the app is overloaded or not ready. Try a lower --rate":
    "la aplicación está sobrecargada o no está lista. Pruebe con un --rate menor",
  "the app failed. See its output, which lab up shows":
    "la aplicación falló. Consulte su salida, que muestra lab up",
  "the app isn't running any longer": "la aplicación ya no está en ejecución",
  "the app doesn't respond in time. --timeout allows more time, and a lower --rate causes less load":
    "la aplicación no responde a tiempo. --timeout da más tiempo, y un --rate menor causa menos carga",
  "the server doesn't respond in HTTP. Check the URL: http:// or https://":
    "el servidor no responde en HTTP. Compruebe la URL: http:// o https://",
  "lab load reads responses of up to 100 MiB": "lab load lee respuestas de hasta 100 MiB",

  // Failures and conditions
  "connection closed": "conexión cerrada",
  unreachable: "inaccesible",
  "out of local resources": "sin recursos locales",
  "not HTTP": "no es HTTP",
  "answer too large": "respuesta demasiado grande",
  TLS: "TLS",
  "not started": "sin empezar",
  other: "otro",
  "{n} instances, then the minimum": "{0} instancias y después el mínimo",
  "at most {n}, {n} in the end": "{0} como máximo, {1} al final",
  "at most {n}, {n} when time was up ({})": "{0} como máximo, {1} al agotarse el tiempo ({2})",
  "every visit is 201": "todas las visitas devuelven 201",
  "not measured": "sin medir",
  "no request failed but those in flight at {n} restarts":
    "solo fallaron peticiones en curso durante {0} reinicios",
  "{n} of {n}; {n} were in flight at restarts": "{0} de {1}; {2} estaban en curso durante los reinicios",
};
