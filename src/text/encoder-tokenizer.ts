import { boolean, checkOptions, checkValue, fieldsOf, integer, oneOf, text as string } from "../options/checks.ts";
import { asRecord } from "./json-field.ts";
import { encoderOf, textLibrary, tokenizerParts } from "./library-tokenizer.ts";
import { readInputTemplate, type TemplatePiece } from "./parts/input-template.ts";
import { TextError } from "./text-error.ts";
import type { Span } from "./token-spans.ts";
import { type Tokenizer, tokenizerOf } from "./tokenizer.ts";
import { namedToken } from "./tokenizer-config.ts";
import { type TracedTokens, tracedEncoder } from "./traced-encoder.ts";

/** Which text of a pair is truncated: the longer one until both are equal, or only one of them. */
type Truncation = "longest_first" | "only_first" | "only_second";

const TRUNCATIONS = ["longest_first", "only_first", "only_second"] as const satisfies readonly Truncation[];

/**
 * How many tokens of each text are kept to reach `most` together (huggingface/tokenizers, src/utils/truncation.rs); the
 * second is 0 for a single text. Undefined if nothing would be left of the text to truncate.
 */
function keptTokens(
  first: number,
  second: number,
  most: number,
  truncation: Truncation,
  hasPair: boolean,
): readonly [number, number] | undefined {
  const surplus = first + second - most;
  if (surplus <= 0) return [first, second];
  if (truncation === "longest_first") {
    if (!hasPair) return [most, 0];
    const shorter = Math.min(first, second);
    let [less, more] = [shorter, shorter > most ? shorter : Math.max(shorter, most - shorter)];
    if (less + more > most) {
      less = Math.floor(most / 2);
      more = less + (most % 2);
    }
    return first > second ? [more, less] : [less, more];
  }
  const target = truncation === "only_first" ? first : second;
  if (target <= surplus) return undefined;
  return truncation === "only_first" ? [first - surplus, second] : [first, second - surplus];
}

/** A token's range in one of the texts, in UTF-16 units as `text.slice(start, end)` takes them. */
interface TokenSpan extends Span {
  /** 0: the text, 1: its pair. */
  readonly of: 0 | 1;
}

/** The input of an encoder. */
export interface EncodedInput {
  readonly ids: readonly number[];
  /** The token type of each id, from the post-processor: 0 for the first text, in most models 1 for the second. */
  readonly typeIds: readonly number[];
  /** The range of each token in its text; undefined for the special tokens around the texts. */
  readonly spans: readonly (TokenSpan | undefined)[];
  /**
   * The index of each token's word, as split by the pre-tokenizer; undefined for the special tokens around the texts.
   */
  readonly words: readonly (number | undefined)[];
  /** Tokens truncated from each text. */
  readonly cut: readonly [number, number];
}

/** How a text is encoded. */
export interface EncodeInputOptions {
  /** A second text: a passage for a question, a sentence to compare. */
  readonly pair?: string;
  /** Maximum number of tokens, including special ones. Default unlimited. */
  readonly maxTokens?: number;
  /** Which text is cut to fit `maxTokens`. Default `longest_first`. */
  readonly truncation?: Truncation;
  /** Whether the post-processor's tokens go around the texts. Default true. */
  readonly addSpecialTokens?: boolean;
}

/** A tokenizer for encoders: with token types, pairs, truncation, and ranges of the text. */
export interface EncoderTokenizer extends Tokenizer {
  /** The ids of the special tokens: from tokenizer_config.json, else by BERT's and RoBERTa's names. */
  readonly specials: Readonly<Partial<Record<SpecialName, number>>>;
  /**
   * The input for a text or a pair, by the post-processor of tokenizer.json. A text that is too long loses its last
   * tokens, never the special ones. Throws a TextError if nothing would be left of the text to truncate, and for a pair
   * without a template for pairs.
   */
  encodeInput(text: string, options?: EncodeInputOptions): EncodedInput;
}

const NAMES = {
  cls: ["cls_token", ["[CLS]", "<s>"]],
  sep: ["sep_token", ["[SEP]", "</s>"]],
  mask: ["mask_token", ["[MASK]", "<mask>"]],
  pad: ["pad_token", ["[PAD]", "<pad>"]],
  unk: ["unk_token", ["[UNK]", "<unk>"]],
} as const;

/** A special token of an encoder. */
type SpecialName = keyof typeof NAMES;

const inputFields = fieldsOf({
  pair: string,
  maxTokens: integer(1, 2 ** 31 - 1),
  truncation: oneOf(...TRUNCATIONS),
  addSpecialTokens: boolean,
});

/**
 * The range without the spaces at the ends of its token (huggingface/tokenizers, src/pre_tokenizers/byte_level.rs). An
 * inserted space in front has the range of the first character.
 */
function trimmed(token: string, text: string, { start, end }: Span, keepsFirst: boolean): Span {
  const leading = /^[Ġ\s]*/.exec(token)?.[0].length ?? 0;
  const trailing = /[Ġ\s]*$/.exec(token)?.[0].length ?? 0;
  const from = Math.min(end, start + Math.max(0, leading - (keepsFirst ? 1 : 0)));
  const last = [...text.slice(start, end)].slice(-trailing).join("").length;
  return { start: from, end: trailing > 0 ? Math.max(from, end - last) : end };
}

/** A token as matched: an added one includes the white space that it strips. */
function foundToken(token: string | undefined, text: string): string {
  return token === undefined || text.trim() === token ? text : token;
}

/**
 * Makes an encoder's tokenizer from the parsed `tokenizer.json` and `tokenizer_config.json` (undefined or null where a
 * model has none): WordPiece, Unigram, WordLevel or BPE. Ids and ranges are those of the Rust library, except as noted
 * at `tokenizerOf`.
 */
export function createEncoderTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): EncoderTokenizer {
  let trace: ((text: string) => TracedTokens) | undefined;
  const tokenizer = tokenizerOf(tokenizerJson, tokenizerConfig, {
    ...textLibrary,
    encoder(json, vocabulary) {
      const parts = tokenizerParts(json, vocabulary);
      trace = tracedEncoder(json, vocabulary, parts);
      return encoderOf(parts);
    },
  });
  const file = asRecord(tokenizerJson, "tokenizer.json");
  const config = asRecord(tokenizerConfig ?? {}, "tokenizer_config.json");
  const field = "tokenizer.json: post_processor";
  const template = readInputTemplate(file["post_processor"], field, (id) => tokenizer.token(id) !== undefined);
  const specials: Partial<Record<SpecialName, number>> = {};
  for (const [name, [key, usual]] of Object.entries(NAMES)) {
    const given = namedToken(config, key);
    const token = given ?? usual.find((content) => tokenizer.idOf(content) !== undefined);
    const id = tokenizer.idOf(token ?? "");
    if (id !== undefined) specials[name as SpecialName] = id;
  }

  function traced(text: string): TracedTokens {
    const tokens = trace?.(text.toWellFormed()) ?? { ids: [], spans: [], pieceEnds: [] };
    const missing = tokens.ids.findIndex((id) => !Number.isInteger(id));
    if (missing >= 0) {
      const { start, end } = tokens.spans[missing] ?? { start: 0, end: 0 };
      const shown = JSON.stringify(text.slice(start, end));
      throw new TextError(`tokenizer.json: model has neither ${shown} nor an unknown token`);
    }
    const { trims } = template;
    if (trims === undefined) return tokens;
    const spans = tokens.spans.map((span, i) => {
      const keepsFirst = trims.prefixSpace && (i === 0 || span.start === 0);
      const token = foundToken(tokenizer.token(tokens.ids[i] ?? -1), text.slice(span.start, span.end));
      return trimmed(token, text, span, keepsFirst);
    });
    return { ...tokens, spans };
  }

  return {
    ...tokenizer,
    specials,
    encodeInput(text, options = {}) {
      checkValue("encodeInput", "text", string, text);
      checkOptions("encodeInput", inputFields, options);
      const { pair, maxTokens, truncation = "longest_first", addSpecialTokens = true } = options;
      const all = pair === undefined ? template.single : template.pair;
      if (all.length === 0) throw new TextError(`${field}.pair is empty: the model takes no second text`);
      const pieces: readonly TemplatePiece[] = all.filter(({ of }) => addSpecialTokens || of !== undefined);
      const texts = [traced(text), pair === undefined ? { ids: [], spans: [], pieceEnds: [] } : traced(pair)] as const;
      const lengths = [texts[0].ids.length, texts[1].ids.length] as const;
      const special = pieces.filter(({ of }) => of === undefined).length;
      const room = Math.max(0, (maxTokens ?? Number.POSITIVE_INFINITY) - special);
      // Tokens beyond the piece that reaches `maxTokens` are not counted, as in the Rust library: which of two long
      // texts keeps one token more depends on it.
      const [first = 0, second = 0] = texts.map(
        ({ ids, pieceEnds }) => pieceEnds.find((end) => end >= (maxTokens ?? Number.POSITIVE_INFINITY)) ?? ids.length,
      );
      const kept = keptTokens(first, second, room, truncation, pair !== undefined);
      if (kept === undefined) {
        throw new TextError(
          `encodeInput: the texts have ${lengths.join(" and ")} tokens; with ${special} special ones they do not fit ${maxTokens} by truncation ${truncation}`,
        );
      }
      const ids: number[] = [];
      const typeIds: number[] = [];
      const spans: (TokenSpan | undefined)[] = [];
      const words: (number | undefined)[] = [];
      for (const piece of pieces) {
        const { of, typeId } = piece;
        const length = of === undefined ? 1 : (kept[of] ?? 0);
        let word = 0;
        for (let i = 0; i < length; i++) {
          ids.push(piece.of === undefined ? piece.id : (texts[piece.of].ids[i] ?? 0));
          const span = of === undefined ? undefined : texts[of].spans[i];
          spans.push(span && of !== undefined ? { of, start: span.start, end: span.end } : undefined);
          while (of !== undefined && i >= (texts[of].pieceEnds[word] ?? Number.POSITIVE_INFINITY)) word++;
          words.push(of === undefined ? undefined : word);
          typeIds.push(typeId);
        }
      }
      return { ids, typeIds, spans, words, cut: [lengths[0] - kept[0], lengths[1] - kept[1]] };
    },
  };
}
