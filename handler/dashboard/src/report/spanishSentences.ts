/** The sentences of the verdict and of the autoscaler in Spanish; the forms are those of `translate.ts`. */
export const SENTENCES: Record<string, string> = {
  // The verdict
  "{} (Azure minute {n})": "{0} (minuto {1} de Azure)",
  "{} (1 Azure minute)": "{0} (1 minuto de Azure)",
  "{} ({n} Azure minutes)": "{0} ({1} minutos de Azure)",
  "The fleet scaled out from {n} to {n} at {}, {} after CPU exceeded the threshold; it had {} ready {} later.":
    "La flota se amplió de {0} a {1} a los {2}, {3} después de que la CPU superara el umbral; {5} más tarde había {4} listas.",
  "The fleet scaled out from {n} to {n} at {}; it had {} ready {} later.":
    "La flota se amplió de {0} a {1} a los {2}; {4} más tarde había {3} listas.",
  "The fleet scaled out from {n} to {n} at {}, {} after CPU exceeded the threshold, but it never had {} ready.":
    "La flota se amplió de {0} a {1} a los {2}, {3} después de que la CPU superara el umbral, pero nunca hubo {4} listas.",
  "The fleet scaled out from {n} to {n} at {}, but it never had {} ready.":
    "La flota se amplió de {0} a {1} a los {2}, pero nunca hubo {3} listas.",
  "The fleet was not sampled, so its size and CPU are unknown.":
    "No se tomaron muestras de las instancias, así que no se conocen su número ni su CPU.",
  "The fleet scaled out {} more.": "La flota se amplió {0} más.",
  "The fleet scaled out {} more; the longest time to capacity was {}.":
    "La flota se amplió {0} más; el mayor tiempo hasta tener capacidad fue {1}.",
  "The load required more instances {} more.": "Además, la carga necesitó más instancias {0}.",
  "From {}, the load required more than {} ({}): the average over {} reached {}, and no scale-out followed within {}.":
    "Desde los {0}, la carga necesitó más de {1} ({2}): la media de {3} llegó al {4}, y no hubo ampliación en {5}.",
  "From {}, the load required more than {} ({}): the average over {} reached {}, but the run ended {} later, before an action was due. Run it longer.":
    "Desde los {0}, la carga necesitó más de {1} ({2}): la media de {3} llegó al {4}, pero la ejecución terminó {5} más tarde, antes de que correspondiera una acción. Repítala con más duración.",
  "From {}, the load required more than {} ({}): the average over {} reached {}, but only for {}, which is too short for an action.":
    "Desde los {0}, la carga necesitó más de {1} ({2}): la media de {3} llegó al {4}, pero solo durante {5}, demasiado poco para una acción.",
  "The target does not report any rules, so the expected scaling is unknown. No instance was added.":
    "El destino no informa de ninguna regla, así que no se sabe qué escalado se esperaba. No se agregó ninguna instancia.",
  "The load required more, but the rules allow at most {}.":
    "La carga necesitó más, pero las reglas permiten como máximo {0}.",
  "The load required no scale-out ({}): the highest average over a full window was {}.":
    "La carga no necesitó ampliación ({0}): la media más alta de una ventana completa fue del {1}.",
  "The run was too short for the rule ({}): it has no full window of CPU samples.":
    "La ejecución fue demasiado corta para la regla ({0}): no tiene una ventana completa de muestras de CPU.",
  "The scale-out rule uses {}, which this run did not measure.":
    "La regla de ampliación usa {0}, que esta ejecución no midió.",
  "There is no scale-out rule.": "No hay ninguna regla de ampliación.",
  "From {}, the load required fewer than {} (the average fell to {}), and no scale-in followed within {}.":
    "Desde los {0}, la carga necesitó menos de {1} (la media bajó al {2}), y no hubo reducción en {3}.",
  "A scale-in was missing {} more.": "Faltó una reducción {0} más.",
  "The fleet scaled back in: {}.": "La flota volvió a reducirse: {0}.",
  "The fleet scaled in: {}.": "La flota se redujo: {0}.",
  "to {n} at {}": "a {0} a los {1}",
  "{} before": "{0} antes",
  "At the end, {} still ran: the load fell only {} before.":
    "Al final seguían en ejecución {0}: la carga había bajado solo {1} antes.",
  "At the end, {} still ran, because the load lasted until then.":
    "Al final seguían en ejecución {0}, porque la carga duró hasta entonces.",
  "None of {} failed.": "De {0}, no falló ninguna.",
  "{n} of {} failed, {}; the limit is {n}.": "Fallos: {0} de {1}, {2}; el límite es el {3}.",
  "{n} of {} failed ({}), {}; the limit is {n}.": "Fallos: {0} de {1} ({2}), {3}; el límite es el {4}.",
  "{n} of {} failed, {}; {n} of them while an instance stopped.":
    "Fallos: {0} de {1}, {2}; {3} de ellos mientras se detenía una instancia.",
  "{n} of {} failed ({}), {}; {n} of them while an instance stopped.":
    "Fallos: {0} de {1} ({2}), {3}; {4} de ellos mientras se detenía una instancia.",
  "{n} of {} failed, {}, within the limit of {n}.": "Fallos: {0} de {1}, {2}, dentro del límite del {3}.",
  "{n} of {} failed ({}), {}, within the limit of {n}.":
    "Fallos: {0} de {1} ({2}), {3}, dentro del límite del {4}.",
  "While {n} instances were ready, they handled {}; {} was farthest from its fair share, {n} {} it.":
    "Mientras hubo {0} instancias listas, atendieron {1}; {2} fue la que más se alejó de un reparto equitativo, un {3} {4}.",
  "While {n} instances were ready, they handled {}; {} was farthest from its fair share, {n} {} it; the limit is {n}.":
    "Mientras hubo {0} instancias listas, atendieron {1}; {2} fue la que más se alejó de un reparto equitativo, un {3} {4}; el límite es el {5}.",
  "Estimated from how long each instance ran, {} was farthest from its fair share, {n} {} it.":
    "Según el tiempo que estuvo en ejecución cada instancia, {0} fue la que más se alejó de un reparto equitativo, un {1} {2} (estimado).",
  "Estimated from how long each instance ran, {} was farthest from its fair share, {n} {} it; the limit is {n}.":
    "Según el tiempo que estuvo en ejecución cada instancia, {0} fue la que más se alejó de un reparto equitativo, un {1} {2} (estimado); el límite es el {3}.",
  above: "por encima",
  below: "por debajo",
  "CPU did not trigger {} more.": "La CPU tampoco motivó {0} más.",
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
    "El número de instancias pasó de {0} a {1} a los {2}, pero la CPU no activó ninguna regla ({3}): su valor más alto fue del {4}.",
  "The number of instances went from {n} to {n} at {}, but CPU did not trigger a rule ({}): its lowest value was {}.":
    "El número de instancias pasó de {0} a {1} a los {2}, pero la CPU no activó ninguna regla ({3}): su valor más bajo fue del {4}.",

  // Things
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
  "The autoscale engine attempting to scale resource {} from {n} instances count to {n} instances count.":
    "El motor de escalado intenta pasar el recurso {0} de {1} a {2} instancias.",
  "the number of live instances changed": "cambió el número de instancias en ejecución",
  "Open loop, at a rate that follows the fleet": "Bucle abierto, a un ritmo que sigue a la flota",
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
  "every action is by the autoscaler": "todas las acciones son del escalador",
  "every action is by the app": "todas las acciones son de la aplicación",
  autoscaler: "escalador",
  "no request failed": "no falló ninguna petición",
  "{n} of {n}": "{0} de {1}",

  // The verdict of a simulation
  "{}.": "{0}.",
  "These rules flap": "Estas reglas oscilan",
  "These rules overshoot": "Estas reglas se exceden",
  "These rules react too late for this load": "Estas reglas actúan tarde para esta carga",
  "The maximum holds the fleet back": "El máximo limita el número de instancias",
  "These rules handle this load": "Estas reglas bastan para esta carga",
  "The ready instances could always handle the load.": "Las instancias listas siempre pudieron con la carga.",
  "The load was more than the ready instances could handle for {} ({n} of the time)":
    "La carga superó a las instancias listas durante {0} (el {1} del tiempo)",
  "The load was more than the ready instances could handle for {} ({n} of the time) in {n} spans, the longest of {m}":
    "La carga superó a las instancias listas durante {0} (el {1} del tiempo), en {2} períodos (el más largo, de {3})",
  "The time from CPU above the threshold until one more instance was ready was up to {}.":
    "Desde que la CPU superó el umbral, una instancia más tardó como máximo {0} en estar lista.",
  "{n} instances on average.": "{0} instancias de media.",
  "{}: {n} {} for a month with this load ({n} with always {n}, {n} with always {n}).":
    "{0}: {1} {2} al mes si la carga sigue así ({3} con un número fijo de {4}, {5} con {6}).",
  "1 scale-out was undone although the load had not fallen by a tenth.":
    "1 ampliación se deshizo aunque la carga no había bajado un 10 %.",
  "{n} scale-outs were undone although the load had not fallen by a tenth.":
    "{0} ampliaciones se deshicieron aunque la carga no había bajado un 10 %.",
  "1 scale-in was undone although the load had not risen by a tenth.":
    "1 reducción se deshizo aunque la carga no había subido un 10 %.",
  "{n} scale-ins were undone although the load had not risen by a tenth.":
    "{0} reducciones se deshicieron aunque la carga no había subido un 10 %.",
  "The maximum held the fleet back for {}, first at {}: {}.":
    "El máximo limitó las instancias durante {0}, la primera vez a las {1}: {2}.",
  "The flapping check held scale-in back for {}, first at {}: {}.":
    "La comprobación de oscilación frenó la reducción durante {0}, la primera vez a las {1}: {2}.",
  "Move the thresholds of scale-out and scale-in further apart.":
    "Separe más los umbrales de ampliación y de reducción.",
  "A cooldown of {m} is over before the rule ({}) sees the effect of the last action, which takes {m}: {m} of metric lag and a window of {m}. Make the cooldown at least that long.":
    "Un enfriamiento de {0} termina antes de que la regla ({1}) vea el efecto de la última acción, que tarda {2}: {3} de retraso de la métrica y una ventana de {4}. El enfriamiento debe durar al menos ese tiempo.",
  "A cooldown of {m} is over before the rule ({}) sees the effect of the last action, which takes {m}: {m} to be ready, {m} of metric lag and a window of {m}. Make the cooldown at least that long.":
    "Un enfriamiento de {0} termina antes de que la regla ({1}) vea el efecto de la última acción, que tarda {2}: {3} hasta estar lista, {4} de retraso de la métrica y una ventana de {5}. El enfriamiento debe durar al menos ese tiempo.",
  "the maximum of {n} instances does not suffice for a load of {n}":
    "el máximo de {0} instancias no basta para una carga del {1}",
  "no rule adds instances": "ninguna regla agrega instancias",
  "for {m} of that time a rule waited for its cooldown":
    "durante {0} de ese tiempo una regla esperó su enfriamiento",
  "A scale-in rule held scale-in back for {}, first at {}: {}.":
    "Otra regla de reducción impidió el cambio durante {0}, la primera vez a las {1}: {2}.",
  "The rules had no metric for {}, first at {}: {}.":
    "Las reglas no tuvieron ninguna métrica durante {0}, la primera vez a las {1}: {2}.",
  "No profile applied for {}, first at {}: {}.":
    "No se aplicó ningún perfil durante {0}, la primera vez a las {1}: {2}.",
  "Why nothing changed: {}: {}": "Por qué no cambió nada: {0}: {1}",
  "This is a simulation; nothing was started. Assumed of the platform: samples of the metric are seen {} after their minute, an instance is ready {} after its order, the rules are evaluated every {}.":
    "Esto es una simulación; no se arrancó nada. Se supone de la plataforma: las muestras de la métrica se ven {0} después de su minuto, una instancia está lista {1} después de pedirla y las reglas se evalúan cada {2}.",
  "CPU is drawn as means of {n} minutes.": "La CPU se dibuja como medias de {0} minutos.",
};
