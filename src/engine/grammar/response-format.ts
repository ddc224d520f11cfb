import { shown } from "../../options/errors.ts";
import { RequestError } from "../request-error.ts";

/** A grammar for JSON that a schema accepts. */
export interface Grammar {
  /** As JSON. */
  readonly schema: string;
  /** True: objects have only the properties in the schema. */
  readonly strict: boolean;
}

/** Any JSON object. For untyped values the library requires a space after commas, unlike elsewhere. */
const anyObject = JSON.stringify({
  type: "object",
  additionalProperties: { $ref: "#/$defs/any" },
  $defs: {
    any: {
      anyOf: [
        ...["string", "number", "boolean", "null"].map((type) => ({ type })),
        { type: "array", items: { $ref: "#/$defs/any" } },
        { type: "object", additionalProperties: { $ref: "#/$defs/any" } },
      ],
    },
  },
});

/** The longest schema, in characters of JSON: the grammar grows with it. */
const longest = 1 << 18;

/**
 * The grammar of a `response_format`; undefined if any text is allowed.
 *
 * @throws RequestError with status 400 and the field's name.
 */
export function readFormat(format: unknown): Grammar | undefined {
  if (format === undefined || format === null) return undefined;
  const { type, json_schema: given, ...rest } = format as Record<string, unknown>;
  const [other] = Object.keys(rest);
  if (other !== undefined) throw unknownField(`response_format.${other}`);
  if (type === "text") return undefined;
  if (type === "json_object") return { schema: anyObject, strict: false };
  if (type !== "json_schema") {
    throw wrongField("response_format.type", type, '"text", "json_object" or "json_schema"');
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw wrongField("response_format.json_schema", given, "an object with name and schema");
  }
  const { name, description: _, schema = { type: "object" }, strict, ...more } = given as Record<string, unknown>;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw unknownField(`response_format.json_schema.${unknown}`);
  if (typeof name !== "string") throw wrongField("response_format.json_schema.name", name, "a text");
  if (typeof (strict ?? false) !== "boolean") {
    throw wrongField("response_format.json_schema.strict", strict, "true or false");
  }
  const at = "response_format.json_schema.schema";
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) throw wrongField(at, schema, "an object");
  const text = JSON.stringify(schema);
  if (text.length > longest) {
    throw new RequestError(`${at} has ${text.length} characters, more than ${longest}`, { param: at });
  }
  return { schema: text, strict: strict === true };
}

/** As `wrongField` for other fields, without its module, which has the checks of all requests. */
const wrongField = (name: string, value: unknown, expected: string) =>
  new RequestError(`${name} is ${shown(value)}, expected ${expected}`, { param: name, code: "invalid_value" });

const unknownField = (param: string) =>
  new RequestError(`there is no field ${shown(param).slice(1, -1)}`, {
    param: param.slice(0, 80),
    code: "unknown_parameter",
  });
