import { FormatError, shortened } from "../formats/format-error.ts";
import type { GgufValue } from "../formats/gguf/header.ts";
import { prePatterns } from "../formats/gguf/tokenizer/pre-patterns.ts";
import { tokenKinds } from "../formats/gguf/tokenizer/tokens.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

type Json = Readonly<Record<string, unknown>>;

const file = "tokenizer.json";
const refuse = (field: string, problem: string): never => {
  throw new FormatError(file, problem, { field });
};

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A step of a pipeline, or those of a sequence. */
function stepsOf(value: unknown, sequence: string): Json[] {
  if (!isObject(value)) return [];
  const inner = value[sequence];
  return value["type"] === "Sequence" && Array.isArray(inner)
    ? inner.flatMap((step) => stepsOf(step, sequence))
    : [value];
}

/** The regular expressions by which a pre-tokenizer splits texts before it writes bytes as characters. */
function patternsOf(preTokenizer: unknown): string[] {
  const ofStep = (step: Json): string[] => {
    const { type, pattern, behavior, individual_digits: single, use_regex: own, add_prefix_space: prefix } = step;
    if (type === "Split" && behavior === "Isolated" && isObject(pattern) && typeof pattern["Regex"] === "string") {
      return [pattern["Regex"]];
    }
    if (type === "Digits") return [single === true ? String.raw`\p{N}` : String.raw`\p{N}+`];
    if (type === "ByteLevel" && prefix !== true)
      return own === false ? [] : (prePatterns.get("gpt-2")?.patterns ?? []).slice();
    return refuse("pre_tokenizer", `has a step ${shortened(JSON.stringify(step), 80)}, which GGUF cannot say`);
  };
  return stepsOf(preTokenizer, "pretokenizers").flatMap(ofStep);
}

/** GGUF's name for the way in which a tokenizer splits texts. */
function preName(tokenizer: Json, model: Json): string {
  const patterns = JSON.stringify(patternsOf(tokenizer["pre_tokenizer"]));
  const normalized = stepsOf(tokenizer["normalizer"], "normalizers").map(({ type }) => type);
  const whole = model["ignore_merges"] === true;
  for (const [name, pattern] of prePatterns) {
    const isSame = JSON.stringify(pattern.patterns) === patterns && (pattern.whole ?? false) === whole;
    if (isSame && String(normalized) === (pattern.normalized ?? "")) return name;
  }
  return refuse("pre_tokenizer", "cuts texts in a way that has no name in GGUF");
}

const text = (value: string): GgufValue => ({ type: "string", value });
const id = (value: number): GgufValue => ({ type: "u32", value });
const flag = (value: boolean): GgufValue => ({ type: "bool", value });

/** Pairs of tokens in the order in which they are merged. */
function mergesOf(model: Json): [string, string][] {
  const merges = model["merges"];
  if (!Array.isArray(merges)) return refuse("model.merges", "is missing");
  return merges.flatMap((merge: unknown) => {
    if (typeof merge === "string" && merge.startsWith("#version")) return [];
    const [left, right] = typeof merge === "string" ? merge.split(" ") : (merge as unknown[]);
    return typeof left === "string" && typeof right === "string" ? [[left, right] as [string, string]] : [];
  });
}

/** True for SentencePiece's pairs: bytes without a token are `<0x…>`. */
const isSentencePiece = (model: Json) => model["byte_fallback"] === true;

/** SentencePiece scores that merge pairs in the same order. */
function scoresOf(tokens: readonly string[], merges: readonly (readonly [string, string])[]): number[] {
  const rank = new Map<string, number>();
  for (const [i, [left, right]] of merges.entries()) if (!rank.has(left + right)) rank.set(left + right, i);
  return tokens.map((token) => -(rank.get(token) ?? merges.length));
}

/** The kind of each token: control and unknown tokens, bytes, user-defined ones, and the others. */
function kindsOf(tokens: readonly string[], tokenizer: Json, model: Json, used: Tokenizer, there: ReadonlySet<number>) {
  const added = new Set(
    (Array.isArray(tokenizer["added_tokens"]) ? tokenizer["added_tokens"] : []).map((token: Json) => token["id"]),
  );
  return tokens.map((token, i) => {
    if (!there.has(i)) return tokenKinds.unused;
    if (token === model["unk_token"]) return tokenKinds.unknown;
    if (used.isSpecial(i)) return tokenKinds.control;
    if (isSentencePiece(model) && /^<0x[0-9A-F]{2}>$/.test(token)) return tokenKinds.byte;
    return added.has(i) ? tokenKinds.userDefined : tokenKinds.normal;
  });
}

/** Whether SentencePiece puts a space in front of a text. */
function spacePrefix(tokenizer: Json): boolean {
  const steps = [
    ...stepsOf(tokenizer["normalizer"], "normalizers"),
    ...stepsOf(tokenizer["pre_tokenizer"], "pretokenizers"),
  ];
  return steps.some(
    ({ type, prepend, prepend_scheme: scheme }) =>
      (type === "Prepend" && prepend === "▁") || (type === "Metaspace" && scheme !== "never"),
  );
}

/** A tokenizer's metadata in a GGUF file. */
interface TokenizerSource {
  /** A parsed `tokenizer.json`. */
  readonly tokenizer: Json;
  /** The tokenizer made of them. */
  readonly used: Tokenizer;
  readonly chatTemplate: string | undefined;
  /** Rows of the embedding, and number of tokens. */
  readonly vocabulary: number;
}

/** Throws `FormatError` for a tokenizer whose kind GGUF lacks. */
export function tokenizerMetadata(source: TokenizerSource): Map<string, GgufValue> {
  const { tokenizer, used, vocabulary, chatTemplate } = source;
  const model = tokenizer["model"];
  const kind = isObject(model) ? (model["type"] ?? "BPE") : undefined;
  if (!isObject(model) || kind !== "BPE") {
    return refuse("model.type", `is ${shortened(String(kind), 40)}, which is not written to GGUF, expected BPE`);
  }
  const there = new Set<number>();
  const tokens = Array.from({ length: vocabulary }, (_, i) => {
    const token = used.token(i);
    if (token !== undefined) there.add(i);
    return token ?? `[PAD${i}]`;
  });
  const merges = mergesOf(model);
  const pieces = isSentencePiece(model);
  const entries: [string, GgufValue][] = [
    ["model", text(pieces ? "llama" : "gpt2")],
    ...(pieces ? [] : [["pre", text(preName(tokenizer, model))] as [string, GgufValue]]),
    ["tokens", { type: "array", of: "string", value: tokens }],
    ["token_type", { type: "array", of: "i32", value: kindsOf(tokens, tokenizer, model, used, there) }],
    ...(pieces
      ? ([
          ["scores", { type: "array", of: "f32", value: scoresOf(tokens, merges) }],
          ["add_space_prefix", flag(spacePrefix(tokenizer))],
        ] as [string, GgufValue][])
      : [
          ["merges", { type: "array", of: "string", value: merges.map((pair) => pair.join(" ")) }] as [
            string,
            GgufValue,
          ],
        ]),
  ];
  const around = used.encode("");
  if (used.bos !== undefined) entries.push(["bos_token_id", id(used.bos)]);
  if (used.eos !== undefined) entries.push(["eos_token_id", id(used.eos)]);
  entries.push(["add_bos_token", flag(used.bos !== undefined && around[0] === used.bos)]);
  entries.push([
    "add_eos_token",
    flag(used.eos !== undefined && around.length > 0 && around.at(-1) === used.eos && around[0] !== used.eos),
  ]);
  const metadata = new Map(entries.map(([key, value]) => [`tokenizer.ggml.${key}`, value]));
  if (chatTemplate !== undefined) metadata.set("tokenizer.chat_template", text(chatTemplate));
  return metadata;
}
