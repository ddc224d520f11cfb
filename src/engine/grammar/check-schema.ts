// Which JSON schemas are supported: XGrammar aborts silently on others.
import { shown } from "../../options/errors.ts";
import { RequestError } from "../request-error.ts";

/** Maximum nesting of schemas, references included: the library's stack of 1 MiB suffices for about 60. */
const deepest = 32;
/** Maximum schemas in all: 500 optional properties take 0.6 s of processor time, 3,000 take 6 s. */
const maxSchemas = 500;
/** Maximum values of all enumerations: 5,000 take 0.2 s. */
const maxValues = 5000;

type Schema = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => string | undefined;

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const types = ["string", "number", "integer", "boolean", "null", "array", "object"];
const isType = (value: unknown) => types.includes(value as string);

const count: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
    ? undefined
    : "an integer from 0 to 2147483647";
const bound: Check = (value) =>
  typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? undefined : "a number of at most 2^53";
const listOfTexts: Check = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === "string") ? undefined : "a list of names";

/** Unsupported features of patterns, as named in messages. */
const notInPatterns: readonly (readonly [RegExp, string])[] = [
  [/\(\?[=!]/, "lookahead"],
  [/\(\?<[=!]/, "lookbehind"],
  [/^(?:[^\\]|\\.)*?\\(?:[1-9]|k<)/s, "references to groups"],
  [/^(?:[^\\]|\\.)*?\\[pP]/s, "classes of Unicode (\\p)"],
  [/^(?:[^\\]|\\.)*?\\[bB]/s, "word boundaries (\\b)"],
];

const pattern: Check = (value) => {
  if (typeof value !== "string") return "a regular expression";
  try {
    new RegExp(value);
  } catch {
    return "a regular expression, which it is not";
  }
  const found = notInPatterns.find(([has]) => has.test(value));
  return found && `a regular expression without ${found[1]}`;
};

const keywords: Readonly<Record<string, Check>> = {
  type: (value) =>
    isType(value) || (Array.isArray(value) && value.length > 0 && value.every(isType))
      ? undefined
      : `${types.join(", ")}, or a list of these`,
  required: listOfTexts,
  enum: (value) => (Array.isArray(value) && value.length > 0 ? undefined : "a list of at least one value"),
  pattern,
  format: (value) => (typeof value === "string" ? undefined : "a name"),
  minimum: bound,
  maximum: bound,
  exclusiveMinimum: bound,
  exclusiveMaximum: bound,
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  minContains: count,
  minProperties: count,
  maxProperties: count,
};

/** Fields that contradict each other. */
const ordered = [
  ["minimum", "maximum"],
  ["minLength", "maxLength"],
  ["minItems", "maxItems"],
  ["minProperties", "maxProperties"],
] as const;

/** Fields with subschemas: by name, in a list, or a single one. */
const named = ["properties", "patternProperties"];
const listed = ["prefixItems", "anyOf", "oneOf", "allOf"];
const single = ["items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "propertyNames"];
const integers = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];

/**
 * Checks a schema, as JSON.
 *
 * @throws RequestError with status 400 for one that is invalid, which names the field, and for one that is too large or
 * too deep.
 */
export function checkSchema(json: string): void {
  const whole: unknown = JSON.parse(json);
  const seen = new Set<string>();
  let schemas = 0;
  let values = 0;

  function visit(value: unknown, path: string, depth: number, mayRefuse = false): void {
    if (value === true || (value === false && mayRefuse)) return;
    if (!isSchema(value)) throw wrong(path, value, value === false ? "a schema that some value passes" : "a schema");
    if (depth > deepest) throw tooLarge(path, `is within ${depth - 1} others, references included`, deepest);
    if (++schemas > maxSchemas) throw tooLarge(path, `is schema ${schemas} in it`, maxSchemas);
    const integer = value["type"] === "integer";
    for (const [name, check] of Object.entries(keywords)) {
      const given = value[name];
      if (given === undefined) continue;
      const expected =
        check(given) ?? (integer && integers.includes(name) && !Number.isInteger(given) ? "an integer" : undefined);
      if (expected !== undefined) throw wrong(`${path}.${name}`, given, expected);
    }
    for (const [least, most] of ordered) {
      const [from, to] = [value[least], value[most]];
      if (typeof from === "number" && typeof to === "number" && from > to) {
        throw wrong(`${path}.${least}`, from, `at most ${most}, ${to}`);
      }
    }
    values += Array.isArray(value["enum"]) ? value["enum"].length : 0;
    if (values > maxValues) throw tooLarge(`${path}.enum`, `has value ${values} of all enumerations`, maxValues);
    if (value["$ref"] !== undefined) follow(value["$ref"], `${path}.$ref`, depth);
    for (const name of named) {
      const given = value[name];
      if (given === undefined) continue;
      if (!isSchema(given)) throw wrong(`${path}.${name}`, given, "an object of schemas");
      for (const [key, one] of Object.entries(given)) {
        const where = `${path}.${name}${/^\w{1,60}$/.test(key) ? `.${key}` : `[${shown(key)}]`}`;
        const expected = name === "patternProperties" ? pattern(key) : undefined;
        if (expected !== undefined) throw wrong(where, key, expected);
        visit(one, where, depth + 1);
      }
    }
    for (const name of listed) {
      const given = value[name];
      if (given === undefined) continue;
      if (!Array.isArray(given) || given.length === 0) throw wrong(`${path}.${name}`, given, "a list of schemas");
      for (const [i, one] of given.entries()) visit(one, `${path}.${name}[${i}]`, depth + 1);
    }
    for (const name of single) {
      if (value[name] !== undefined) visit(value[name], `${path}.${name}`, depth + 1, name !== "propertyNames");
    }
  }

  /** A reference within the schema, whose target is visited once, as the library does. */
  function follow(address: unknown, path: string, depth: number): void {
    if (typeof address !== "string" || !/^#(\/|$)/.test(address))
      throw wrong(path, address, '"#", or "#/" with a path');
    if (seen.has(address) || address === "#") return;
    seen.add(address);
    let target: unknown = whole;
    for (const part of address.slice(2).split("/").filter(Boolean)) {
      if (!isSchema(target) || !Object.hasOwn(target, part))
        throw wrong(path, address, "the path of a schema in this one");
      target = target[part];
    }
    visit(target, path, depth + 1);
  }

  visit(whole, "schema", 1);
}

const wrong = (path: string, value: unknown, expected: string) =>
  failure(`${path} is ${shown(value)}, expected ${expected}`);

const tooLarge = (path: string, what: string, most: number) => failure(`${path} ${what}, of at most ${most}`);

const failure = (problem: string) =>
  new RequestError(`response_format.json_schema.${problem}`, {
    param: "response_format.json_schema.schema",
    code: "invalid_json_schema",
  });
