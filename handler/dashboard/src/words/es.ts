import type { Words } from "./en";

const instancias = (value: number) => `${value} ${value === 1 ? "instancia" : "instancias"}`;

export const es: Words = {
  name: "Español",
  skip: "Ir a la flota",
  sum: (live) => `${instancias(live)} en servicio`,

  header: {
    live: "En directo",
    connecting: "Conectando …",
    stale: (time) => `Datos de las ${time}`,
    language: "Idioma",
    theme: "Aspecto",
    themes: { auto: "Automático", light: "Claro", dark: "Oscuro" },
    database: { postgresql: "PostgreSQL", sqlite: "SQLite", none: "Sin base de datos" },
    speed: (scale) => `Tiempo del laboratorio ×${scale}`,
    azureMinute: (minute) => `Minuto ${minute} de Azure`,
  },

  trouble: {
    offline: "El servidor no responde.",
    database: "La base de datos no responde.",
    overloaded: "El servidor tiene demasiado trabajo.",
    other: (status) => `El servidor responde con el estado ${status}.`,
    kept: (time) => `Se muestra lo que se sabía a las ${time}. La página lo intenta de nuevo por sí sola.`,
    nothing: "La página lo intenta de nuevo por sí sola.",
    key: "Esta función pide una clave.",
    badKey: "Esta clave no fue aceptada.",
    busy: "Allí ya hay una prueba de CPU en marcha.",
    gone: "Esta instancia ya no está.",
  },

  visits: {
    heading: "Visitas",
    total: "visitas registradas",
    register: "Registrar una visita",
    registered: (id, ip) => `N.º ${id}, desde ${ip}, registrada por`,
    many: (value) => `${value} a la vez`,
    howMany: "Visitas a la vez",
    stop: "Detener",
    progress: (done, all) => `${done} de ${all} respondidas`,
    outcome: "Resultado",
    accepted: "registradas",
    unanswered: "sin respuesta",
    status: (status) => `estado ${status}`,
    took: (time) => `en ${time}`,
    last: "Últimas visitas",
    none: "Aún no hay visitas. Registre la primera.",
    number: "N.º",
    notKept: "no se guarda",
    recordedBy: "Registrada por",
  },

  fleet: {
    heading: "Flota",
    live: "en ejecución",
    atMost: (maximum) => `de ${maximum} como máximo`,
    free: "libre",
    freeNote: "Una regla puede ocuparlo",
    states: {
      starting: "arrancando",
      live: "en ejecución",
      draining: "drenando",
      gone: "detenida",
      lost: "perdida",
    },
    cpu: "CPU",
    memory: "Memoria",
    rate: "Peticiones",
    age: "Edad",
    served: "Peticiones",
    inFlight: "En curso",
    testing: (left) => `Prueba de CPU: quedan ${left}`,
    unheard: "Aún sin noticias",
    more: (value) => `y ${value} más`,
    none: "Ninguna instancia ha dado noticias todavía.",
  },

  scaling: {
    heading: "Escalado",
    span: "Tiempo mostrado",
    cpu: "CPU de cada instancia",
    mean: "media",
    count: "Instancias",
    levelOut: (threshold) => `más instancias sobre ${threshold}`,
    levelIn: (threshold) => `menos instancias bajo ${threshold}`,
    cpuSummary: (highest) => `CPU de cada instancia en el tiempo; la media llegó a ${highest} como máximo.`,
    countSummary: (highest) => `Número de instancias en el tiempo; ${highest} como máximo.`,
    empty: "Aún no hay historia. Crece en cuanto funciona una instancia.",
    azureMinute: (minute) => `minuto ${minute} de Azure`,
    rules: "Reglas",
    when: "Si",
    reading: "Ahora",
    effect: "Entonces",
    window: (window) => `en ${window}`,
    firing: "se cumple",
    notFiring: "no se cumple",
    cooldown: "Enfriamiento",
    noCooldown: "ninguno",
    left: (time) => `quedan ${time}`,
    last: "Último cambio",
    never: "aún ninguno",
    change: (from, to, time) => `${from} → ${to} a las ${time}`,
    decision: "Última evaluación",
    azure: (span) => `${span} de tiempo de Azure`,
    metrics: {
      CpuPercentage: "CPU",
      MemoryPercentage: "Memoria",
      DiskQueueLength: "Cola de disco",
      HttpQueueLength: "Cola HTTP",
      BytesReceived: "Bytes recibidos",
      BytesSent: "Bytes enviados",
    },
  },

  gauge: {
    label: (value, window) => `CPU en ${window}: ${value}`,
    now: (value) => `ahora ${value}`,
    summary: (value, low, high) =>
      `Las reglas ven ${value} de CPU. Por debajo de ${low} se va una instancia, por encima de ${high} llega otra.`,
  },

  story: {
    label: "Por qué tiene este tamaño",
    waiting: { head: "A la espera de las primeras cifras", text: "Llegan en cuanto funcionan instancias." },
    noRules: { head: "Aquí nada escala", text: "No hay reglas de escalado en vigor para esta aplicación." },
    noScaler: {
      head: "Aquí nada escala",
      text: "Las reglas de abajo actúan en Azure y en el laboratorio (scripts/run).",
    },
    paused: { head: "El escalador está en pausa", text: "Ninguna regla se evalúa hasta que se reanude." },
    starting: (value, time) => ({
      head: value === 1 ? "Llega una instancia" : `Llegan ${value} instancias`,
      text: time
        ? `Atiende peticiones unos ${time} después de la decisión.`
        : "Atiende peticiones en un momento.",
    }),
    leaving: (value) => ({
      head: value === 1 ? "Se va una instancia" : `Se van ${value} instancias`,
      text: "Antes termina las peticiones en curso.",
    }),
    atMaximum: (maximum, value, threshold) => ({
      head: `En el máximo: ${maximum}`,
      text: `La CPU, al ${value}, supera el ${threshold}, pero no puede haber más de ${instancias(maximum)}.`,
    }),
    atMinimum: (minimum, value, threshold) => ({
      head: `En reposo: ${instancias(minimum)}`,
      text: `La CPU, al ${value}, está por debajo del ${threshold}, y ${minimum} es el mínimo.`,
    }),
    cooldown: (way, left, value, threshold) => ({
      head: `Enfriamiento: ${left}`,
      text:
        way === "out"
          ? `La CPU, al ${value}, supera el ${threshold}: una más en cuanto acabe el enfriamiento.`
          : `La CPU, al ${value}, está por debajo del ${threshold}: una menos en cuanto acabe el enfriamiento.`,
    }),
    acting: (way, value, threshold) => ({
      head: way === "out" ? "Ampliando" : "Reduciendo",
      text:
        way === "out"
          ? `La CPU, al ${value}, supera el ${threshold}: la próxima evaluación añade una instancia.`
          : `La CPU, al ${value}, está por debajo del ${threshold}: la próxima evaluación quita una instancia.`,
    }),
    expected: (way, value, threshold) => ({
      head: way === "out" ? "Debería ampliar" : "Debería reducir",
      text:
        way === "out"
          ? `La CPU, al ${value}, supera el ${threshold}. Azure usa cifras de hasta 3 min atrás, y una instancia nueva tarda unos 2 min.`
          : `La CPU, al ${value}, está por debajo del ${threshold}. Azure usa cifras de hasta 3 min atrás.`,
    }),
    refused: (wanted, problem) => ({
      head: `Azure no establece ${instancias(wanted)}`,
      text: `Las reglas piden ${wanted}. El último intento terminó con: ${problem}. La próxima evaluación lo intenta de nuevo.`,
    }),
    kept: (way, value) => ({
      head: `Se queda en ${value}`,
      text:
        way === "in"
          ? "Con una menos, el resto superaría pronto el umbral y volvería a ampliarse."
          : "La última evaluación no cambió nada.",
    }),
    building: (way, now, value, threshold, window) => ({
      head: way === "out" ? "Aún no: la media debe subir" : "Aún no: la media debe bajar",
      text:
        way === "out"
          ? `La CPU está ahora al ${now}, pero la regla toma la media de ${window}: ${value}. Sobre ${threshold} añade una.`
          : `La CPU está ahora al ${now}, pero la regla toma la media de ${window}: ${value}. Bajo ${threshold} quita una.`,
    }),
    steady: (value) => ({
      head: "Estable",
      text: `La CPU, al ${value}, no cumple ninguna regla.`,
    }),
  },

  load: {
    heading: "Carga",
    rate: "peticiones por segundo",
    latency: "Latencia",
    none: "sin peticiones",
    chart: "Peticiones por segundo",
    summary: (highest) => `Peticiones por segundo en el tiempo; ${highest} como máximo.`,
    own: "Esta página pregunta unas dos veces por segundo.",
    p: { p50: "la mitad tarda menos", p95: "el 95 % tarda menos", p99: "el 99 % tarda menos" },
  },

  test: {
    heading: "Prueba de CPU",
    note: "Las instancias calculan a plena potencia hasta que acaba el tiempo. Las reglas hacen el resto.",
    scope: "Dónde",
    fleet: "Toda la flota",
    instance: "Una instancia",
    duration: "Duración",
    seconds: "segundos",
    intensity: "Intensidad",
    full: "Plena",
    start: "Iniciar la prueba de CPU",
    stop: "Detener todo",
    left: "restantes",
    running: (value) => `en marcha en ${instancias(value)}`,
    pending: "arrancando …",
    stopped: "Detenida.",
    newcomers: "Las que llegan se suman por lo que queda.",
  },

  key: {
    label: "Clave de función",
    note: "Se guarda solo en esta pestaña.",
    use: "Usarla",
    forget: "Olvidar la clave",
    cancel: "Cancelar",
  },

  lab: {
    heading: "Laboratorio",
    note: "Solo aquí, donde la flota corre en una máquina.",
    pause: "Pausar el escalador",
    resume: "Reanudar el escalador",
    kill: (id) => `Matar ${id}`,
    killing: "¿Qué pasa si muere una instancia?",
    title: "Aplicación de funciones",
    fixed: (value) => ({
      head: value === 1 ? "Una instancia" : `${instancias(value)}, siempre`,
      text: "Ninguna regla cambia cuántas hay. Para escalar por CPU, inicie la aplicación con lab up --max 3.",
    }),
    masterKey: "Clave maestra",
    locked: "Esta página necesita la clave maestra, que lab up mostró al iniciar.",
  },

  events: {
    heading: "Sucesos",
    none: "Aún no ha pasado nada.",
    joined: "está lista",
    left: "no recibe más peticiones y termina",
    lost: "terminó",
  },

  footer: {
    api: "Descripción de la API",
    metrics: "Métricas para Prometheus",
    health: "Salud",
    version: (version) => `Versión ${version}`,
  },
};
