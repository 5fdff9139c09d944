/**
 * Descriptions of JSON from which both the TypeScript types and a strict check follow. The check is for the tests: it
 * finds every difference between what the lab writes and what is described here.
 */
export type Shape =
  | { kind: "number" | "string" | "boolean" | "unknown" }
  | { kind: "nullable" | "list" | "map"; of: Shape }
  | { kind: "object"; fields: Record<string, Shape> };

/** The type of what a shape describes. */
export type Of<S> = S extends { kind: "number" }
  ? number
  : S extends { kind: "string" }
    ? string
    : S extends { kind: "boolean" }
      ? boolean
      : S extends { kind: "nullable"; of: infer T }
        ? Of<T> | null
        : S extends { kind: "list"; of: infer T }
          ? Of<T>[]
          : S extends { kind: "map"; of: infer T }
            ? Record<string, Of<T>>
            : S extends { kind: "object"; fields: infer F }
              ? { -readonly [K in keyof F]: Of<F[K]> }
              : unknown;

export const number = { kind: "number" } as const;
export const string = { kind: "string" } as const;
export const boolean = { kind: "boolean" } as const;
/** Any JSON. */
export const unknown = { kind: "unknown" } as const;
export const nullable = <const S extends Shape>(of: S) => ({ kind: "nullable", of }) as const;
export const list = <const S extends Shape>(of: S) => ({ kind: "list", of }) as const;
/** An object with names that are not known beforehand. */
export const map = <const S extends Shape>(of: S) => ({ kind: "map", of }) as const;
export const object = <const F extends Record<string, Shape>>(fields: F) =>
  ({ kind: "object", fields }) as const;

/** Where a value differs from its shape, one line each; fields that are missing or not described count too. */
export function differences(value: unknown, shape: Shape, path = "$"): string[] {
  switch (shape.kind) {
    case "unknown":
      return value === undefined ? [`${path} is missing`] : [];
    case "nullable":
      return value === null ? [] : differences(value, shape.of, path);
    case "list":
      return Array.isArray(value)
        ? value.flatMap((item, index) => differences(item, shape.of, `${path}[${index}]`))
        : [`${path} is no list`];
    case "map":
      return isObject(value)
        ? Object.entries(value).flatMap(([name, item]) => differences(item, shape.of, `${path}.${name}`))
        : [`${path} is no object`];
    case "object": {
      if (!isObject(value)) return [`${path} is no object`];
      const extra = Object.keys(value).filter((name) => !(name in shape.fields));
      return [
        ...extra.map((name) => `${path}.${name} is not described`),
        ...Object.entries(shape.fields).flatMap(([name, field]) =>
          name in value ? differences(value[name], field, `${path}.${name}`) : [`${path}.${name} is missing`],
        ),
      ];
    }
    default:
      return typeof value === shape.kind ? [] : [`${path} is no ${shape.kind}`];
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
