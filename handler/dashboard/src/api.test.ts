/** What the page expects of the API is what the API says of itself. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { shapes } from "./api";
import type { Shape } from "./shape";

type Schema = {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema;
  oneOf?: Schema[];
  pattern?: string;
};

/** The snapshot that the handler's tests compare its OpenAPI document with. */
const snapshot = readFileSync("../tests/snapshots/api__openapi.snap", "utf8");
const openapi = JSON.parse(snapshot.slice(snapshot.indexOf("\n{")));
const schemas: Record<string, Schema> = openapi.components.schemas;

const named = (ref: string) => ref.replace("#/components/schemas/", "");

/** Where the page expects something that the schema does not promise, one line each. */
function drift(shape: Shape, given: Schema | undefined, path: string): string[] {
  if (!given) return [`${path} is not in the description`];
  const schema = given.$ref ? schemas[named(given.$ref)] : given;
  if (!schema) return [`${path}: ${given.$ref} is not in the description`];
  const types = [schema.type ?? []].flat();
  switch (shape.kind) {
    case "unknown":
      return [];
    case "nullable": {
      const alternatives = schema.oneOf?.filter((one) => one.type !== "null");
      const isNullable = types.includes("null") || alternatives?.length === (schema.oneOf?.length ?? 0) - 1;
      if (!isNullable) return [`${path} is never null`];
      return drift(
        shape.of,
        alternatives?.[0] ?? { ...schema, type: types.filter((type) => type !== "null") },
        path,
      );
    }
    case "optional":
      return drift(shape.of, schema.properties ? schema : given, path);
    case "list":
      return types.includes("array") ? drift(shape.of, schema.items, `${path}[]`) : [`${path} is no list`];
    case "map":
      return drift(shape.of, schema.additionalProperties, `${path}.*`);
    case "object":
      return Object.entries(shape.fields).flatMap(([name, field]) => [
        ...(schema.required?.includes(name) || field.kind === "nullable" || field.kind === "optional"
          ? []
          : [`${path}.${name} may be absent`]),
        ...drift(field, schema.properties?.[name], `${path}.${name}`),
      ]);
    case "word": {
      const listed = /^\^\(([a-z_|]+)\)\$$/.exec(schema.pattern ?? "")?.[1]?.split("|");
      const pattern = new RegExp(schema.pattern ?? "^$");
      return [
        ...shape.words.filter((word) => !pattern.test(word)).map((word) => `${path} is never ${word}`),
        ...(listed ?? [])
          .filter((word) => !shape.words.includes(word))
          .map((word) => `${path} may be ${word} too`),
      ];
    }
    default: {
      const wanted = shape.kind === "number" ? ["number", "integer"] : [shape.kind];
      const fits = types.length > 0 && types.every((type) => wanted.includes(type));
      return fits ? [] : [`${path} is ${types.join(" or ")}, not ${shape.kind}`];
    }
  }
}

test.each(Object.entries(shapes))("%s", (name, shape) => {
  expect(drift(shape, schemas[name], name)).toEqual([]);
});

test.each([
  ["/api/visits", "get", "200", "VisitList"],
  ["/api/visit", "post", "201", "RecordedVisit"],
  ["/api/instances", "get", "200", "Fleet"],
  ["/api/timeline", "get", "200", "FleetTimeline"],
  ["/health", "get", "200", "HealthReport"],
  ["/health", "get", "503", "HealthReport"],
  ["/api/stress", "post", "202", "StressStarted"],
  ["/api/stress", "delete", "200", "StressStopped"],
])("%s %s answers %s with %s", (path, method, status, name) => {
  const answer = openapi.paths[path][method].responses[status].content["application/json"].schema;
  expect(named(answer.$ref)).toBe(name);
});

test("the CPU test is ordered in fields that there are", () => {
  const fields = Object.keys(schemas.StressRequest?.properties ?? {});
  expect(fields).toEqual(expect.arrayContaining(["duration", "intensity", "scope", "wait"]));
});

test("a drift is found", () => {
  const shape: Shape = {
    kind: "object",
    fields: {
      total_visits: { kind: "string" },
      gone: { kind: "number" },
      instance_id: { kind: "nullable", of: { kind: "string" } },
    },
  };
  expect(drift(shape, schemas.VisitList, "$")).toEqual([
    "$.total_visits is integer, not string",
    "$.gone may be absent",
    "$.gone is not in the description",
    "$.instance_id is never null",
  ]);
});
