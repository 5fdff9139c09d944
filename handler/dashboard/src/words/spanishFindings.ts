/** What the reader of rule files notices, in Spanish; the forms are those of `translate.ts`. The subject of each sentence is a place in the file. */
export const FINDINGS: Record<string, string> = {
  "a list": "una lista",
  "an object": "un objeto",
  "is missing. Microsoft's references disagree on the default; true is assumed.":
    "falta. Las referencias de Microsoft no coinciden en el valor predeterminado; se supone true.",
  'Write "enabled": true.': 'Escriba "enabled": true.',
  "is {}. True is assumed.": "es {0}. Se supone true.",
  "is false: Azure does not act on this setting. It is treated as true here.":
    "es false: Azure no aplica esta configuración. Aquí se trata como true.",
  "Set it to true before you rely on these rules.": "Cámbielo a true antes de confiar en estas reglas.",
  "is {x}. Predictions need days of history that only Azure has; only the rules act here.":
    "es {0}. Las predicciones necesitan días de historial que solo tiene Azure; aquí solo actúan las reglas.",
  "is a site, and Azure scales the plan that a site runs on. The rules are simulated as if the plan were named.":
    "es un sitio, y Azure escala el plan en el que se ejecuta el sitio. Las reglas se simulan como si se hubiera indicado el plan.",
  "Name the plan, a Microsoft.Web/serverfarms resource: az webapp show --query appServicePlanId":
    "Indique el plan, un recurso Microsoft.Web/serverfarms: az webapp show --query appServicePlanId",
  "has {n} profiles, and Azure accepts up to {n}. All of them are used.":
    "tiene {0} perfiles, y Azure admite {1} como máximo. Se usan todos.",
  "has {n} rules, and Azure accepts up to {n}. All of them are used.":
    "tiene {0} reglas, y Azure admite {1} como máximo. Se usan todas.",
  "is a second profile without a calendar. Only the first one applies.":
    "es un segundo perfil sin calendario. Solo se aplica el primero.",
  "Give it a fixedDate or a recurrence, or remove it.": "Agréguele fixedDate o recurrence, o quítelo.",
  "is {x}, and Azure accepts {} to {}. {} is used.": "es {0}, y Azure admite de {1} a {2}. Se usa {3}.",
  "is not a field of the schema.": "no es un campo del esquema.",
  "Check its spelling.": "Compruebe cómo está escrito.",

  // The metric
  "is a metric of {}, and the target is a {}.": "es una métrica de {0}, y el destino es {1}.",
  "Write {x}.": "Escriba {0}.",
  "Write Increase or Decrease.": "Escriba Increase o Decrease.",
  "is missing, and no resource is named. The namespace of the scaled resource is assumed.":
    "falta, y no se indica ningún recurso. Se supone el espacio de nombres del recurso que se escala.",
  "is another resource than the one that is scaled ({x}). Its metric is taken not to change with the number of instances.":
    "no es el recurso que se escala ({0}). Se supone que su métrica no cambia con el número de instancias.",
  "select some of the metric's samples. All samples are assumed to match.":
    "seleccionan algunas de las muestras de la métrica. Se supone que valen todas.",

  // The profile
  "is 0: without a ready instance there is no CPU sample, and any load counts as overload.":
    "es 0: sin una instancia lista no hay muestras de CPU, y cualquier carga cuenta como sobrecarga.",
  "is {n}, outside the limits {n} to {n}. {n} is used; Azure refuses such a setting.":
    "es {0}, fuera de los límites de {1} a {2}. Se usa {3}; Azure rechaza una configuración así.",
  "Choose a default within the limits.": "Elija un valor predeterminado dentro de los límites.",
  "is {n}. Azure has at most {n} instances; these are used.":
    "es {0}. Azure tiene como máximo {1} instancias; se usan esas.",
  "has an offset beside a timeZone. The local time in the timeZone counts.":
    "tiene un desfase además de timeZone. Vale la hora local de timeZone.",
  "Write the times without Z and without an offset.": "Escriba las horas sin Z y sin desfase.",
  "lasts {n} days, and Azure accepts at most {n}. All of them are used.":
    "dura {0} días, y Azure admite {1} como máximo. Se usan todos.",
  "Choose an earlier end, or a recurrence.": "Elija un fin anterior o use recurrence.",
  "is {}. Week is assumed.": "es {0}. Se supone Week.",
  "Week is the only frequency that Azure follows.": "Week es la única frecuencia que Azure aplica.",

  // The rule
  "is missing. {} is assumed.": "falta. Se supone {0}.",
  "is {x}, and metrics have samples of 1, 5, 15 or 30 minutes, or 1, 6 or 12 hours. {} is used.":
    "es {0}, y las métricas tienen muestras de 1, 5, 15 o 30 minutos, o de 1, 6 o 12 horas. Se usa {1}.",
  "divides the window's value by the number of instances at the evaluation.":
    "divide el valor de la ventana por el número de instancias en el momento de la evaluación.",
  "is shorter than the time grain. One time grain is used.":
    "es más corta que el intervalo de las muestras (timeGrain). Se usa un intervalo.",
  "Make the window a multiple of the time grain.": "Ponga una ventana que sea múltiplo de timeGrain.",
  "makes one sample of {n} minutes, from the one-minute values of all instances in them.":
    "forma una muestra de {0} minutos con los valores por minuto de todas las instancias.",
  "is {}: the flapping check expects the sum over the instances to stay the same and the number of values to fall when instances leave. Azure's own estimate is not documented.":
    "es {0}: la comprobación de oscilación supone que, cuando se quitan instancias, la suma de todas no cambia y el número de valores baja. La estimación de Azure no está documentada.",
  "is None: the rule scales out below its count and in above it.":
    "es None: la regla amplía por debajo de su número y reduce por encima.",
  "is None: the rule changes nothing.": "es None: la regla no cambia nada.",
  "is a percentage. It is rounded towards more instances and changes at least one: {n} of 2 instances adds {n} or removes {n}.":
    "es un porcentaje. Se redondea hacia más instancias y cambia al menos una: el {0} de 2 instancias agrega {1} o quita {2}.",
  "depends on the counts that the service offers. Every whole number is assumed: one instance more or fewer.":
    "depende de los números que ofrezca el servicio. Se supone cualquier número entero: una instancia más o menos.",

  // The file
  "is not a list of resources that can be read here; {}":
    "no es una lista de recursos que se pueda leer aquí; {0}",
  "exists outside the template; {}": "existe fuera de la plantilla; {0}",
  "is not deployed, because its condition is false": "no se implementa, porque su condición es falsa",
  "{x}; the condition is assumed to be true": "{0}; se supone que la condición es verdadera",
  "is a copy loop, which is not expanded here: its content is read once; {}":
    "es un bucle copy, que aquí no se expande: su contenido se lee una vez; {0}",
  "is a template outside the file, which is not read here; {}":
    "es una plantilla fuera del archivo, que aquí no se lee; {0}",
  "for a deployed setting, pass the output of `az monitor autoscale show --output json`":
    "para una configuración implementada, use la salida de `az monitor autoscale show --output json`",
  "is not the JSON text of a profile: {x}": "no es el texto JSON de un perfil: {0}",
  "is in the parameter file, and no template declares it; check its spelling":
    "está en el archivo de parámetros y ninguna plantilla lo declara; compruebe cómo está escrito",
  "contains more than {n} settings; the others are not read":
    "contiene más de {0} configuraciones; las demás no se leen",

  // A simulation
  "the load has no time of day. It begins on {}, {x}.": "la carga no tiene hora. Empieza el {0}, {1}.",
  "Give the time with --start.": "Indique la hora con --start.",
  "is a metric that the load has no data for. Rules on it see nothing.":
    "es una métrica de la que la carga no tiene datos. Las reglas sobre ella no ven nada.",
  "Add a column {x} to the file of --load, or export it: az monitor metrics list --metric {x}":
    "Agregue una columna {0} al archivo de --load o expórtela: az monitor metrics list --metric {1}",
};
