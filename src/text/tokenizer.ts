import {
  boolean,
  checkOptions,
  checkValue,
  size as count,
  fieldsOf,
  having,
  text as string,
} from "../options/checks.ts";
import { asBoolean, asRecord, describeValue, type JsonRecord } from "./json-field.ts";
import { surroundingTokens } from "./parts/post-processor.ts";
import { createTokenDecoding } from "./parts/token-decoder.ts";
import { readVocabulary, type Vocabulary } from "./parts/vocabulary.ts";
import { createTextStream, type TokenReader } from "./stream.ts";
import { TextError } from "./text-error.ts";
import type { EncodedText, TextLibrary } from "./text-library.ts";
import { namedToken, SPECIAL_TOKEN_NAMES } from "./tokenizer-config.ts";

/** Text to token ids and back, as tokenizer.json defines. */
export interface Tokenizer extends TokenReader {
  /** Highest id + 1; logits beyond it belong to no token. */
  readonly size: number;
  /** The id that begins a text, if tokenizer_config.json names one. */
  readonly bos?: number;
  /** The id that ends a text, if tokenizer_config.json names one; generation_config.json may name more. */
  readonly eos?: number;
  /**
   * The ids of a text. Special tokens written in the text (`<|whale|>`) become their ids in any case;
   * `addSpecialTokens` concerns those added around it. Half surrogate pairs become U+FFFD.
   */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  /**
   * As `encode`, but in slices, between which other tasks may run, and at most `most` ids, which may be Infinity:
   * undefined for a text with more. Throws the reason of `signal` once it aborts.
   */
  encodeAtMost(
    text: string,
    most: number,
    options?: { readonly addSpecialTokens?: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<number[] | undefined>;
  /** The text of ids. Ids without a token are skipped, as are special tokens by default. */
  decode(ids: Iterable<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
  idOf(token: string): number | undefined;
  /** The bytes of the token in the middle of a text; may be an incomplete UTF-8 character. */
  bytesOf(id: number): Uint8Array | undefined;
}

const encodeFields = fieldsOf({ addSpecialTokens: boolean });
const encodeAtMostFields = fieldsOf({ addSpecialTokens: boolean, signal: having("aborted", "an AbortSignal") });
const decodeFields = fieldsOf({ skipSpecialTokens: boolean });

function namedId(config: JsonRecord, name: "bos_token" | "eos_token", { idOf }: Vocabulary): number | undefined {
  const token = namedToken(config, name);
  if (token === undefined) return undefined;
  const id = idOf.get(token);
  if (id === undefined) {
    throw new TextError(
      `tokenizer_config.json: ${name} is ${describeValue(token)}, which tokenizer.json does not have`,
    );
  }
  return id;
}

function specialIds(config: JsonRecord, { idOf, added }: Vocabulary): Set<number> {
  const special = new Set(added.filter((token) => token.special).map(({ id }) => id));
  for (const name of SPECIAL_TOKEN_NAMES) {
    const id = idOf.get(namedToken(config, name) ?? "");
    if (id !== undefined) special.add(id);
  }
  return special;
}

/** The ids added around a text: those of the post-processor, unless tokenizer_config.json sets bos or eos. */
function surroundings(
  tokenizer: JsonRecord,
  config: JsonRecord,
  bos: number | undefined,
  eos: number | undefined,
  vocabulary: Vocabulary,
) {
  const field = "tokenizer.json: post_processor";
  const given = surroundingTokens(tokenizer["post_processor"], field, (id) => vocabulary.tokenOf.has(id));
  const before = [...given.before];
  const after = [...given.after];
  const addsBos = before[0] === bos;
  const addsEos = after.at(-1) === eos;
  if (
    bos !== undefined &&
    asBoolean(config["add_bos_token"], "tokenizer_config.json: add_bos_token", addsBos) !== addsBos
  ) {
    if (addsBos) before.shift();
    else before.unshift(bos);
  }
  if (
    eos !== undefined &&
    asBoolean(config["add_eos_token"], "tokenizer_config.json: add_eos_token", addsEos) !== addsEos
  ) {
    if (addsEos) after.pop();
    else after.push(eos);
  }
  return { before, after };
}

/**
 * Makes a tokenizer from a model's parsed `tokenizer.json` and `tokenizer_config.json`, with the encoding library.
 *
 * Encoding uses `@huggingface/tokenizers`, with the pipeline rewritten to give the results of the Rust library.
 * `add_bos_token` and `add_eos_token`, if set in tokenizer_config.json, override the post-processor.
 * `clean_up_tokenization_spaces` is not followed: it changes the original text (` !`), and a stream cannot do it. Known
 * differences from Rust: added tokens with `lstrip` or `rstrip` strip JavaScript's white space, and text that the
 * normalizer maps to exactly an added token becomes that token.
 */
export function tokenizerOf(tokenizerJson: unknown, tokenizerConfig: unknown, library: TextLibrary): Tokenizer {
  const tokenizer = asRecord(tokenizerJson, "tokenizer.json");
  const config = asRecord(tokenizerConfig ?? {}, "tokenizer_config.json");
  const vocabulary = readVocabulary(tokenizer);
  const { idOf, tokenOf, added } = vocabulary;
  const addedContents = new Set(added.map(({ content }) => content));
  const decoding = createTokenDecoding(
    tokenizer["decoder"],
    "tokenizer.json: decoder",
    (token) => addedContents.has(token),
    library.readPattern,
  );
  const encoder = library.encoder(tokenizer, vocabulary);
  const special = specialIds(config, vocabulary);
  const bos = namedId(config, "bos_token", vocabulary);
  const eos = namedId(config, "eos_token", vocabulary);
  const { before, after } = surroundings(tokenizer, config, bos, eos, vocabulary);
  let size = 0;
  for (const id of tokenOf.keys()) size = Math.max(size, id + 1);

  /** For a character without a token, in a model without an unknown token, the library returns no number. */
  function checked({ ids, tokens }: EncodedText): number[] {
    const missing = ids.findIndex((id) => !Number.isInteger(id));
    if (missing < 0) return ids;
    throw new TextError(`tokenizer.json: model has neither ${describeValue(tokens[missing])} nor an unknown token`);
  }

  const made: Tokenizer = {
    size,
    ...(bos !== undefined && { bos }),
    ...(eos !== undefined && { eos }),
    encode(text, options = {}) {
      checkValue("encode", "text", string, text);
      checkOptions("encode", encodeFields, options);
      const { addSpecialTokens = true } = options;
      const ids = checked(encoder.encode(text.toWellFormed()));
      return addSpecialTokens ? [...before, ...ids, ...after] : ids;
    },
    async encodeAtMost(text, most, options = {}) {
      checkValue("encodeAtMost", "text", string, text);
      if (most !== Number.POSITIVE_INFINITY) checkValue("encodeAtMost", "most", count, most);
      checkOptions("encodeAtMost", encodeAtMostFields, options);
      const { addSpecialTokens = true, signal } = options;
      const room = addSpecialTokens ? most - before.length - after.length : most;
      const slices = encoder.slices(text.toWellFormed(), room);
      let step = slices.next();
      for (let done = 1; !step.done; step = slices.next(), done++) {
        if (done % 4 > 0) continue;
        await new Promise((resolve) => setTimeout(resolve));
        signal?.throwIfAborted();
      }
      if (!step.value || room < 0) return undefined;
      const ids = checked(step.value);
      return addSpecialTokens ? [...before, ...ids, ...after] : ids;
    },
    decode(ids, options = {}) {
      checkOptions("decode", decodeFields, options);
      const stream = createTextStream(made, options);
      let text = "";
      for (const id of ids) text += stream.push(id);
      return text + stream.end();
    },
    token: (id) => tokenOf.get(id),
    idOf: (token) => idOf.get(token),
    isSpecial: (id) => special.has(id),
    bytesOf(id) {
      const token = tokenOf.get(id);
      if (token === undefined) return undefined;
      return special.has(id) ? new TextEncoder().encode(token) : decoding.bytes(token);
    },
    openDecoder: decoding.open,
  };
  return made;
}

/** As `createTokenizer`, but loads the library on demand, so that a page needs it only when it loads a model. */
export async function loadTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): Promise<Tokenizer> {
  const { textLibrary } = await import("./library-tokenizer.ts");
  return tokenizerOf(tokenizerJson, tokenizerConfig, textLibrary);
}
