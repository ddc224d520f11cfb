// An engine's methods of loaded encoders and encoder-decoders: each call becomes a message. The code that computes the
// answer checks the arguments.
import type { Encoder } from "../encode/encoder.ts";
import type { EncoderDecoder } from "../seq2seq/encoder-decoder.ts";

/**
 * The methods of a loaded encoder (`Encoder` of `shaderformer/encoders`) in any thread. `embedStream` sends 64 texts at
 * a time; indices in errors count within these.
 */
export type EngineEncoder = Pick<
  Encoder,
  "embed" | "embedStream" | "fillMask" | "classify" | "scores" | "answer" | "nextSentence" | "sparse" | "hidden"
>;

/** The methods of a loaded encoder-decoder (`EncoderDecoder` of `shaderformer/encoders`) in any thread. */
export type EngineEncoderDecoder = Pick<EncoderDecoder, "generate" | "hidden" | "crossAttention">;

type Counts<T> = { readonly [K in Exclude<keyof T, "embedStream">]: number };

/** The number of arguments before the options, for each method, by kind of model. */
export const methods: {
  readonly encoder: Counts<EngineEncoder>;
  readonly encoderDecoder: Counts<EngineEncoderDecoder>;
} = {
  encoder: {
    embed: 1,
    fillMask: 1,
    classify: 1,
    scores: 1,
    answer: 2,
    nextSentence: 2,
    sparse: 1,
    hidden: 1,
  },
  encoderDecoder: { generate: 1, hidden: 1, crossAttention: 2 },
};

/** The progress callback among a method's options, by kind of model. */
export const callbacks = { encoder: "onProgress", encoderDecoder: "onToken" } as const;

/** A call of a method, as in a message: its options without signal and callback. */
export interface MethodCall {
  readonly model?: string | undefined;
  readonly method: string;
  readonly given: readonly unknown[];
  readonly options: unknown;
  /** True if there is a callback. */
  readonly reports: boolean;
}

/** A report of a method: the number of earlier reports or texts, and the callback's arguments. */
export type MethodReport = readonly [before: number, ...given: readonly unknown[]];
