import { asBoolean, asString, type JsonRecord, refuse } from "./json-field.ts";

/** Where a Metaspace step inserts a space that the text does not have. */
export type PrependScheme = "always" | "first" | "never";

/**
 * The fields of a Metaspace pre-tokenizer or decoder: the character written for a space, and where one is prepended.
 * Files older than `prepend_scheme` have `add_prefix_space` instead.
 */
export function metaspaceFields(
  step: JsonRecord,
  field: string,
): { readonly replacement: string; readonly prepend: PrependScheme } {
  const replacement = asString(step["replacement"] ?? "▁", `${field}.replacement`);
  if ([...replacement].length !== 1) refuse(`${field}.replacement`, replacement, "one character");
  const addPrefixSpace = asBoolean(step["add_prefix_space"], `${field}.add_prefix_space`, true);
  const prepend = step["prepend_scheme"] ?? (addPrefixSpace ? "always" : "never");
  if (prepend !== "always" && prepend !== "first" && prepend !== "never") {
    refuse(`${field}.prepend_scheme`, prepend, '"always", "first" or "never"');
  }
  return { replacement, prepend };
}
