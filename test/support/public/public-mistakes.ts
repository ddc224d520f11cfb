// Mistakes in calls of public functions, made from the published types: what a fuzzer of options throws at them.
import { Tensor } from "../../../src/index.ts";
import type { Described, Field, ObjectType } from "./public-types.ts";

/** A call with a mistake in it: what its error must name. */
export interface Mistake {
  readonly value: unknown;
  readonly key: string;
  readonly names: readonly string[];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Tensor);

/** Values that a field of this type does not take. */
function wrongValues({ kinds, objects, instances }: Described): [string, unknown][] {
  if (kinds.has("anything")) return [];
  const wrong: [string, unknown][] = [
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["1e39", 1e39],
  ];
  if (!kinds.has("null")) wrong.push(["null", null]);
  if (!kinds.has("record")) wrong.push(["an object", { unexpected: 1 }]);
  if (!kinds.has("string")) wrong.push(["a text", "unheard-of"]);
  if (!kinds.has("number")) wrong.push(["a number", 7]);
  if (!kinds.has("boolean")) wrong.push(["true", true]);
  if (!kinds.has("list") && objects.length === 0) wrong.push(["a list", []]);
  if (!kinds.has("function")) wrong.push(["a function", () => 1]);
  if (instances.includes("Dense")) wrong.push(...wrongTensors);
  return wrong;
}

/** What is nearly a dense tensor. */
const wrongTensors: [string, unknown][] = [
  ["a shape of fractions", { shape: [1.5, 2], values: new Float64Array(3) }],
  ["a shape alone", { shape: [1] }],
  ["too few values", { shape: [2], values: new Float64Array(1) }],
  ["a list for values", { shape: [1], values: [1] }],
];

/** The name with one letter doubled, or written as others do. */
function misspelt(name: string, known: ReadonlyMap<string, unknown>): string {
  const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return [snake, `${name}${name.at(-1)}`, `${name}x`].find((one) => !known.has(one)) ?? `${name}_`;
}

/** The form of an object: that with its `kind`, or all of whose required fields it has. */
const formOf = (objects: readonly ObjectType[], value: Record<string, unknown>): ObjectType | undefined =>
  objects.find(
    ({ tag, tagName = "kind", fields }) =>
      (tag === undefined || tag === value[tagName]) &&
      [...fields].every(([name, { optional }]) => optional || value[name] !== undefined) &&
      Object.keys(value).every((name) => fields.has(name)),
  );

/**
 * Mistakes in a value, one at a time. `seen` gets the forms of objects, true for those of which there was one; objects
 * at `open` paths may have more fields than are read.
 */
export function* mistakes(
  value: unknown,
  type: Described,
  path: string,
  seen: Map<string, boolean>,
  open: ReadonlySet<string>,
): Generator<Mistake> {
  if (Array.isArray(value) && type.entry) {
    for (const [i, entry] of value.entries()) {
      for (const mistake of mistakes(entry, type.entry, `${path}[]`, new Map(), open)) {
        yield { ...mistake, value: value.with(i, mistake.value) };
      }
    }
  }
  for (const one of type.objects) {
    if (one.fields.size === 0) continue;
    const form = `${path}: ${one.tag ?? [...one.fields.keys()].join()}`;
    seen.set(form, (seen.get(form) ?? false) || (isObject(value) && formOf(type.objects, value) === one));
  }
  if (!isObject(value)) return;
  const form = formOf(type.objects, value);
  if (!form) return;
  const at = `${path}${form.tag ? `<${form.tag}>` : ""}`;
  for (const [name, field] of form.fields) {
    if (!type.kinds.has("record") && !(open.has(path) && field.optional)) {
      const wrong = misspelt(name, form.fields);
      const { [name]: given = 1, ...rest } = value;
      yield {
        value: { ...rest, [wrong]: given },
        key: `${at}.${name} misspelt`,
        names: open.has(path) ? [name] : [wrong, name],
      };
    }
    if (!field.optional && name !== "kind" && name !== form.tagName && !field.type.kinds.has("anything")) {
      const { [name]: _, ...rest } = value;
      yield { value: rest, key: `${at}.${name} missing`, names: form.fields.size > 1 ? [name] : [] };
    }
    for (const [what, bad] of wrongValues(field.type)) {
      const names = name === "kind" && typeof bad === "string" ? [bad] : [name];
      yield { value: { ...value, [name]: bad }, key: `${at}.${name} ${what}`, names };
    }
    for (const mistake of nested(value[name], field, `${at}.${name}`, seen, open)) {
      yield { ...mistake, value: { ...value, [name]: mistake.value } };
    }
  }
}

function* nested(
  value: unknown,
  { type }: Field,
  ...[path, seen, open]: [path: string, seen: Map<string, boolean>, open: ReadonlySet<string>]
): Generator<Mistake> {
  if (type.objects.length > 0 || type.entry) yield* mistakes(value, type, path, seen, open);
}

/** A list where a shape, or a few numbers, are expected. */
const million = (value: number) => new Array<number>(1_000_000).fill(value);

/** Values that an argument of this type does not take: one that is a number, a text or a list. */
export function* wrongArguments(type: Described): Generator<[string, unknown]> {
  const { kinds, texts, entry } = type;
  const isList = type.instances.includes("ArrayLike");
  yield* wrongValues(type).filter(([what]) => !(isList && what === "a list"));
  if (kinds.has("number")) yield* [["a fraction", 1.5] as [string, unknown], ["below 0", -1] as [string, unknown]];
  if (texts.length > 0)
    for (const text of ["__proto__", "constructor", texts[0]?.toUpperCase()]) yield [`${text}`, text];
  const numbers = entry?.kinds.has("number") && entry.objects.length === 0 && entry.kinds.size === 1;
  if (type.instances.includes("ArrayLike"))
    yield* [
      ["a list of a text", ["1"]],
      ["a list of null", [null]],
    ] as [string, unknown][];
  if (!entry || type.objects.length > 0) return;
  for (const [what, value] of wrongValues(entry)) yield [`a list of ${what}`, [value]];
  if (!numbers) return;
  yield* [
    ["a list of a fraction", [1.5]],
    ["a list below 0", [-1]],
  ] as [string, unknown][];
  yield* [
    ["a million fractions", million(0.5)],
    ["a million lengths", million(7)],
  ] as [string, unknown][];
}

/** True of a number, a text, or a list of them or of lists, alone or one of several. */
export const isPlain = ({ kinds, texts, objects, instances, entry }: Described): boolean => {
  if (objects.length > 0 || kinds.has("anything") || kinds.has("record")) return false;
  if (texts.length > 0 || kinds.has("number") || kinds.has("string") || instances.includes("ArrayLike")) return true;
  return entry !== undefined && !entry.kinds.has("instance") && (entry.kinds.has("function") || isPlain(entry));
};
