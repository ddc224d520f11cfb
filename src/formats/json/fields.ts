import { FormatError, shortened } from "../format-error.ts";

/** A field of an external JSON object: its valid values, and its default if absent or null. */
export interface Field<T> {
  /** What is wrong with a value, to follow the field's name; undefined if it is valid. */
  readonly problem: (value: unknown) => string | undefined;
  /** Unset: the field is required. */
  readonly absent?: { readonly value: T };
  /** Check of each entry of a list. */
  readonly entries?: Field<unknown>;
  /** Another name of the field. If both are present they must agree. */
  readonly also?: string;
}

/** The fields that are read from an object; others are ignored. */
type Fields = Readonly<Record<string, Field<unknown>>>;

/** The values of fields. */
export type Values<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** Largest and smallest normal numbers of f32. */
const [largest, smallest] = [(2 - 2 ** -23) * 2 ** 127, 2 ** -126];

/** A value in a message. */
export function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : shortened(JSON.stringify(value) ?? String(value), 80);
}

const expecting =
  <T>(is: (value: unknown) => boolean, expected: string): Field<T>["problem"] =>
  (value) =>
    is(value) ? undefined : `is ${shown(value)}, expected ${expected}`;

/** An integer from `low` to `high`. */
export function integer(low = 1, high = 2 ** 31): Field<number> {
  const is = (value: unknown) => Number.isInteger(value) && isBetween(value, low, high);
  return { problem: expecting(is, `an integer from ${low} to ${high}`) };
}

/** A number from `low` to `high`; unset: any that f32 can hold. */
export function float(low = -largest, high = largest): Field<number> {
  const range = low === -largest && high === largest ? "that f32 can hold" : `from ${low} to ${high}`;
  return { problem: expecting((value) => isBetween(value, low, high), `a number ${range}`) };
}

/** A number above 0 and up to `high`, which f32 can hold. */
export function positive(high = largest): Field<number> {
  const range = high === largest ? "that f32 can hold" : `and at most ${high}`;
  return { problem: expecting((value) => isBetween(value, smallest, high), `a number above 0 ${range}`) };
}

const isBetween = (value: unknown, low: number, high: number) =>
  typeof value === "number" && value >= low && value <= high;

/** True or false. */
export const flag: Field<boolean> = {
  problem: expecting((value) => typeof value === "boolean", "true or false"),
};

/** A string. */
export const text: Field<string> = { problem: expecting((value) => typeof value === "string", "a string") };

/** One of some names. */
export function choice<const Name extends string>(names: readonly Name[]): Field<Name> {
  const problem = (value: unknown) => {
    if (names.some((name) => name === value)) return undefined;
    return `is ${plain(value)}, known are ${names.join(", ")}`;
  };
  return { problem };
}

/** A list. `what` completes "a list of". */
export function list<T>(entries: Field<T>, what: string): Field<readonly T[]> {
  return { problem: expecting(Array.isArray, `a list of ${what}`), entries };
}

/** Exactly one value, also if the field is absent. */
export const only = <const T extends number | boolean | string>(value: T): Field<T> => ({
  problem: (given) => (given === value ? undefined : `is ${plain(given)}, expected ${value}`),
  absent: { value },
});

const plain = (value: unknown) => (typeof value === "string" ? shortened(value, 80) : shown(value));

/** A field that must be absent, null, or one of `harmless`; `why` explains other values. */
export function unsupported(why: string, ...harmless: readonly unknown[]): Field<undefined> {
  const problem = (value: unknown) => (harmless.includes(value) ? undefined : `is ${shown(value)}; ${why}`);
  return { problem, absent: { value: undefined } };
}

/** A field with this value if absent or null. */
export function optional<T>(field: Field<T>): Field<T | undefined>;
export function optional<T>(field: Field<T>, value: T): Field<T>;
export function optional<T>(field: Field<T>, value?: T): Field<T | undefined> {
  return { ...field, absent: { value } };
}

/** A field with a second name. */
export const alias = <T>(field: Field<T>, also: string): Field<T> => ({ ...field, also });

/** Reads and checks fields of a parsed JSON file. */
export interface FieldReader {
  readonly file: string;
  readonly raw: Readonly<Record<string, unknown>>;
  /**
   * The values of fields, each checked. Throws `FormatError`, with file and field, for one that is missing or invalid,
   * or has two names with different values.
   */
  read<F extends Fields>(fields: F): Values<F>;
  /** The value of one field, as `read` finds it. */
  field<T>(name: string, field: Field<T>): T;
  /** Throws `FormatError` for a field, with this file. */
  fail(field: string, problem: string): never;
}

/**
 * A reader of the fields of a parsed file. Throws `FormatError` for anything but an object.
 *
 * @param names what the file itself calls fields, for messages, where it differs.
 */
export function readFields(
  file: string,
  parsed: unknown,
  names: Readonly<Record<string, string>> | ((field: string) => string) = {},
): FieldReader {
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new FormatError(file, `is ${shown(parsed)}, expected an object`);
  }
  const raw = parsed as Readonly<Record<string, unknown>>;
  const fail = (field: string, problem: string): never => {
    const called = typeof names === "function" ? names(field) : Object.hasOwn(names, field) && names[field];
    throw new FormatError(file, problem, { field: called || field });
  };
  const given = (name: string | undefined) =>
    (name !== undefined && Object.hasOwn(raw, name) ? raw[name] : undefined) ?? undefined;
  const check = (name: string, { problem, entries }: Field<unknown>, value: unknown): void => {
    const wrong = problem(value);
    if (wrong !== undefined) fail(name, wrong);
    if (entries && Array.isArray(value))
      for (const [i, entry] of value.entries()) check(`${name}[${i}]`, entries, entry);
  };
  const one = <T>(name: string, field: Field<T>): T => {
    const { absent, also } = field;
    const [own, other] = [given(name), given(also)];
    if (own !== undefined && other !== undefined && own !== other) {
      fail(name, `is ${shown(own)}, but ${also}, another name of it, is ${shown(other)}`);
    }
    const value = own ?? other;
    if (value === undefined) return absent ? absent.value : fail(name, "is missing");
    check(own === undefined ? (also ?? name) : name, field, value);
    return value as T;
  };
  const read = <F extends Fields>(fields: F) =>
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, one(name, field)])) as Values<F>;
  return { file, raw, fail, read, field: one };
}
