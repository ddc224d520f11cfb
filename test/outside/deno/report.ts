import type { HalvedDistances } from "../../encoders/seq2seq/halved.ts";

/** What a process in Deno says of its work, a line for each. */
export type Report =
  /** There is no adapter, so that nothing was run. */
  | { readonly kind: "no adapter"; readonly why: string }
  /** The texts that a kernel was specialised to, and what is wrong with those that do not compile. */
  | { readonly kind: "kernel"; readonly name: string; readonly texts: number; readonly errors: readonly string[] }
  /** A case, or a test that a file declares itself; `error` where it failed. */
  | { readonly kind: "test"; readonly name: string; readonly error?: string }
  /** What this device has not got the features for. */
  | { readonly kind: "not available"; readonly name: string; readonly why: string }
  /**
   * What the bundled model generates, and how many waits for the device the encoding of a token contains, and a token.
   */
  | {
      readonly kind: "model";
      readonly rows: readonly GeneratedRow[];
      readonly waits: { readonly encoding: number; readonly token: number };
    }
  /** The greedy tokens of another model's golden prompt. */
  | { readonly kind: "greedy"; readonly name: string; readonly tokens: readonly number[] }
  /** How far an encoder is from the golden numbers at most, on a device with these features. */
  | {
      readonly kind: "encoder";
      readonly name: string;
      readonly features: readonly string[];
      readonly far: EncoderDistances;
      /** Of the first encoder. */
      readonly more?: MoreDistances | undefined;
    }
  /** How far an encoder-decoder is from the golden numbers at most, its greedy tokens and what searches find. */
  | {
      readonly kind: "sequences";
      readonly name: string;
      readonly features: readonly string[];
      /** Of states of the encoder. */
      readonly distance: number;
      readonly ofLogits: number;
      readonly tokens: readonly (readonly number[])[];
      /** Of the first model the best result of the first golden search of the first text. */
      readonly searches: readonly { readonly ids: readonly number[]; readonly score: number }[];
      /** Of the first model. */
      readonly halved?: HalvedDistances | undefined;
    }
  /** Vectors of the bundled sentence encoder. */
  | {
      readonly kind: "vectors";
      readonly vectors: readonly (readonly number[])[];
    };

/** The largest distance of states of all layers from golden numbers, and the least cosine of vectors with golden ones. */
export interface EncoderDistances {
  readonly states: number;
  readonly cosine: number;
}

/** What is computed of fewer encoders. */
export interface MoreDistances {
  /** Of logarithms of the probabilities of masked tokens. */
  readonly masks: number;
  /** With weights rounded to f16: of states of the last layer. */
  readonly halved: EncoderDistances;
}

/** A greedy continuation. */
export interface GeneratedRow {
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  readonly text: string;
}

/** Begins each line that is a report (RFC 7464), so that whatever else is printed is none. */
export const mark = "\u001e";

/** Prints a report. */
export function say(report: Report): void {
  console.log(mark + JSON.stringify(report));
}
