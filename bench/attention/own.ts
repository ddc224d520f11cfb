// Custom masks and scores from the default export of a module, for `--masks ./mine.mjs`.
import { checkCustom } from "../../src/check/attention-records.ts";
import type { MaskDescription, ScoreDescription } from "../../src/reference/described.ts";

/** Custom masks and scores by the texts that name them. */
export interface OwnMods {
  readonly masks: ReadonlyMap<string, MaskDescription>;
  readonly scores: ReadonlyMap<string, ScoreDescription>;
}

/** No custom ones. */
export const noOwn: OwnMods = { masks: new Map(), scores: new Map() };

/** A required or optional field of a custom record. */
interface Field {
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

const fields: Readonly<Record<string, Field>> = {
  name: {
    expected: "letters, digits and hyphens",
    fits: (value) => typeof value === "string" && /^[\w-]+$/.test(value),
  },
  wgsl: { expected: "a text", fits: (value) => typeof value === "string" },
  twin: { expected: "the same as a function, for the check in float64", fits: (value) => typeof value === "function" },
  params: {
    expected: "an object of numbers",
    fits: (value) => value === undefined || (isObject(value) && Object.values(value).every(Number.isFinite)),
  },
  tensors: {
    expected: "an object of tensors { shape, values, dtype }, dtype f32, u32 or i32",
    fits: (value) => value === undefined || (isObject(value) && Object.values(value).every(isFilled)),
  },
};
const form = "{ name, wgsl, twin }, and params and tensors where the text declares them";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** True for a shape with matching values, and a type that WGSL may read. */
function isFilled(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { shape, values, dtype = "f32" } = value;
  if (!Array.isArray(shape) || !shape.every((axis) => Number.isInteger(axis) && axis > 0)) return false;
  const size = shape.reduce((product: number, axis: number) => product * axis, 1);
  const isList = Array.isArray(values) || ArrayBuffer.isView(values);
  return isList && "length" in values && values.length === size && ["f32", "u32", "i32"].includes(String(dtype));
}

/**
 * The masks, or scores, that a module exports by default: one record `{ name, wgsl, twin, params, tensors }` or
 * several, by `file:name`. Throws a RangeError that names the file and the field.
 */
export function readOwn<D extends MaskDescription | ScoreDescription>(
  what: "mask" | "score",
  file: string,
  exported: unknown,
): Map<string, D> {
  const records: readonly unknown[] = Array.isArray(exported) ? exported : [exported];
  if (exported === undefined || records.length === 0) {
    throw new RangeError(`${file}: the default export is missing or empty, expected ${form}, or a list of these`);
  }
  const own = new Map<string, D>();
  for (const [i, record] of records.entries()) {
    const where = records.length === 1 ? file : `${file}: record ${i}`;
    const { name, ...custom } = readRecord(where, record);
    const text = `${file}:${name}`;
    if (own.has(text)) throw new RangeError(`${where}: name is "${name}", which another record has`);
    const description = { ...custom, kind: "custom" } as unknown as D;
    try {
      checkCustom(what, description);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RangeError(`${where}: wgsl is no ${what} that attention takes: ${reason}`);
    }
    own.set(text, description);
  }
  return own;
}

function readRecord(where: string, record: unknown): Record<string, unknown> {
  if (!isObject(record)) throw new RangeError(`${where}: it exports ${String(record)}, expected ${form}`);
  for (const field of Object.keys(record)) {
    if (Object.hasOwn(fields, field)) continue;
    throw new RangeError(`${where}: there is no field ${field}; there are ${Object.keys(fields).join(", ")}`);
  }
  for (const [field, { expected, fits }] of Object.entries(fields)) {
    if (fits(record[field])) continue;
    const value = record[field] === undefined ? "missing" : JSON.stringify(record[field]);
    throw new RangeError(`${where}: ${field} is ${value}, expected ${expected}`);
  }
  return record;
}
