/**
 * The report in Spanish. The key of a text is its English form, as the lab writes it. `{n}` stands for a number, `{m}` for a
 * measure or a time, and `{}` for a name or another text that is listed. In the translation `{0}` is the first of these. A text
 * that is not listed stays in English; `translate.test.ts` names those of the sample reports.
 */
export const SPANISH: Record<string, string> = {
  // The first screen
  "{} · {}": "{0} · {1}",
  "Autoscaling worked": "El escalado automático funcionó",
  "Autoscaling did not work": "El escalado automático no funcionó",
  "Autoscaling was not needed": "No hizo falta el escalado automático",
  "This run does not show whether autoscaling works":
    "Esta ejecución no muestra si el escalado automático funciona",
  "one Azure minute lasts {}": "un minuto de Azure dura {0}",
  "Ready instances over time: {}": "Instancias listas en el tiempo: {0}",
  Simulation: "Simulación",
  Requests: "Peticiones",
  "at most {n} per second": "{0} por segundo como máximo",
  Successful: "Correctas",
  Failed: "Fallidas",
  Busy: "Ocupadas",
  "CPU tests rejected because one was already running":
    "pruebas de CPU rechazadas porque ya había una en curso",
  "half were faster": "la mitad fue más rápida",
  "95% were faster": "el 95 % fue más rápido",
  "99% were faster; the slowest took {}": "el 99 % fue más rápido; la más lenta tardó {0}",
  p50: "p50",
  p95: "p95",
  p99: "p99",
  "Most instances": "Máximo de instancias",
  "{n} at the start, {n} at the end": "{0} al principio, {1} al final",
  "Scaling actions": "Acciones de escalado",
  "{n}→{n} at {m}": "{0}→{1} ({2})",
  "Instance-hours": "Horas de instancia",
  "instances wanted, times Azure hours": "instancias deseadas por horas de Azure",
  "{} on {}": "{0} en {1}",
  "Time to capacity": "Tiempo hasta tener capacidad",
  "from CPU above the threshold until the new instance was ready":
    "desde que la CPU superó el umbral hasta que la instancia nueva estuvo lista",
  "{n} Azure minutes, {}": "{0} minutos de Azure, {1}",
  Overloaded: "Sobrecarga",
  "the load exceeded what the ready instances can handle":
    "la carga superó lo que pueden atender las instancias listas",
  "Cost per month": "Coste al mes",
  "{}, if the whole month looks like this": "{0}, si todo el mes es así",

  // What autoscaling bought
  "What autoscaling bought": "Qué aportó el escalado automático",
  "The same load on fleets of a fixed size.": "La misma carga con un número fijo de instancias.",
  Autoscaled: "Con escalado automático",
  "one instance": "una instancia",
  "One instance": "Una instancia",
  "two instances": "dos instancias",
  "Two instances": "Dos instancias",
  "three instances": "tres instancias",
  "Three instances": "Tres instancias",
  "{} refused none of {} at a p99 of {}; autoscaling {} at {}, {}.":
    "{0}: no se rechazó ninguna de {1}, con un p99 de {2}; escalado automático: {3}, con {4}, {5}.",
  "{} refused none of {} at a p99 of {}; autoscaling {} at {}, {}; {} instances {} at {}.":
    "{0}: no se rechazó ninguna de {1}, con un p99 de {2}; escalado automático: {3}, con {4}, {5}; {6} instancias: {7}, con {8}.",
  "{} refused {n} of {} at a p99 of {}; autoscaling {} at {}, {}.":
    "{0}: se rechazaron {1} de {2}, con un p99 de {3}; escalado automático: {4}, con {5}, {6}.",
  "{} refused {n} of {} at a p99 of {}; autoscaling {} at {}, {}; {} instances {} at {}.":
    "{0}: se rechazaron {1} de {2}, con un p99 de {3}; escalado automático: {4}, con {5}, {6}; {7} instancias: {8}, con {9}.",
  "{} failed {n} of {} at a p99 of {}; autoscaling {} at {}, {}.":
    "{0}: fallaron {1} de {2}, con un p99 de {3}; escalado automático: {4}, con {5}, {6}.",
  "{} failed {n} of {} at a p99 of {}; autoscaling {} at {}, {}; {} instances {} at {}.":
    "{0}: fallaron {1} de {2}, con un p99 de {3}; escalado automático: {4}, con {5}, {6}; {7} instancias: {8}, con {9}.",
  three: "tres",
  two: "dos",
  none: "ninguna",
  "refused none": "ninguna rechazada",
  "refused {n}": "{0} rechazadas",
  "failed {n}": "{0} fallidas",
  "for the cost of {}": "por el coste de {0}",
  "for {n} of the cost of {}": "por el {0} del coste de {1}",
  "Autoscaling gained nothing for this load: {} refused none of {} at a p99 of {}, for {n} of the cost.":
    "El escalado automático no aportó nada con esta carga: con {0} no se rechazó ninguna de {1}, con un p99 de {2}, por el {3} del coste.",
  "Autoscaling gained nothing for this load: {} refused {n} of {} at a p99 of {}, for {n} of the cost.":
    "El escalado automático no aportó nada con esta carga: con {0} se rechazaron {1} de {2}, con un p99 de {3}, por el {4} del coste.",
  "Autoscaling gained nothing for this load: {} failed {n} of {} at a p99 of {}, for {n} of the cost.":
    "El escalado automático no aportó nada con esta carga: con {0} fallaron {1} de {2}, con un p99 de {3}, por el {4} del coste.",
  "Simulated: {} is overloaded for {}; autoscaling for {}, {}.":
    "Simulación: {0} está sobrecargada durante {1}; el escalado automático, durante {2}, {3}.",
  "Simulated: {} are overloaded for {}; autoscaling for {}, {}.":
    "Simulación: {0} están sobrecargadas durante {1}; el escalado automático, durante {2}, {3}.",
  "Simulated: autoscaling gains nothing for this load: {} is overloaded for no longer ({}), for {n} of the cost.":
    "Simulación: el escalado automático no aporta nada con esta carga: {0} no está sobrecargada más tiempo ({1}), por el {2} del coste.",
  "Simulated: autoscaling gains nothing for this load: {} are overloaded for no longer ({}), for {n} of the cost.":
    "Simulación: el escalado automático no aporta nada con esta carga: {0} no están sobrecargadas más tiempo ({1}), por el {2} del coste.",
  "refused, of {}": "rechazadas, de {0}",
  "failed, of {}": "fallidas, de {0}",
  "time overloaded": "tiempo con sobrecarga",
  "instance-hours": "horas de instancia",
  "instance-hours, {} on {}": "horas de instancia, {0} en {1}",
  "Measured with real processes over {} of Azure time. Every fleet got the same requests at the same times.":
    "Medido con procesos reales durante {0} de tiempo de Azure. En los tres casos llegaron las mismas peticiones en los mismos momentos.",
  "Simulated from the recorded load over {} of Azure time. Overloaded: the load is above 100% of every ready instance. Where the recorded CPU was 100%, the real load may have been higher.":
    "Simulado a partir de la carga registrada durante {0} de tiempo de Azure. Sobrecarga: la carga supera el 100 % de todas las instancias listas. Donde la CPU registrada fue del 100 %, la carga real pudo ser mayor.",

  // Sections and tables
  Conditions: "Condiciones",
  "The conditions that the run had to meet.": "Las condiciones que debía cumplir la ejecución.",
  Condition: "Condición",
  Measured: "Medido",
  Outcome: "Resultado",
  met: "se cumple",
  "not met": "no se cumple",
  "What happened": "Qué ocurrió",
  "Times are seconds of the run.": "Los tiempos son segundos de la ejecución.",
  "Times are seconds of the run. One Azure minute lasts {}.":
    "Los tiempos son segundos de la ejecución. Un minuto de Azure dura {0}.",
  "Times are in Azure time.": "Los tiempos son de Azure.",
  "Times are in {}.": "Hora de {0}.",
  "No requests were sent, and the fleet was not sampled.":
    "No se envió ninguna petición ni se tomaron muestras de las instancias.",
  "The charts need JavaScript; the following table has the same data.":
    "Los gráficos necesitan JavaScript; la tabla siguiente tiene los mismos datos.",
  "Show as a table": "Mostrar como tabla",
  "Load and fleet, {} per row": "Carga e instancias, {0} por fila",
  Time: "Momento",
  Duration: "Duración",
  "Sent/s": "Enviadas/s",
  "Successful/s": "Correctas/s",
  Instances: "Instancias",
  "Instances, {}": "Instancias, {0}",
  CPU: "CPU",
  "CPU, {}": "CPU, {0}",
  "Latency is the worst second of each row.": "La latencia es la del peor segundo de cada fila.",
  "Each change of the number of instances, and the reason.":
    "Cada cambio del número de instancias y su motivo.",
  "The number of instances did not change.": "El número de instancias no cambió.",
  "Scaling actions: {}: none. The number of instances did not change.":
    "Acciones de escalado: {0}: ninguna. El número de instancias no cambió.",
  "Scaling actions ({})": "Acciones de escalado ({0})",
  "Scaling actions: {} ({})": "Acciones de escalado: {0} ({1})",
  "Scaling actions: {}": "Acciones de escalado: {0}",
  Reason: "Motivo",
  Source: "Origen",
  "local autoscaler": "escalador local",
  app: "aplicación",
  "event-driven scaling": "escalado por eventos",
  simulation: "simulación",
  observed: "observado",
  "Each process and its share of the requests.": "Cada proceso y su parte de las peticiones.",
  "The target did not list any instances.": "El destino no indicó ninguna instancia.",
  Instance: "Instancia",
  Started: "Iniciada",
  Ready: "Lista",
  Ended: "Terminada",
  Share: "Parte",
  "process {n}": "proceso {0}",
  "{n} more rows are in the raw data.": "Los datos sin procesar tienen {0} filas más.",
  "The load": "La carga",
  "The requests and their responses.": "Las peticiones y sus respuestas.",
  "The load on the fleet, in percent of what one instance can handle.":
    "La carga de las instancias, en porcentaje de lo que puede atender una.",
  "Requests by kind": "Peticiones por tipo",
  Kind: "Tipo",
  visit: "visita",
  metrics: "métricas",
  stress: "prueba de CPU",
  listing: "lista",
  "Responses by status": "Respuestas por estado",
  Status: "Estado",
  "Failures by kind": "Fallos por tipo",
  Failure: "Fallo",
  timeout: "tiempo agotado",
  "connection refused": "conexión rechazada",
  "The rules": "Las reglas",
  "The autoscale rules of this run.": "Las reglas de escalado de esta ejecución.",
  "{n} to {}.": "De {0} a {1}.",
  "{n} to {n}": "de {0} a {1}",
  "The target does not report any rules.": "El destino no informa de ninguna regla.",
  "Active rules": "Reglas activas",
  Action: "Acción",
  Cooldown: "Enfriamiento",
  "{} after any action": "{0} tras cualquier acción",
  "{} > {} over {}": "{0} > {1} durante {2}",
  "{} < {} over {}": "{0} < {1} durante {2}",
  "{} ≥ {} over {}": "{0} ≥ {1} durante {2}",
  "{} ≤ {} over {}": "{0} ≤ {1} durante {2}",
  "{}: {}; {}: {}": "{0}: {1}; {2}: {3}",
  "{n} more": "{0} más",
  "{n} fewer": "{0} menos",
  "to {n}": "a {0}",
  "The rule file in Azure Resource Manager format":
    "El archivo de reglas en formato de Azure Resource Manager",
  "The rule file": "El archivo de reglas",
  Findings: "Observaciones",
  "Parts of the rule file that are assumed, ignored, or not simulated.":
    "Partes del archivo de reglas que se suponen, se ignoran o no se simulan.",
  assumed: "supuesto",
  ignored: "ignorado",
  "cannot be simulated": "no se puede simular",
  "About the load": "Sobre la carga",
  "How the load was read from the file.": "Cómo se leyó la carga del archivo.",
  "How the data flows": "Cómo circulan los datos",
  "Where this data comes from.": "De dónde vienen estos datos.",
  "Requests go from the load to the Functions host, which spreads them over the instances; the instances keep visits and their own heartbeats in one shared database. The platform measures each instance's CPU; the autoscaler applies the rule file to it and adds or removes instances. The report joins the latencies that the load saw with the fleet's samples and the autoscaler's actions.":
    "Las peticiones van de la carga al host de Functions, que las reparte entre las instancias; estas guardan las visitas y sus latidos en una base de datos compartida. La plataforma mide la CPU de cada instancia; el escalador aplica el archivo de reglas y agrega o quita instancias. El informe une las latencias que vio la carga con las muestras de las instancias y las acciones del escalador.",
  Load: "Carga",
  "on a fixed schedule": "según un plan fijo",
  "Functions host": "Host de Functions",
  "keys, routes, balance": "claves, rutas, reparto",
  "One database": "Una base de datos",
  "visits and heartbeats": "visitas y latidos",
  requests: "peticiones",
  proxied: "reenvío",
  commits: "confirma",
  Autoscaler: "Escalador",
  "the rule file, applied": "aplica las reglas",
  "This report": "Este informe",
  "joins all three": "une los tres",
  "CPU, a minute": "CPU, minuto",
  "at a time": "a minuto",
  "one more,": "una más,",
  "one fewer": "una menos",
  actions: "acciones",
  "rate and latency": "tasa y latencia",
  "the fleet's samples": "muestras",
  Notes: "Notas",
  "What to know when you read the numbers.": "Lo que conviene saber al leer las cifras.",
  "Raw data": "Datos sin procesar",
  "The data of this page, for a spreadsheet or a program.":
    "Los datos de esta página, para una hoja de cálculo o un programa.",
  "In the same folder:": "En la misma carpeta:",
  "(one row a second)": "(una fila por segundo)",
  "(the whole record)": "(el registro completo)",
  "This page is one file and loads nothing else. You can save it, send it, and open it offline.":
    "Esta página es un solo archivo y no carga nada más. Puede guardarla, enviarla y abrirla sin conexión.",
  "Created by lab {} of Elastic Visits.": "Creado con lab {0} de Elastic Visits.",

  // Buttons
  "Save this page": "Guardar esta página",
  "From this page:": "De esta página:",
  "CSV, one row a second": "CSV, una fila por segundo",
  "JSON, the whole record": "JSON, el registro completo",

  // The verdict
  "{} (Azure minute {n})": "{0} (minuto {1} de Azure)",
  "{} ({n} Azure minutes)": "{0} ({1} minutos de Azure)",
  "The fleet scaled out from {n} to {n} at {}, {} after CPU exceeded the threshold; it had {} ready {} later.":
    "Se amplió de {0} a {1} a los {2}, {3} después de que la CPU superara el umbral; {5} más tarde había {4} en servicio.",
  "The fleet scaled out from {n} to {n} at {}; it had {} ready {} later.":
    "Se amplió de {0} a {1} a los {2}; {4} más tarde había {3} en servicio.",
  "The fleet scaled out from {n} to {n} at {}, {} after CPU exceeded the threshold, but it never had {} ready.":
    "Se amplió de {0} a {1} a los {2}, {3} después de que la CPU superara el umbral, pero nunca hubo {4} en servicio.",
  "The fleet scaled out from {n} to {n} at {}, but it never had {} ready.":
    "Se amplió de {0} a {1} a los {2}, pero nunca hubo {3} en servicio.",
  "The fleet was not sampled, so its size and CPU are unknown.":
    "No se tomaron muestras de las instancias, así que no se conocen su número ni su CPU.",
  "The fleet scaled out {} more.": "Se amplió {0} más.",
  "The fleet scaled out {} more; the longest time to capacity was {}.":
    "Se amplió {0} más; el mayor tiempo hasta tener capacidad fue {1}.",
  "The load required more instances {} more.": "La carga necesitó más instancias {0} más.",
  "From {}, the load required more than {} ({}): the average over {} reached {}, and no scale-out followed within {}.":
    "Desde los {0} la carga necesitó más de {1} ({2}): la media de {3} llegó al {4}, y no hubo ampliación en {5}.",
  "From {}, the load required more than {} ({}): the average over {} reached {}, but the run ended {} later, before an action was due. Run it longer.":
    "Desde los {0} la carga necesitó más de {1} ({2}): la media de {3} llegó al {4}, pero la ejecución terminó {5} más tarde, antes de que tocara actuar. Hágala más larga.",
  "From {}, the load required more than {} ({}): the average over {} reached {}, but only for {}, which is too short for an action.":
    "Desde los {0} la carga necesitó más de {1} ({2}): la media de {3} llegó al {4}, pero solo durante {5}, demasiado poco para una acción.",
  "The target does not report any rules, so the expected scaling is unknown. No instance was added.":
    "El destino no informa de ninguna regla, así que no se sabe qué escalado se esperaba. No se agregó ninguna instancia.",
  "The load required more, but the rules allow at most {}.":
    "La carga necesitó más, pero las reglas permiten como máximo {0}.",
  "The load required no scale-out ({}): the highest average over a full window was {}.":
    "La carga no necesitó ampliación ({0}): la media más alta de una ventana completa fue {1}.",
  "The run was too short for the rule ({}): it has no full window of CPU samples.":
    "La ejecución fue demasiado corta para la regla ({0}): no tiene una ventana completa de muestras de CPU.",
  "The scale-out rule uses {}, which this run did not measure.":
    "La regla de ampliación usa {0}, que esta ejecución no midió.",
  "There is no scale-out rule.": "No hay ninguna regla de ampliación.",
  "From {}, the load required fewer than {} (the average fell to {}), and no scale-in followed within {}.":
    "Desde los {0} la carga necesitó menos de {1} (la media bajó al {2}), y no hubo reducción en {3}.",
  "A scale-in was missing {} more.": "Faltó una reducción {0} más.",
  "The fleet scaled back in: {}.": "Volvió a reducirse: {0}.",
  "The fleet scaled in: {}.": "Se redujo: {0}.",
  "to {n} at {}": "a {0} a los {1}",
  "{} before": "{0} antes",
  "At the end, {} still ran: the load fell only {} before.":
    "Al final seguían en marcha {0}: la carga bajó solo {1} antes.",
  "At the end, {} still ran, because the load lasted until then.":
    "Al final seguían en marcha {0}, porque la carga duró hasta entonces.",
  "None of {} failed.": "De {0}, no falló ninguna.",
  "{}: {n}": "{0}: {1}",
  "{n} of {} failed, {}; the limit is {n}.": "Fallaron {0} de {1}, el {2}; el límite es {3}.",
  "{n} of {} failed ({}), {}; the limit is {n}.": "Fallaron {0} de {1} ({2}), el {3}; el límite es {4}.",
  "{n} of {} failed, {}; {n} of them while an instance stopped.":
    "Fallaron {0} de {1}, el {2}; {3} de ellas mientras se detenía una instancia.",
  "{n} of {} failed ({}), {}; {n} of them while an instance stopped.":
    "Fallaron {0} de {1} ({2}), el {3}; {4} de ellas mientras se detenía una instancia.",
  "{n} of {} failed, {}, within the limit of {n}.": "Fallaron {0} de {1}, el {2}, dentro del límite de {3}.",
  "{n} of {} failed ({}), {}, within the limit of {n}.":
    "Fallaron {0} de {1} ({2}), el {3}, dentro del límite de {4}.",
  "While {n} instances were ready, they handled {}; {} was farthest from its fair share, {n} {} it.":
    "Mientras hubo {0} instancias listas, atendieron {1}; {2} fue la más alejada de su parte justa, un {3} {4}.",
  "While {n} instances were ready, they handled {}; {} was farthest from its fair share, {n} {} it; the limit is {n}.":
    "Mientras hubo {0} instancias listas, atendieron {1}; {2} fue la más alejada de su parte justa, un {3} {4}; el límite es {5}.",
  "Estimated from how long each instance ran, {} was farthest from its fair share, {n} {} it.":
    "Estimado por el tiempo que funcionó cada instancia, {0} fue la más alejada de su parte justa, un {1} {2}.",
  "Estimated from how long each instance ran, {} was farthest from its fair share, {n} {} it; the limit is {n}.":
    "Estimado por el tiempo que funcionó cada instancia, {0} fue la más alejada de su parte justa, un {1} {2}; el límite es {3}.",
  above: "por encima",
  below: "por debajo",
  "CPU did not trigger {} more.": "La CPU no activó {0} más.",
  "The actions are inconsistent: one ended at {n}, and the next one, at {}, started from {n}.":
    "Las acciones no concuerdan: una terminó en {0} y la siguiente, a los {1}, partió de {2}.",
  "The actions are inconsistent {} more.": "Las acciones no concuerdan {0} más.",
  "The number of instances rose from {n} to {n} without a recorded action.":
    "El número de instancias subió de {0} a {1} sin una acción registrada.",
  "{} were ready at the same time, but the rules allow {n} to {n}.":
    "Hubo {0} listas a la vez, pero las reglas permiten de {1} a {2}.",
  "The counts are inconsistent: {} sent, but {n} completed.":
    "Los recuentos no concuerdan: {0} enviadas, pero {1} completadas.",
  "The number of instances went from {n} to {n} at {}, but CPU did not trigger a rule ({}): its highest value was {}.":
    "El número de instancias pasó de {0} a {1} a los {2}, pero la CPU no activó ninguna regla ({3}): su valor más alto fue {4}.",
  "The number of instances went from {n} to {n} at {}, but CPU did not trigger a rule ({}): its lowest value was {}.":
    "El número de instancias pasó de {0} a {1} a los {2}, pero la CPU no activó ninguna regla ({3}): su valor más bajo fue {4}.",

  // Things
  "1 instance": "1 instancia",
  "{n} instances": "{0} instancias",
  "1 request": "1 petición",
  "{n} requests": "{0} peticiones",
  "1 time": "1 vez",
  "{n} times": "{0} veces",
  "1 action": "1 acción",
  "{n} actions": "{0} acciones",
  "1 change": "1 cambio",
  "{n} changes": "{0} cambios",
  "1 row": "1 fila",
  "{n} rows": "{0} filas",
  "1 period": "1 período",
  "{n} periods": "{0} períodos",

  // What the autoscaler, the load, and the demonstration say
  "average CPU over {n} minutes {n} is above {n}: out from {n} to {n}":
    "la CPU media de {0} minutos, {1}, supera el {2}: ampliación de {3} a {4}",
  "average CPU over {n} minutes {n} is above {n}: out from {n} to {n}, the maximum":
    "la CPU media de {0} minutos, {1}, supera el {2}: ampliación de {3} a {4}, el máximo",
  "average CPU over {n} minutes {n} is below {n}: in from {n} to {n}":
    "la CPU media de {0} minutos, {1}, está por debajo del {2}: reducción de {3} a {4}",
  "The autoscale engine attempting to scale resource {} from {n} instances count to {n} instances count.":
    "El motor de escalado intenta pasar el recurso {0} de {1} a {2} instancias.",
  "the number of live instances changed": "cambió el número de instancias activas",
  "Open loop, at a rate that follows the fleet": "Bucle abierto, a un ritmo que sigue a las instancias",
  "Open loop: {}": "Bucle abierto: {0}",
  "{n}/s for {}": "{0}/s durante {1}",
  "from {n}/s to {n}/s over {}": "de {0}/s a {1}/s en {2}",
  "Mix: {}": "Mezcla: {0}",
  "visits {n}": "visitas {0}",
  "Minute {n}: {} ({n} of an instance)": "Minuto {0}: {1} ({2} de una instancia)",
  "the load fills one instance": "la carga llena una instancia",
  "the load fills {n} instances": "la carga llena {0} instancias",
  "all instances share the load": "todas las instancias comparten la carga",
  "the load falls; waiting for the minimum": "la carga baja; se espera al mínimo",
  "the minimum is reached": "se alcanza el mínimo",
  "The load was an open loop: latency counts from when each request should have started.":
    "La carga fue un bucle abierto: la latencia cuenta desde el momento en que debía empezar cada petición.",
  "The load was a closed loop: callers waited for their responses, so a slow target got less load, and latency counts from when each request was sent.":
    "La carga fue un bucle cerrado: los clientes esperaron su respuesta, así que un destino lento recibió menos carga, y la latencia cuenta desde el envío de cada petición.",
  "This machine did not keep up: {n} requests started more than 50 ms late although fewer than {n} were in flight. Their latency is in part its own.":
    "Esta máquina no dio abasto: {0} peticiones empezaron con más de 50 ms de retraso aunque había menos de {1} en curso. Parte de su latencia es de la máquina.",
  "lab simulate, with the measured load, scales alike": "lab simulate, con la carga medida, escala igual",
  "simulated {}; live {}": "simulación {0}; real {1}",
  "{}-{} at {n} min": "{0}-{1} en el minuto {2}",
  "1, 2, 3, 2 and 1 instances": "1, 2, 3, 2 y 1 instancias",
  "every action is by the {}": "todas las acciones son del origen «{0}»",
  autoscaler: "escalador",
  "no request failed": "no falló ninguna petición",
  "{n} of {n}": "{0} de {1}",

  // A simulation
  "Two rule files compared": "Comparación de dos archivos de reglas",
  "Less overload with {}, less cost with {}": "Menos sobrecarga con {0}, menos coste con {1}",
  "Less overload and less cost with {}": "Menos sobrecarga y menos coste con {0}",
  "Less overload at the same cost with {}": "Menos sobrecarga por el mismo coste con {0}",
  "The same overload for less with {}": "La misma sobrecarga por menos con {0}",
  "Both rule files have the same overload and cost":
    "Los dos archivos de reglas tienen la misma sobrecarga y el mismo coste",
  "{} and {}": "{0} y {1}",
  Verdict: "Veredicto",
  Scaling: "Escalado",
  "{} per month": "{0} al mes",
  "{}: the same": "{0}: igual",
  better: "mejor",
  less: "menos",
  cheaper: "más barato",
  fewer: "menos",
  good: "bueno",
  "at maximum": "en el máximo",
  overloaded: "con sobrecarga",
  overshoot: "exceso",
  flapping: "oscilación",
  Profile: "Perfil",
  "Profile: {}": "Perfil: {0}",
  "{} for {}": "{0} durante {1}",
  Profiles: "Perfiles",
  When: "Cuándo",
  Rules: "Reglas",
  "Active profiles over time": "Perfiles activos en el tiempo",
  "Active profiles over time ({})": "Perfiles activos en el tiempo ({0})",
  "no profile applies": "no se aplica ningún perfil",
  "Why nothing changed": "Por qué no cambió nada",
  "Why nothing changed: {} ({})": "Por qué no cambió nada: {0} ({1})",
  "Why nothing changed ({})": "Por qué no cambió nada ({0})",
  "Why nothing changed: {}": "Por qué no cambió nada: {0}",
  "nothing prevented a change": "nada impidió un cambio",
  "empty: no rule fired, or the number of instances changed":
    "vacío: no se activó ninguna regla o cambió el número de instancias",
  Cause: "Causa",
  Details: "Detalles",
  "Total: {}.": "Total: {0}.",
  "{} for {} in {}": "{0} durante {1} en {2}",
  cooldown: "enfriamiento",
  "at the maximum": "en el máximo",
  "at the minimum": "en el mínimo",
  "already the count that the rule sets": "ya en el número que fija la regla",
  "scale-in would cause flapping": "la reducción causaría oscilación",
  "another scale-in rule is not met": "otra regla de reducción no se cumple",
  "no metric": "sin métrica",
  "{} to {} ({}): {}": "{0} a {1} ({2}): {3}",
  "{} to {}: {}": "{0} a {1}: {2}",

  // The charts
  "Requests a second": "Peticiones por segundo",
  "Requests a second over time; at most {} were sent.":
    "Peticiones por segundo en el tiempo; se enviaron {0} como máximo.",
  sent: "enviadas",
  answered: "correctas",
  busy: "ocupadas",
  failed: "fallidas",
  Latency: "Latencia",
  "Latency of answered requests over time; p99 was {} at most.":
    "Latencia de las peticiones correctas en el tiempo; el p99 fue {0} como máximo.",
  "CPU of each instance": "CPU de cada instancia",
  "CPU, the mean of all instances": "CPU, la media de todas las instancias",
  "CPU of the first {n} instances, and the mean of all":
    "CPU de las primeras {0} instancias y la media de todas",
  "CPU over time; the mean was {} at most.": "CPU en el tiempo; la media fue {0} como máximo.",
  "CPU over time; with {} {n} at most, with {} {n}.":
    "CPU en el tiempo; con {0}, {1} como máximo; con {2}, {3}.",
  mean: "media",
  ready: "listas",
  wanted: "deseadas",
  "Instances that are ready": "Instancias listas",
  "Instances over time; {n} at most.": "Instancias en el tiempo; {0} como máximo.",
  "Instances over time; with {} {n} at most, with {} {n}.":
    "Instancias en el tiempo; con {0}, {1} como máximo; con {2}, {3}.",
  "the mean of each {n} s": "la media de cada {0} s",
  "the worst second of each {n} s": "el peor segundo de cada {0} s",
  "Vertical lines: the number of instances was changed.":
    "Líneas verticales: cambió el número de instancias.",
  "Draw over a chart to look closer, press twice to see all of it again.":
    "Arrastre sobre un gráfico para ampliarlo; haga doble clic para verlo entero.",
  "out {m}": "ampliar {0}",
  "in {m}": "reducir {0}",
  "maximum {n}": "máximo {0}",
  "minimum {n}": "mínimo {0}",
  "{} · Azure minute {n}": "{0} · minuto {1} de Azure",
  "day {n}": "día {0}",
  "day {n}, {}": "día {0}, {1}",
};
