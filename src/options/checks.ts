// Checks of options: one record of checks for each function, so that no option is ignored or misread.
import { OptionError, shown } from "./errors.ts";
import { nearNames } from "./near-names.ts";

export { shown } from "./errors.ts";

/** What was expected of a value; undefined where it is valid. An option that is left out is not checked. */
export interface Check {
  (value: unknown): string | undefined;
  /** The options of an object, which are checked in its place. */
  readonly fields?: Fields;
  /** The options of an object by its `kind`. */
  readonly kinds?: ReadonlyMap<unknown, Fields>;
  /** Why there are only these kinds. */
  readonly why?: string;
  /** True where the option cannot be left out. */
  readonly required?: boolean;
}

/** Checks by the names of options: one for each that `X` has. */
export type Checks<X> = { readonly [K in keyof X]-?: Check };

/** The options of a function, ready to be checked. */
export interface Fields {
  readonly checks: ReadonlyMap<string, Check>;
  readonly required: readonly string[];
}

/** The options of a function, from a check for each. */
export function fieldsOf<X>(checks: Checks<X>): Fields {
  const entries = Object.entries<Check>(checks);
  return {
    checks: new Map(entries),
    required: entries.flatMap(([name, check]) => (check.required ? [name] : [])),
  };
}

/**
 * Throws `OptionError` unless `given` has only options of `fields`, all that are required, and valid values. `where` is
 * the function, `path` the prefix of an option's name. `undefined` is the same as no options.
 */
export function checkOptions(where: string, { checks, required }: Fields, given: unknown, path = ""): void {
  if (given === undefined && required.length === 0) return;
  if (!isRecord(given)) {
    const what = path === "" ? "its argument" : path.slice(0, -1);
    const names = [...checks.keys()].join(", ");
    throw new OptionError(`${where}: ${what} is ${shown(given)}, expected an object with ${names || "no options"}`);
  }
  for (const name in given) {
    const check = checks.get(name);
    if (!check) throw unknown(where, path, name, [...checks.keys()]);
    const value = given[name];
    if (value !== undefined) checkValue(where, path + name, check, value);
  }
  for (const name of required) {
    if (given[name] === undefined) {
      const expected = (checks.get(name) as Check)(undefined);
      throw new OptionError(`${where}: ${path}${name} is missing${expected ? `, expected ${expected}` : ""}`);
    }
  }
}

/**
 * The error for an object whose `kind` is missing, misspelt or not among `kinds`. `why` says why there are no other
 * kinds; `others` are further property names of such objects.
 */
export function wrongKind(
  where: string,
  name: string,
  value: object,
  kinds: Iterable<unknown>,
  why?: string,
  others: readonly string[] = [],
): OptionError {
  const { kind } = value as { readonly kind?: unknown };
  const names = ["kind", ...others];
  const near = kind === undefined ? Object.keys(value).find((one) => nearNames(one, names).length > 0) : undefined;
  if (near !== undefined) return unknown(where, `${name}.`, near, names);
  const is = kind === undefined ? "missing" : shown(kind);
  return new OptionError(
    `${where}: ${name}.kind is ${is}, expected ${[...kinds].map(shown).join(" or ")}${why ? `: ${why}` : ""}`,
  );
}

/** Throws `OptionError` for a name that is not among `names`. */
export function checkNames(where: string, names: readonly string[], given: object): void {
  for (const name in given) if (!names.includes(name)) throw unknown(where, "", name, names);
}

/** Throws `OptionError` unless a value passes its check. `name` is the option, or the argument. */
export function checkValue(where: string, name: string, check: Check, value: unknown): void {
  if (check.fields && isRecord(value)) {
    checkOptions(where, check.fields, value, `${name}.`);
    return;
  }
  if (check.kinds && isRecord(value)) {
    const fields = check.kinds.get(value["kind"]);
    if (!fields) throw wrongKind(where, name, value, check.kinds.keys(), check.why);
    checkOptions(where, fields, value, `${name}.`);
    return;
  }
  const expected = check(value);
  if (expected !== undefined) throw new OptionError(`${where}: ${name} is ${shown(value)}, expected ${expected}`);
}

function unknown(where: string, path: string, name: string, names: readonly string[]): OptionError {
  const plain = (one: string) => one.replaceAll(/[_-]/g, "").toLowerCase();
  const near = names.find((one) => plain(one) === plain(name)) ?? nearNames(name, names)[0];
  const rest =
    near === undefined ? `there ${names.length > 0 ? `are ${names.join(", ")}` : "is none"}` : `did you mean ${near}?`;
  return new OptionError(`${where}: there is no option ${path}${shown(name).slice(1, -1)}; ${rest}`);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// Kinds of values

/** Any number, NaN and infinities included. */
export const number: Check = (value) => (typeof value === "number" ? undefined : "a number");

/** A number that is finite in f32. */
export const finite: Check = (value) => (isFinite32(value) ? undefined : "a number that is finite in f32");

/** A number above 0 that is finite in f32, and does not round to 0. */
export const positive: Check = (value) =>
  isFinite32(value) && Math.fround(value) > 0 ? undefined : "more than 0, and finite in f32";

/** A number of at least `least` that is finite in f32. */
export const atLeast =
  (least: number): Check =>
  (value) =>
    isFinite32(value) && value >= least ? undefined : `${least} or more, and finite in f32`;

/** A number from 0 to below 1: a dropout rate, or the decay of a running mean. */
export const belowOne: Check = (value) =>
  typeof value === "number" && value >= 0 && value < 1 ? undefined : "a number from 0 to below 1";

/** A number from `least` to `most`. */
export const between =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === "number" && value >= least && value <= most ? undefined : `a number from ${least} to ${most}`;

/** An integer from `least` to `most`; by default any safe integer. */
export const integer =
  (least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Check =>
  (value) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return undefined;
    if (most < Number.MAX_SAFE_INTEGER) return `an integer from ${least} to ${most}`;
    return least === Number.MIN_SAFE_INTEGER ? "an integer" : `an integer of ${least} or more`;
  };

/** A count: an integer from 0 on that fits a u32. */
export const size: Check = integer(0, 2 ** 32 - 1);

export const boolean: Check = (value) => (typeof value === "boolean" ? undefined : "true or false");

export const text: Check = (value) => (typeof value === "string" ? undefined : "a text");

/** A text of at least one character. */
export const nonEmpty: Check = (value) =>
  typeof value === "string" && value !== "" ? undefined : "a text that is not empty";

export const callback: Check = (value) => (typeof value === "function" ? undefined : "a function");

/** One of these values. */
export const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value) ? undefined : values.map(shown).join(" or ");

/** An object of the class that `what` names, recognised by a property that nothing else has. */
export const having =
  (property: PropertyKey, what: string): Check =>
  (value) =>
    typeof value === "object" && value !== null && property in value ? undefined : what;

/** A list whose entries pass a check; of `length` entries, if given. */
export const listOf =
  (check: Check, length?: number): Check =>
  (value) => {
    const what = length === undefined ? "a list" : `a list of ${length}`;
    if (!Array.isArray(value) || (length ?? value.length) !== value.length) return `${what}, each ${check(undefined)}`;
    const wrong = value.findIndex((entry) => check(entry) !== undefined);
    return wrong < 0 ? undefined : `${what}, each ${check(value[wrong])}`;
  };

/** An object with any names, whose values all pass a check. */
export const recordOf =
  (check: Check): Check =>
  (value) => {
    if (!isRecord(value)) return `an object, each of its values ${check(undefined)}`;
    const wrong = Object.entries(value).find(([, entry]) => check(entry) !== undefined);
    return wrong && `${wrong[0]} in it to be ${check(wrong[1])}`;
  };

/** A value that passes one of these checks. */
export const either =
  (...checks: readonly Check[]): Check =>
  (value) => {
    const expected = checks.map((check) => check(value));
    return expected.includes(undefined) ? undefined : expected.join(", or ");
  };

/** A list, another iterable or a stream of the things that `what` names. */
export const iterable = (what: string): Check =>
  either(having(Symbol.iterator, what), having(Symbol.asyncIterator, `a stream of ${what}`));

/** An object with these options. */
export function object<X>(checks: Checks<X>): Check {
  const fields = fieldsOf(checks);
  const expected = `an object with ${[...fields.checks.keys()].join(", ")}`;
  return Object.assign((value: unknown) => (passes(fields, value) ? undefined : expected), { fields });
}

/** An object whose `kind` says which options it has, or one of some texts. */
export function kinds(options: Readonly<Record<string, object>>, ...texts: readonly string[]): Check {
  const fields = Object.entries(options).map(
    ([kind, checks]) => [kind, fieldsOf({ kind: required(oneOf(kind)), ...checks })] as const,
  );
  const expected = [...texts.map(shown), ...fields.map(([kind]) => `an object with kind ${shown(kind)}`)].join(" or ");
  const kinds = new Map<unknown, Fields>(fields);
  const check = (value: unknown) => {
    const own = isRecord(value) ? kinds.get(value["kind"]) : undefined;
    return texts.some((text) => text === value) || (own && passes(own, value)) ? undefined : expected;
  };
  return Object.assign(check, { kinds });
}

/** True where an object has these options: for entries of lists, where errors give no further detail. */
function passes(fields: Fields, value: unknown): boolean {
  try {
    checkOptions("", fields, value);
    return value !== undefined;
  } catch {
    return false;
  }
}

/** Anything: for options that are checked closer to their use, with a better message. */
export const anything: Check = () => undefined;

/** An option that cannot be left out. */
export const required = (check: Check): Check =>
  Object.assign((value: unknown) => check(value), {
    required: true,
    ...(check.fields ? { fields: check.fields } : {}),
    ...(check.kinds ? { kinds: check.kinds } : {}),
  });

const isFinite32 = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(Math.fround(value));
