// What of a schema is checked before a grammar is made of it, by field and reason.
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { checkSchema } from "../../src/engine/grammar/check-schema.ts";
import { openNodeFollower } from "../../src/engine/grammar/node-follower.ts";

const check = (schema: unknown) => checkSchema(JSON.stringify(schema));
const properties = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, { type: "string" }]));

function nested(depth: number): object {
  let schema: object = { type: "string" };
  for (let i = 1; i < depth; i++) schema = { type: "array", items: schema };
  return schema;
}

/** Definitions of which each refers to the next. */
const chain = (length: number) => ({
  $ref: "#/$defs/0",
  $defs: Object.fromEntries(
    Array.from({ length }, (_, i) => [i, i + 1 < length ? { items: { $ref: `#/$defs/${i + 1}` } } : {}]),
  ),
});

test.each<[string, unknown]>([
  ["deep", nested(32)],
  ["wide", { properties: properties(499) }],
  [
    "of references",
    { $ref: "#/$defs/a", $defs: { a: { anyOf: [{ $ref: "#/$defs/a" }, { type: ["null", "string"] }] } } },
  ],
  ["closed", { type: "object", properties: { a: true }, additionalProperties: false, required: ["a"] }],
  ["of lists", { type: "array", prefixItems: [{}], items: false, minItems: 1 }],
  ["with a pattern", { type: "string", pattern: "^\\d{3}-[a-z]+$" }],
])("a schema passes: %s", (_, schema) => check(schema));

test.each<[string, unknown, string]>([
  ["a type", { properties: { a: { type: "text" } } }, 'schema.properties.a.type is "text", expected string, number'],
  ["no types", { type: [] }, "schema.type is [], expected"],
  ["a schema", { items: [{}] }, "schema.items is [an object], expected a schema"],
  ["nothing", { anyOf: [{}, false] }, "schema.anyOf[1] is false, expected a schema that some value passes"],
  ["properties", { properties: [] }, "schema.properties is [], expected an object of schemas"],
  ["a name", { properties: { "a b": 1 } }, 'schema.properties["a b"] is 1, expected a schema'],
  ["required", { required: true }, "schema.required is true, expected a list of names"],
  ["no values", { enum: [] }, "schema.enum is [], expected a list of at least one value"],
  ["a bound", { minimum: "1" }, 'schema.minimum is "1", expected a number'],
  ["half", { type: "integer", maximum: 1.5 }, "schema.maximum is 1.5, expected an integer"],
  ["none between", { minLength: 3, maxLength: 2 }, "schema.minLength is 3, expected at most maxLength, 2"],
  ["a count", { maxItems: 1e300 }, "schema.maxItems is 1e+300, expected an integer from 0"],
  ["a pattern", { pattern: "(" }, 'schema.pattern is "(", expected a regular expression, which it is not'],
  ["lookahead", { pattern: "a(?=b)" }, "expected a regular expression without lookahead"],
  ["words", { patternProperties: { "\\bx": {} } }, "expected a regular expression without word boundaries"],
  ["an address", { $ref: "https://example.org" }, 'schema.$ref is "https://example.org", expected "#", or'],
  ["a lost one", { $ref: "#/$defs/b" }, 'schema.$ref is "#/$defs/b", expected the path of a schema in this one'],
  ["depth", nested(33), "is within 32 others, references included, of at most 32"],
  ["depth by references", chain(40), "is within 32 others, references included, of at most 32"],
  ["width", { properties: properties(3000) }, "schema.properties.p499 is schema 501 in it, of at most 500"],
  ["values", { enum: Array.from({ length: 5001 }, (_, i) => i) }, "of at most 5000"],
])("%s is refused by field and reason", (_, schema, message) => {
  const refused = { status: 400, code: "invalid_json_schema", param: "response_format.json_schema.schema" };
  expect(() => check(schema)).toThrow(
    expect.objectContaining({ ...refused, message: expect.stringContaining(message) }),
  );
});

test("a worker is ended while it compiles", async () => {
  const file = createRequire(import.meta.url).resolve("@mlc-ai/web-xgrammar");
  const tokens = Array.from({ length: 256 }, (_, i) => String.fromCharCode(33 + i));
  const follower = openNodeFollower(file, { tokens, stops: [0] });
  await follower.open('{"enum":["!"]}', true);
  expect((await follower.mask()).some((word) => word !== 0)).toBe(true);
  follower.close();
  const slow = Object.fromEntries(
    Array.from({ length: 400 }, (_, i) => [`p${i}`, { type: "string", pattern: `^(.{1,${100 + i}}x){1,90}$` }]),
  );
  const opening = follower.open(JSON.stringify({ properties: slow }), true);
  follower.end();
  await expect(opening).rejects.toThrow("the worker has ended");
  await expect(follower.mask()).rejects.toThrow("the worker has ended");
});
