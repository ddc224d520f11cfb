import { asBoolean, asRecord, type JsonRecord } from "./json-field.ts";
import { surroundingTokens } from "./post-processor.ts";
import { createTextStream, type TokenReader } from "./stream.ts";
import { TextError } from "./text-error.ts";
import { createTokenDecoding } from "./token-decoder.ts";
import { namedToken, SPECIAL_TOKEN_NAMES } from "./tokenizer-config.ts";
import { readVocabulary, type Vocabulary } from "./vocabulary.ts";

/** Text to token ids and back, as tokenizer.json says. */
export interface Tokenizer extends TokenReader {
  /** Highest id + 1: logits beyond it belong to no token. */
  readonly size: number;
  /** The id that begins a text, where tokenizer_config.json names one. */
  readonly bos?: number;
  /** The id that ends a text, where tokenizer_config.json names one; generation_config.json may name more. */
  readonly eos?: number;
  /**
   * The ids of a text. Special tokens written in the text (`<|whale|>`) become their ids in any case;
   * `addSpecialTokens` is about those that go around it. Half surrogate pairs become U+FFFD.
   */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  /** The text of ids. Ids that no token has are skipped, as are special tokens unless asked for. */
  decode(ids: Iterable<number>, options?: { readonly skipSpecialTokens?: boolean }): string;
  idOf(token: string): number | undefined;
  /** The bytes that the token adds in the middle of a text: not always whole UTF-8 characters. */
  bytesOf(id: number): Uint8Array | undefined;
}

function namedId(config: JsonRecord, name: "bos_token" | "eos_token", { idOf }: Vocabulary): number | undefined {
  const token = namedToken(config, name);
  if (token === undefined) return undefined;
  const id = idOf.get(token);
  if (id === undefined) {
    throw new TextError(
      `tokenizer_config.json: ${name} is ${JSON.stringify(token)}, which tokenizer.json does not have`,
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

/** The ids that go around a text: those of the post-processor, unless tokenizer_config.json decides on bos or eos. */
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

/** What encodes: ids and tokens of a text, an id that is no number for a character that no token has. */
export interface Encoder {
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: number[]; readonly tokens: readonly string[] };
}

/**
 * Makes a tokenizer of a model's parsed `tokenizer.json` and `tokenizer_config.json`, with the library that encodes.
 *
 * Encoding is done by `@huggingface/tokenizers`, with the pipeline put in words that it runs like the library in Rust.
 * `add_bos_token` and `add_eos_token`, where tokenizer_config.json has them, win over the post-processor.
 * `clean_up_tokenization_spaces` is not followed: it changes text that was there (` !`), and a stream cannot do it.
 * Known to differ from Rust still: white space that an added token with `lstrip` or `rstrip` swallows is JavaScript's, and
 * a stretch of text that the normalizer turns into exactly an added token is taken for it.
 */
export function tokenizerOf(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
  encoderFor: (tokenizer: JsonRecord, vocabulary: Vocabulary) => Encoder,
): Tokenizer {
  const tokenizer = asRecord(tokenizerJson, "tokenizer.json");
  const config = asRecord(tokenizerConfig ?? {}, "tokenizer_config.json");
  const vocabulary = readVocabulary(tokenizer);
  const { idOf, tokenOf, added } = vocabulary;
  const addedContents = new Set(added.map(({ content }) => content));
  const decoding = createTokenDecoding(tokenizer["decoder"], "tokenizer.json: decoder", (token) =>
    addedContents.has(token),
  );
  const encoder = encoderFor(tokenizer, vocabulary);
  const special = specialIds(config, vocabulary);
  const bos = namedId(config, "bos_token", vocabulary);
  const eos = namedId(config, "eos_token", vocabulary);
  const { before, after } = surroundings(tokenizer, config, bos, eos, vocabulary);
  let size = 0;
  for (const id of tokenOf.keys()) size = Math.max(size, id + 1);

  const made: Tokenizer = {
    size,
    ...(bos !== undefined && { bos }),
    ...(eos !== undefined && { eos }),
    encode(text, { addSpecialTokens = true } = {}) {
      const { ids, tokens } = encoder.encode(text.toWellFormed(), { add_special_tokens: false });
      // For a character without a token, in a model without an unknown token, the library gives no number.
      const missing = ids.findIndex((id) => !Number.isInteger(id));
      if (missing >= 0) {
        throw new TextError(
          `tokenizer.json: model has neither ${JSON.stringify(tokens[missing])} nor an unknown token`,
        );
      }
      return addSpecialTokens ? [...before, ...ids, ...after] : ids;
    },
    decode(ids, options) {
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

/** As `createTokenizer`, with the library loaded meanwhile, so that a page need not have it before it loads a model. */
export async function loadTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): Promise<Tokenizer> {
  const { libraryTokenizer } = await import("./library-tokenizer.ts");
  return tokenizerOf(tokenizerJson, tokenizerConfig, libraryTokenizer);
}
