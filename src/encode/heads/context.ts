import type { Gpu } from "../../gpu/gpu.ts";
import type { EncoderConfig } from "../../models/encoders/config.ts";
import { type ChosenHeads, missingHead, noHeads } from "../../models/encoders/heads/choose.ts";
import type { HeadKind } from "../../models/encoders/heads/head.ts";
import type { HeadWeights, UploadedHeads } from "../../models/encoders/heads/weights.ts";
import type { EncodedInput, EncoderTokenizer } from "../../text/encoder-tokenizer.ts";
import { TextError } from "../../text/text-error.ts";
import type { EmbeddingSettings } from "../embedding.ts";
import type { EncoderPrograms } from "../programs.ts";

/** The parts of an encoder that its head methods use. */
export interface HeadContext {
  readonly name: string;
  readonly config: EncoderConfig;
  readonly tokenizer: EncoderTokenizer;
  /** Longest text in tokens, special tokens included. */
  readonly context: number;
  /** Normalisation and truncation of texts, as in `embed`. */
  readonly ofEmbedding: Pick<EmbeddingSettings, "maxTokens" | "sparse"> & {
    readonly prepare: (text: string) => string;
  };
  readonly chosen: ChosenHeads;
  readonly programs: EncoderPrograms;
  /** Largest binding of the device, in bytes. */
  readonly bindingBytes: number;
  readonly weightsOf: (kind: HeadKind) => HeadWeights;
}

/** The heads of an encoder: which there are, and their weights. */
export interface EncoderHeads {
  readonly chosen: ChosenHeads;
  readonly weights: UploadedHeads;
}

/** The context of an encoder with these heads; undefined: of a family without. */
export function headContext(
  encoder: Pick<HeadContext, "name" | "config" | "tokenizer" | "context" | "ofEmbedding">,
  programs: EncoderPrograms,
  gpu: Gpu,
  { chosen, weights }: EncoderHeads = { chosen: noHeads(encoder.config.architecture), weights: {} },
): HeadContext {
  const weightsOf = (kind: HeadKind) => {
    const head = weights[kind];
    if (!head) throw new TypeError(`${encoder.name}: the head for ${kind} was not loaded`);
    return head;
  };
  return { ...encoder, chosen, programs, bindingBytes: gpu.limits.binding, weightsOf };
}

/** The first of these heads that the encoder has. Throws a `FormatError` that lists those it has instead. */
export function headOf({ name, chosen }: HeadContext, method: string, ...kinds: readonly HeadKind[]): HeadKind {
  const kind = kinds.find((one) => chosen.heads[one]);
  if (kind === undefined) throw missingHead(name, method, kinds, chosen);
  return kind;
}

/**
 * The tokens of a text, or a pair, without truncation. Throws `TextError` if it has no tokens, is longer than the model
 * takes, or has a token type that the model lacks.
 */
export function wholeInput(
  { name, config, tokenizer, context }: HeadContext,
  method: string,
  text: string,
  pair?: string,
): EncodedInput {
  const input = tokenizer.encodeInput(text, pair === undefined ? {} : { pair });
  const { length } = input.ids;
  const what = pair === undefined ? "the text has" : "the pair has";
  if (length === 0) throw new TextError(`${method}: ${what} no tokens`);
  if (length > context) throw new TextError(`${method}: ${what} ${length} tokens, ${name} takes at most ${context}`);
  return typed(config, method, input);
}

/** An input with the model's token types: a single one for all tokens if its table has one row. */
export function typed<I extends Pick<EncodedInput, "typeIds">>({ types }: EncoderConfig, method: string, input: I): I {
  if (types <= 1) return { ...input, typeIds: input.typeIds.map(() => 0) };
  const over = input.typeIds.find((type) => type >= types);
  if (over === undefined) return input;
  throw new TextError(
    `${method}: tokenizer.json gives tokens the type ${over}, but type_vocab_size in config.json is ${types}`,
  );
}
