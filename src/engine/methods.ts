// The methods of loaded encoders and encoder-decoders, as an engine has them: each call becomes a message. What computes the
// answer checks what it is called with.
import type { Encoder } from "../encode/encoder.ts";
import type { EncoderDecoder } from "../seq2seq/encoder-decoder.ts";

/**
 * The methods of a loaded encoder (`Encoder` of `shaderformer/encoders`), whichever thread it is in. `embedStream` sends 64
 * texts at a time, of which its errors count.
 */
export type EngineEncoder = Pick<
  Encoder,
  "embed" | "embedStream" | "fillMask" | "classify" | "scores" | "answer" | "nextSentence" | "sparse" | "hidden"
>;

/** The methods of a loaded encoder-decoder (`EncoderDecoder` of `shaderformer/encoders`), whichever thread it is in. */
export type EngineEncoderDecoder = Pick<EncoderDecoder, "generate" | "hidden" | "crossAttention">;

type Counts<T> = { readonly [K in Exclude<keyof T, "embedStream">]: number };

/** How many arguments come before the options of methods that are calls, by the kind of model. */
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

/** The option that is called with how far a method is, by the kind of model. */
export const callbacks = { encoder: "onProgress", encoderDecoder: "onToken" } as const;

/** A call of a method, as a message holds it: its options without the signal and the callback. */
export interface MethodCall {
  readonly model?: string | undefined;
  readonly method: string;
  readonly given: readonly unknown[];
  readonly options: unknown;
  /** True where there is a callback. */
  readonly reports: boolean;
}

/** What a method reports: how many reports, or texts, there were before, and what its callback is called with. */
export type MethodReport = readonly [before: number, ...given: readonly unknown[]];
