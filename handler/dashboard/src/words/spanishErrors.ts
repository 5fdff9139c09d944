/** Why the app or the emulator refuses something, in Spanish; the forms are those of `translate.ts`. */
export const ERRORS: Record<string, string> = {
  // The app
  "too many requests are in flight: try again in a moment":
    "hay demasiadas peticiones en curso: inténtelo otra vez dentro de un momento",
  "the request could not be processed": "no se pudo procesar la petición",
  "the database is not available": "la base de datos no está disponible",
  "no database is configured: set DATABASE_URL, or PGHOST and the other PG variables":
    "no hay ninguna base de datos configurada: indique DATABASE_URL, o PGHOST y las demás variables PG",
  "the database did not answer within {n} s": "la base de datos no respondió en {0} s",
  "the database schema is too old for this version: run `handler migrate`":
    "el esquema de la base de datos es demasiado antiguo para esta versión: ejecute `handler migrate`",
  "the database has the schema of another version: run that version, or use an empty database":
    "la base de datos tiene el esquema de otra versión: ejecute esa versión o use una base de datos vacía",
  "the SQLite file has the schema of another version: `./scripts/run --fresh` starts with an empty one, or set SQLITE_PATH to another file":
    "el archivo SQLite tiene el esquema de otra versión: `./scripts/run --fresh` empieza con uno vacío, o indique otro archivo en SQLITE_PATH",
  "no access token for the database: {}": "no hay un token de acceso para la base de datos: {0}",
  "none has been received yet": "aún no se ha recibido ninguno",
  "there is no identity endpoint: give the app a managed identity and start it again":
    "no hay un punto de conexión de identidad: dé a la aplicación una identidad administrada y reiníciela",
  "the identity endpoint cannot be reached": "no se puede acceder al punto de conexión de identidad",
  "the identity endpoint does not answer in time": "el punto de conexión de identidad no responde a tiempo",
  "the identity endpoint answers {n}: check AZURE_CLIENT_ID, and that this identity is the app's":
    "el punto de conexión de identidad devuelve {0}: compruebe AZURE_CLIENT_ID y que esta identidad sea la de la aplicación",
  "the identity endpoint returns a response without a token":
    "el punto de conexión de identidad devuelve una respuesta sin token",
  "the identity endpoint returns a token that has expired: check the clock":
    "el punto de conexión de identidad devuelve un token caducado: compruebe el reloj",
  "the database refuses the access token: check PGUSER, and that `handler provision` made this role for the app's identity":
    "la base de datos rechaza el token de acceso: compruebe PGUSER y que `handler provision` haya creado este rol para la identidad de la aplicación",
  "the database file was deleted or replaced while it was open: restart the app":
    "el archivo de la base de datos se eliminó o se sustituyó mientras estaba abierto: reinicie la aplicación",
  "visits cannot be recorded: {}": "no se pueden registrar visitas: {0}",
  "the database did not finish a write in time": "la base de datos no terminó una escritura a tiempo",
  "the database is read-only": "la base de datos es de solo lectura",
  "the disk of the database is full": "el disco de la base de datos está lleno",
  "the app's role lacks a permission on a table or sequence":
    "al rol de la aplicación le falta un permiso en una tabla o secuencia",
  "a table or column is missing": "falta una tabla o una columna",
  "another process keeps the database locked": "otro proceso mantiene bloqueada la base de datos",
  "the database refuses the statement; the app's log has the cause":
    "la base de datos rechaza la instrucción; la causa está en el registro de la aplicación",
  "not a site configuration": "no es la configuración de un sitio",

  // The emulator
  "The handler ended with exit code {n}": "El handler terminó con el código de salida {0}",
  "The handler was ended by signal: {x}": "El handler terminó por la señal {0}",
  "The handler was lost: {x}": "Se perdió el handler: {0}",
  "the instance {} has no running process; kill it after it has started":
    "la instancia {0} no tiene ningún proceso en ejecución; termínela cuando haya arrancado",
  "On Elastic Premium the app itself evaluates the rules; they cannot be paused here":
    "En Elastic Premium, la propia aplicación evalúa las reglas; aquí no se pueden pausar",
  "The app is stopping or restarting; try again":
    "La aplicación se está deteniendo o reiniciando; inténtelo otra vez",
  "On Elastic Premium the app applies the rules that it read at its start. To use others, stop lab up and start it again with --autoscale FILE":
    "En Elastic Premium, la aplicación aplica las reglas que leyó al arrancar. Para usar otras, detenga lab up y arránquelo con --autoscale FILE",
  "This app was started with one instance at most, so that no rules apply. Start lab up again with --max 2 or more":
    "Esta aplicación se arrancó con una instancia como máximo, así que no se aplica ninguna regla. Arranque lab up con --max 2 o más",
  "The setting cannot be used: {}": "No se puede usar la configuración: {0}",
  "The body is not UTF-8; send the setting as JSON":
    "El cuerpo no está en UTF-8; envíe la configuración como JSON",
  "{}: {} A file is read like that; here, correct the value":
    "{0}: {1} En un archivo se lee así; aquí, corrija el valor",
  "{}: is {n}, and at most {n} instances of {n} CPUs fit this machine. Choose {n} or fewer, or start lab up with --max {n}":
    "{0}: es {1}, y en esta máquina caben como máximo {2} instancias de {3} CPU. Elija {4} o menos, o arranque lab up con --max {5}",
  "Rules on {x} need samples that are not taken here. Start lab up with these rules in a file: --autoscale FILE":
    "Las reglas sobre {0} necesitan muestras que aquí no se toman. Arranque lab up con estas reglas en un archivo: --autoscale FILE",
  "A simulation needs {n} Azure minutes of load, and {n} Azure minutes have been seen so far. Try again later":
    "Una simulación necesita {0} minutos de carga de Azure, y hasta ahora se han observado {1}. Inténtelo más tarde",
  "A simulation needs {n} Azure minutes of load, and 1 Azure minute has been seen so far. Try again later":
    "Una simulación necesita {0} minutos de carga de Azure, y hasta ahora se ha observado 1. Inténtelo más tarde",
};
