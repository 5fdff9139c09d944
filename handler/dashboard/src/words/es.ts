import type { Words } from "./en";
import { said } from "./said";

const instancias = (value: number) => `${value} ${value === 1 ? "instancia" : "instancias"}`;

export const es: Words = {
  name: "Español",
  said,
  skip: "Ir a la situación actual",
  sum: (live) => `${instancias(live)} en ejecución`,
  more: (term) => `¿Qué significa «${term}»?`,

  header: {
    live: "En directo",
    connecting: "Conectando …",
    stale: (time) => `Datos de las ${time}`,
    language: "Idioma",
    theme: "Tema",
    themes: { auto: "Automático", light: "Claro", dark: "Oscuro" },
    database: { postgresql: "PostgreSQL", sqlite: "SQLite", none: "Sin base de datos" },
    azureMinute: (minute) => `Minuto ${minute} de Azure`,
    present: "Presentar",
    leave: "Salir del modo de presentación",
    fullScreen: "Pantalla completa",
    leaveFullScreen: "Salir de pantalla completa",
    linkNote: "Copiar un enlace a esta vista: intervalo, tema e idioma",
    copied: "Enlace copiado",
    inAddressBar: "El enlace está en la barra de direcciones",
  },

  terms: {
    azureMinute: (scale) =>
      `El emulador usa tiempo acelerado: 1 s aquí son ${scale} s en Azure. Las ventanas y los enfriamientos de las reglas cuentan en tiempo de Azure.`,
    cooldown:
      "Después de una acción de escalado, cada regla espera este tiempo antes de volver a actuar. Así el último cambio puede surtir efecto.",
    average: (window) =>
      `Las reglas comparan con sus umbrales la CPU media de todas las instancias durante ${window}. El valor actual es la última medición y puede alejarse mucho de la media.`,
    wanted:
      "El escalador fija el número deseado. Una instancia nueva tarda en arrancar, por lo que «listas» sigue a «deseadas» con retraso.",
    truncated:
      "Para proteger la privacidad, la aplicación guarda solo la parte de red de la dirección: /24 en IPv4, /48 en IPv6.",
    percentiles:
      "La mitad de las peticiones tarda menos que p50; el 95 %, menos que p95, y el 99 %, menos que p99.",
  },

  trouble: {
    offline: "El servidor no responde.",
    database: "La base de datos no responde.",
    overloaded: "El servidor está sobrecargado.",
    other: (status) => `El servidor responde con el estado ${status}.`,
    kept: (time) => `Se muestran datos de las ${time}. Las acciones están desactivadas. Reconectando …`,
    nothing: "Reconectando …",
    key: "Esta función requiere una clave.",
    badKey: "La clave no es válida.",
    busy: "Ya hay una prueba de CPU en curso en esta instancia.",
    gone: "Esta instancia ya no está en ejecución.",
  },

  visits: {
    heading: "Visitas",
    total: "visitas registradas",
    register: "Registrar una visita",
    registered: (id, ip) => `N.º ${id}, desde ${ip}, registrada por`,
    many: (value) => `Enviar ${value} a la vez`,
    howMany: "Visitas a la vez",
    range: (most) => `Escriba un número entero de 1 a ${most}.`,
    stop: "Detener",
    progress: (done, all) => `${done} de ${all} completadas`,
    outcome: "Resultado",
    accepted: "registradas",
    unanswered: "sin respuesta",
    status: (status) => `estado ${status}`,
    took: (time) => `en ${time}`,
    last: "Visitas recientes",
    none: "Aún no hay visitas. Registre la primera.",
    number: "N.º",
    time: "Hora",
    address: "Dirección",
    truncated: "truncada",
    notKept: "no se guarda",
    recordedBy: "Registrada por",
  },

  fleet: {
    heading: "Instancias",
    ofMaximum: (maximum) => `de ${instancias(maximum)} en ejecución`,
    running: (value) => (value === 1 ? "instancia en ejecución" : "instancias en ejecución"),
    wanted: (value) => `${value} ${value === 1 ? "deseada" : "deseadas"}`,
    free: "Plaza disponible",
    slots: (value) => `${value} ${value === 1 ? "plaza disponible" : "plazas disponibles"}`,
    freeNote: "Se usa cuando una regla agrega instancias",
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
    age: "Tiempo activo",
    served: "Peticiones",
    inFlight: "En curso",
    testing: (left) => `Prueba de CPU: quedan ${left}`,
    unheard: "Esperando el primer latido",
    lost: "Terminó sin drenar",
    more: (value) => `y ${value} más`,
    none: "Esperando la primera instancia.",
  },

  scaling: {
    heading: "Escalado",
    span: "Intervalo",
    cpu: "CPU de cada instancia",
    mean: "media",
    count: "Instancias: deseadas y listas",
    ready: "listas",
    wanted: "deseadas",
    levelOut: (threshold) => `Ampliar > ${threshold}`,
    levelIn: (threshold) => `Reducir < ${threshold}`,
    cpuSummary: (highest) => `CPU de cada instancia en el tiempo. La media más alta es ${highest}.`,
    countSummary: (highest) => `Instancias deseadas y listas en el tiempo. El número más alto es ${highest}.`,
    empty: "Aún no hay datos. El gráfico empezará cuando haya una instancia en ejecución.",
    azureMinute: (minute) => `minuto ${minute} de Azure`,
    azureRow: "en azul: minutos de Azure",
    rules: "Reglas",
    when: "Condición",
    reading: "Actual",
    effect: "Acción",
    window: (window) => `media de ${window}`,
    firing: "Activada",
    notFiring: "No activada",
    cooldown: "Enfriamiento",
    noCooldown: "ninguno",
    left: (time) => `quedan ${time}`,
    last: "Último cambio",
    never: "aún ninguno",
    change: (from, to, time) => `${from} → ${to} a las ${time}`,
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
    average: "CPU media",
    label: (value, window) => `${value} en ${window}`,
    now: (value) => `CPU actual ${value}`,
    summary: (value, low, high) =>
      `La CPU media es ${value}. Por debajo de ${low} se quita una instancia; por encima de ${high} se agrega otra.`,
  },

  story: {
    label: "Cuántas instancias hay y por qué",
    waiting: {
      head: "Esperando datos",
      text: "Los primeros valores llegarán en cuanto haya una instancia en ejecución.",
    },
    noRules: {
      head: "Sin escalado automático",
      text: "No hay reglas de escalado activas para esta aplicación.",
    },
    noScaler: {
      head: "Sin escalado automático",
      text: "Las reglas se aplican en Azure y con scripts/run.",
    },
    paused: {
      head: "El escalado automático está en pausa",
      text: "No se evalúa ninguna regla hasta que lo reanude.",
    },
    starting: (value, time) => ({
      head: value === 1 ? "Agregando una instancia" : `Agregando ${instancias(value)}`,
      text: time
        ? `Está arrancando y atenderá peticiones unos ${time} después de la decisión.`
        : "Está arrancando y atenderá peticiones en cuanto esté lista.",
    }),
    replacing: (value) => ({
      head: value === 1 ? "Sustituyendo una instancia perdida" : `Sustituyendo ${value} instancias perdidas`,
      text: "Una instancia terminó sin drenar. Otra nueva arranca en su lugar.",
    }),
    leaving: (value) => ({
      head: value === 1 ? "Quitando una instancia" : `Quitando ${instancias(value)}`,
      text: "No recibe peticiones nuevas, completa las que están en curso y después se detiene.",
    }),
    atMaximum: (maximum, value, threshold) => ({
      head: `Máximo alcanzado: ${instancias(maximum)}`,
      text: `La CPU media es ${value} y supera ${threshold}, pero las reglas permiten como máximo ${instancias(maximum)}.`,
    }),
    atMinimum: (minimum, value, threshold) => ({
      head: `En reposo: ${instancias(minimum)} (mínimo)`,
      text: `La CPU media es ${value}, por debajo de ${threshold}. Las reglas mantienen al menos ${instancias(minimum)}.`,
    }),
    cooldown: (way, left, value, threshold) => ({
      head: `Enfriamiento: ${left}`,
      text:
        way === "out"
          ? `La CPU media es ${value} y supera ${threshold}. La regla puede agregar una instancia después del enfriamiento.`
          : `La CPU media es ${value}, por debajo de ${threshold}. La regla puede quitar una instancia después del enfriamiento.`,
    }),
    acting: (way, value, threshold) => ({
      head: way === "out" ? "Ampliando" : "Reduciendo",
      text:
        way === "out"
          ? `La CPU media es ${value} y supera ${threshold}. La próxima evaluación agrega una instancia.`
          : `La CPU media es ${value}, por debajo de ${threshold}. La próxima evaluación quita una instancia.`,
    }),
    expected: (way, value, threshold) => ({
      head: way === "out" ? "Se espera una ampliación" : "Se espera una reducción",
      text:
        way === "out"
          ? `La CPU media es ${value} y supera ${threshold}. Azure evalúa métricas de hasta 3 min atrás, y una instancia nueva tarda unos 2 min en arrancar.`
          : `La CPU media es ${value}, por debajo de ${threshold}. Azure evalúa métricas de hasta 3 min atrás.`,
    }),
    refused: (wanted, problem) => ({
      head: `Azure no fijó ${instancias(wanted)}`,
      text: `Las reglas piden ${instancias(wanted)}. El último intento falló: ${problem}. La próxima evaluación lo intenta de nuevo.`,
    }),
    problems: {
      refused: "Azure rechazó la petición",
      throttled: "Azure recibió demasiadas peticiones",
      failed: "Azure devolvió un error",
      timed_out: "Azure no respondió a tiempo",
      unreachable: "no se puede acceder a Azure",
      no_token: "la aplicación no tiene un token de acceso",
    },
    kept: (way, value) => ({
      head: `Sin cambios: ${instancias(value)}`,
      text:
        way === "in"
          ? "Con una instancia menos, la CPU superaría el umbral y las reglas volverían a agregar una."
          : "La última evaluación no cambió nada.",
    }),
    building: (way, now, value, threshold, window) => ({
      head:
        way === "out"
          ? `En espera: media ${value}, se necesita ${threshold}`
          : `En espera: media ${value}, por encima de ${threshold}`,
      text:
        way === "out"
          ? `La CPU actual es ${now}, pero la regla usa la media de ${window}. Por encima de ${threshold} agrega una instancia.`
          : `La CPU actual es ${now}, pero la regla usa la media de ${window}. Por debajo de ${threshold} quita una instancia.`,
    }),
    steady: (value, low, high) => ({
      head: "Estable",
      text:
        low && high
          ? `La CPU media es ${value}, entre ${low} y ${high}: sin cambios.`
          : `La CPU media es ${value}. No se activa ninguna regla.`,
    }),
  },

  events: {
    heading: "Eventos",
    none: "No hay eventos en este intervalo.",
    time: "Hora",
    event: "Evento",
    what: "Detalles",
    kinds: {
      joined: "Iniciada",
      left: "Detenida",
      lost: "Perdida",
      scaled_out: "Ampliación",
      scaled_in: "Reducción",
    },
    change: (from, to) => `${from} → ${instancias(to)}`,
  },

  load: {
    heading: "Carga",
    rate: "peticiones por segundo",
    latency: "Latencia",
    chart: "Peticiones por segundo",
    summary: (highest) => `Peticiones por segundo en el tiempo. El valor más alto es ${highest}.`,
    own: "Este panel envía unas 2 peticiones por segundo.",
  },

  test: {
    heading: "Prueba de CPU",
    note: "Pone cada instancia al 100 % de CPU durante ese tiempo para que actúen las reglas.",
    scope: "Destino",
    fleet: "Todas las instancias",
    instance: "Una instancia",
    duration: "Duración",
    seconds: "segundos",
    durationRange: (least, most) => `Escriba de ${least} a ${most} segundos.`,
    intensity: "Intensidad",
    intensityRange: "Escriba un número entero mayor que 0 o deje el campo vacío.",
    full: "Máxima",
    start: "Iniciar la prueba de CPU",
    stop: "Detener la prueba de CPU",
    left: "restantes",
    running: (value) => `En curso en ${instancias(value)}`,
    pending: "Iniciando …",
    stopped: "Prueba de CPU detenida.",
    newcomers: "Las instancias nuevas se suman a la prueba en curso.",
  },

  key: {
    label: "Clave de función",
    note: "Se guarda solo en esta pestaña.",
    use: "Continuar",
    forget: "Olvidar la clave",
    cancel: "Cancelar",
  },

  lab: {
    heading: "Emulador",
    note: "Disponible solo en el emulador local.",
    pause: "Pausar el escalado automático",
    resume: "Reanudar el escalado automático",
    kill: (id) => `Terminar ${id}`,
    killing: "¿Qué pasa cuando falla una instancia?",
    confirm: (id) => `¿Terminar ${id}?`,
    consequence:
      "El proceso termina de inmediato. Sus peticiones en curso fallan y se muestra como perdida. El emulador arranca otra en su lugar.",
    confirmed: "Terminar la instancia",
    cancel: "Cancelar",
    title: "Aplicación de funciones",
    fixed: (value) => ({
      head: value === 1 ? "Una instancia" : `Siempre ${instancias(value)}`,
      text: "No hay reglas de escalado activas. Para escalar por CPU, inicie la aplicación con lab up --max 3.",
    }),
    masterKey: "Clave maestra",
    locked: "Esta página requiere la clave maestra. lab up la mostró al iniciar.",
  },

  whatIf: {
    heading: "¿Y si …?",
    note: "Cambie las reglas, simúlelas con la carga recién observada y aplíquelas a la flota en ejecución.",
    open: "Cambiar las reglas",
    close: "Cerrar",
    loading: "Leyendo las reglas …",
    seen: (minutes) =>
      `Carga observada hasta ahora: ${minutes} ${minutes === 1 ? "minuto" : "minutos"} de Azure.`,
    profile: (name) => `Son los valores del perfil ${name}, que se aplica ahora.`,
    limits: "Instancias",
    minimum: "Mínimo",
    maximum: "Máximo",
    initial: "Predeterminado",
    rule: (effect, metric, sign) => `${effect} cuando ${metric} ${sign}`,
    threshold: "Umbral",
    window: "Ventana, min",
    cooldown: "Enfriamiento, min",
    range: (least, most) => `Escriba de ${least} a ${most}.`,
    number: "Escriba un número.",
    order: "El valor predeterminado debe estar entre el mínimo y el máximo.",
    reversed: "El máximo no puede ser menor que el mínimo.",
    unchanged: "Cambie un valor para simularlo o aplicarlo.",
    rehearse: "Simular",
    apply: "Aplicar a la flota",
    reset: "Restablecer",
    applied:
      "Aplicadas. La próxima evaluación usa estas reglas. Los enfriamientos y los valores medidos se conservan.",
    rehearsed: (minutes) =>
      `Simuladas con la carga de ${minutes} ${minutes === 1 ? "minuto" : "minutos"} de Azure. La flota no ha cambiado.`,
    saturated: (minutes) =>
      `Durante ${minutes} min, todas las instancias estaban al 99 % de CPU o más. La carga real pudo ser mayor.`,
    missing: (minutes) =>
      `Durante ${minutes} min no se midió la CPU. La simulación mantiene el último valor.`,
    notRecorded: (metric) => `Las reglas sobre ${metric} no reciben muestras: solo se registra la CPU.`,
    outcome: "Resultado simulado",
    active: "activas",
    changed: "cambiadas",
    fleet: "reales",
    verdict: "Veredicto",
    verdicts: {
      flapping: "oscilación",
      overshoot: "exceso",
      overloaded: "sobrecarga",
      "at maximum": "en el máximo",
      good: "bien",
    },
    short: "Minutos con sobrecarga",
    hours: "Horas de instancia",
    actions: "Acciones",
    chart: "Instancias deseadas, por minuto de Azure",
    summary: (active, changed) =>
      `Instancias deseadas en el tiempo. Como máximo ${active} con las reglas activas y ${changed} con las cambiadas.`,
    action: (minute, from, to) => `Minuto ${minute} de Azure: ${from} → ${to}`,
    actionsOf: (name) => `Acciones con las reglas ${name}`,
    none: "ninguna",
    says: (faults, hints) =>
      `lab rules: ${faults} ${faults === 1 ? "error" : "errores"}, ${hints} ${hints === 1 ? "sugerencia" : "sugerencias"}`,
    faults: "Errores",
  },

  footer: {
    api: "Descripción de la API",
    metrics: "Métricas de Prometheus",
    health: "Estado",
    version: (version) => `Versión ${version}`,
  },
};
