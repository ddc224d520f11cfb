// Directives, which stand before all declarations (WGSL, "Directives"), and the words that attributes take.
import { keywords, reserved } from "../../../reader.ts";
import { type Token, tokensOf } from "../../../tokens.ts";
import type { Directive, Span } from "../../../tree.ts";
import { fail } from "../context.ts";

const knownFeatures = ["f16", "subgroups", "subgroup_size_control"];

/** What `requires` may name. */
const languageFeatures = `readonly_and_readwrite_storage_textures packed_4x8_integer_dot_product
  unrestricted_pointer_parameters pointer_composite_access uniform_buffer_standard_layout subgroup_id
  subgroup_uniformity texture_and_sampler_let texture_formats_tier1 linear_indexing immediate_address_space buffer_view
  fragment_depth swizzle_assignment`.split(/\s+/);

const knownSeverities = ["error", "warning", "info", "off"];

/** Names that `enable` gives, with those that they imply. Throws `WgslError` for a directive that is wrong. */
export function featuresOf(code: string, directives: readonly Directive[]): ReadonlySet<string> {
  const features = new Set<string>();
  const severities = new Map<string, string>();
  for (const directive of directives) {
    const [, ...tokens] = tokensIn(code, directive).slice(0, -1); // without the keyword and the semicolon
    if (directive.keyword === "diagnostic") {
      const { rule, severity } = diagnosticIn(code, directive);
      if ((severities.get(rule) ?? severity) !== severity) throw fail(`two severities of ${rule}`, directive);
      severities.set(rule, severity);
      continue;
    }
    const known = directive.keyword === "enable" ? knownFeatures : languageFeatures;
    for (const word of listed(tokens, directive)) {
      if (!known.includes(word)) throw fail(`${directive.keyword} ${word} is not run here`, directive);
      if (directive.keyword === "enable") features.add(word);
    }
  }
  return features.has("subgroup_size_control") ? features.add("subgroups") : features;
}

/** The tokens in a part of a text. */
export const tokensIn = (code: string, { at, end }: Span): Token[] =>
  tokensOf(code.slice(at, end)).filter(({ kind }) => kind !== "end");

/** Words with commas between them, and perhaps one after them. */
function listed(tokens: readonly Token[], span: Span): string[] {
  const words = tokens.filter((_, i) => i % 2 === 0);
  const isRight = tokens.every(({ kind, text }, i) => (i % 2 === 0 ? kind === "word" : text === ","));
  if (!isRight || words.length === 0) throw fail("names with commas between them are expected", span);
  return words.map(({ text }) => text);
}

/** What a directive or an attribute `diagnostic(severity, rule)` says. */
export function diagnosticIn(code: string, span: Span): { readonly severity: string; readonly rule: string } {
  const words = tokensIn(code, span).map(({ text }) => text);
  const form = /^(?:@ )?diagnostic \( (\w+) , (\w+(?: \. \w+)?) (?:, )?\)(?: ;)?$/;
  const [, severity = "", rule = ""] = form.exec(words.join(" ")) ?? [];
  const isName = rule.split(" . ").every((word) => !keywords.has(word) && !reserved.has(word));
  if (knownSeverities.includes(severity) && isName) return { severity, rule };
  throw fail(`diagnostic takes a severity (${knownSeverities.join(", ")}) and a rule`, span);
}
