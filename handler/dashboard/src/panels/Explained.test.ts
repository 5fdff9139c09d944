import { expect, test } from "vitest";
import { es } from "../words/es";
import { linesOf } from "./Explained";

test("the text of lab rules is translated line by line, and its columns stay", () => {
  const english = `the changed rules (site): 1 fault, 2 hints

CPU, 1 to 3 instances, when no other profile applies
  1 to 3 instances, 1 by default
  adds 1 when average CPU over 5 minutes is above 50%, cooldown 5 minutes
  removes 1 when average CPU over 5 minutes is below 30%, cooldown 5 minutes

  At a constant load (CPU, in percent of what one instance can do):
    1 instance    below 50%: stays; above 50%: 2
    2 instances   below 60%: 1; 60 to 100%: stays; above 100%: 3

Every weekend of the year, every Saturday and Sunday at 08:00, W. Europe Standard Time (Europe/Berlin)
  limits and rules as in CPU, 1 to 3 instances

fault flapping
  profiles[0].rules[0]: flaps with rules[1]. At a load from 50 to 60% of one instance, 1 instance scales out to 2, because average CPU over 5 minutes is above 50%. With 2, all scale-in rules are true under the same load: rules[1] sees 25 to 30% (average CPU over 5 minutes is below 30%). Only Azure's flapping check, which is an estimate, keeps the larger count.
  Set the scale-in threshold to at most 25%, or the scale-out threshold to at least 60%.

hint enabled_missing
  profiles[0].enabled and 2 more places: is missing. UTC is assumed.
`;
  expect(
    linesOf(english, es.said).replaceAll("\u00a0%", " %"),
  ).toBe(`las reglas cambiadas (site): 1 error, 2 sugerencias

CPU, 1 to 3 instances, cuando no se aplica ningún otro perfil
  de 1 a 3 instancias, 1 de forma predeterminada
  agrega 1 cuando la CPU media de 5 minutos supera el 50 %; enfriamiento: 5 minutos
  quita 1 cuando la CPU media de 5 minutos está por debajo del 30 %; enfriamiento: 5 minutos

  Con una carga constante (CPU, en porcentaje de lo que puede una instancia):
    1 instancia    por debajo del 50 %: sin cambios; por encima del 50 %: 2
    2 instancias   por debajo del 60 %: 1; de 60 a 100 %: sin cambios; por encima del 100 %: 3

Every weekend of the year, cada sábado y domingo a las 08:00, W. Europe Standard Time (Europe/Berlin)
  límites y reglas como en CPU, 1 to 3 instances

error flapping
  profiles[0].rules[0]: oscila con rules[1]. Con una carga del 50 al 60 % de una instancia, 1 instancia se amplía a 2, porque la CPU media de 5 minutos supera el 50 %. Con 2, todas las reglas de reducción se cumplen con la misma carga: rules[1] ve de 25 a 30 % (la CPU media de 5 minutos está por debajo del 30 %). Solo la comprobación de oscilación de Azure, que es una estimación, mantiene el número mayor.
  Ponga el umbral de reducción en 25 % como máximo, o el de ampliación en 60 % como mínimo.

sugerencia enabled_missing
  profiles[0].enabled y 2 lugares más: falta. Se supone UTC.
`);
});
