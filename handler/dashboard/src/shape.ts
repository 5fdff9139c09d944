/**
 * Descriptions of JSON from which both the TypeScript types and a check follow. It finds every difference between what
 * was sent and what is described.
 */
export type Shape =
  | { kind: "number" | "string" | "boolean" | "unknown" }
  | { kind: "word"; words: readonly string[] }
  | { kind: "nullable" | "optional" | "list" | "map"; of: Shape }
  | { kind: "object"; fields: Record<string, Shape> };

/** The type of what a shape describes. */
export type Of<S> = S extends { kind: "number" }
  ? number
  : S extends { kind: "string" }
    ? string
    : S extends { kind: "boolean" }
      ? boolean
      : S extends { kind: "word"; words: readonly (infer W)[] }
        ? W
        : S extends { kind: "nullable"; of: infer T }
          ? Of<T> | null
          : S extends { kind: "optional"; of: infer T }
            ? Of<T> | undefined
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
/** One of these. */
export const word = <const W extends readonly string[]>(...words: W) => ({ kind: "word", words }) as const;
/** Any JSON. */
export const unknown = { kind: "unknown" } as const;
export const nullable = <const S extends Shape>(of: S) => ({ kind: "nullable", of }) as const;
/** A field that may be absent. */
export const optional = <const S extends Shape>(of: S) => ({ kind: "optional", of }) as const;
export const list = <const S extends Shape>(of: S) => ({ kind: "list", of }) as const;
/** An object with names that are not known beforehand. */
export const map = <const S extends Shape>(of: S) => ({ kind: "map", of }) as const;
export const object = <const F extends Record<string, Shape>>(fields: F) =>
  ({ kind: "object", fields }) as const;

/** Whether fields that are not described count as a difference: a newer server may send more. */
type Strictness = "strict" | "more is fine";

/** Where a value differs from its shape, one line each. */
export function differences(
  value: unknown,
  shape: Shape,
  strictness: Strictness = "strict",
  path = "$",
): string[] {
  const inside = (item: unknown, of: Shape, where: string) => differences(item, of, strictness, where);
  switch (shape.kind) {
    case "unknown":
      return value === undefined ? [`${path} is missing`] : [];
    case "word":
      return shape.words.includes(value as string) ? [] : [`${path} is none of ${shape.words.join(", ")}`];
    case "nullable":
      return value === null ? [] : inside(value, shape.of, path);
    case "optional":
      return value === undefined ? [] : inside(value, shape.of, path);
    case "list":
      return Array.isArray(value)
        ? value.flatMap((item, index) => inside(item, shape.of, `${path}[${index}]`))
        : [`${path} is no list`];
    case "map":
      return isObject(value)
        ? Object.entries(value).flatMap(([name, item]) => inside(item, shape.of, `${path}.${name}`))
        : [`${path} is no object`];
    case "object": {
      if (!isObject(value)) return [`${path} is no object`];
      const extra =
        strictness === "strict" ? Object.keys(value).filter((name) => !(name in shape.fields)) : [];
      return [
        ...extra.map((name) => `${path}.${name} is not described`),
        ...Object.entries(shape.fields).flatMap(([name, field]) =>
          name in value || field.kind === "optional"
            ? inside(value[name], field, `${path}.${name}`)
            : [`${path}.${name} is missing`],
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
