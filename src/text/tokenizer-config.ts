import { asRecord, asString, type JsonRecord } from "./json-field.ts";

/** The fields of tokenizer_config.json that name a special token. */
export const SPECIAL_TOKEN_NAMES = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;

/**
 * The token that tokenizer_config.json names in a field: a string, or an object with `content`. Undefined if the field
 * is absent, null or empty.
 */
export function namedToken(config: JsonRecord, name: (typeof SPECIAL_TOKEN_NAMES)[number]): string | undefined {
  const value = config[name] ?? "";
  if (value === "") return undefined;
  const field = `tokenizer_config.json: ${name}`;
  return asString(typeof value === "string" ? value : asRecord(value, field)["content"], field);
}
