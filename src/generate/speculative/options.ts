import type { Gpu } from "../../gpu/gpu.ts";
import type { Decoder } from "../../models/decoders/decoder.ts";
import { type Check, having, integer, kinds, required } from "../../options/checks.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { Lifetime } from "../session/lifetime.ts";
import type { DecoderPrograms } from "../session/programs.ts";

/** Maximum tokens proposed per step: with the last token they fill the 8 rows of the vector kernels. */
export const maxDrafted = 7;

/** Proposes what followed earlier occurrences of the last tokens (Saxena 2023). */
export interface PromptLookup {
  readonly kind: "prompt-lookup";
  /**
   * Tokens proposed for a step. Fewer are proposed while few are kept.
   * @defaultValue 3
   */
  readonly tokens?: number | undefined;
  /**
   * Number of tokens that are looked up. Shorter matches are used if there are no longer ones.
   * @defaultValue 3
   */
  readonly ngram?: number | undefined;
}

/** The parts of a loaded model needed to propose tokens. */
export interface ProposingModel {
  readonly name: string;
  readonly gpu: Gpu;
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  readonly context: number;
  readonly programs: DecoderPrograms;
  readonly lifetime: Lifetime;
  /** Throws `GpuError` if the device cannot hold a cache of so many sequences. */
  checkMemory(batch: number): void;
}

/** Proposes tokens with a smaller model of the same vocabulary (Leviathan et al. 2022; Chen et al. 2023). */
export interface DraftModel {
  readonly kind: "draft";
  /** From `loadModel`, on the same device, with at least the same context. It is not disposed with the generation. */
  readonly model: ProposingModel;
  /**
   * Tokens proposed for a step. Fewer are proposed while few are kept.
   * @defaultValue 3
   */
  readonly tokens?: number | undefined;
}

/** How tokens are proposed; the model then verifies several in one step. */
export type Speculative = PromptLookup | DraftModel;

/** How tokens are proposed, with defaults filled in. */
export interface Speculation {
  /** At most, for a step. */
  readonly tokens: number;
  readonly options: Speculative;
}

/** Counts of proposed tokens. */
export interface SpeculativeFigures {
  /** Steps after the first token; each adds a token and the accepted proposals. */
  readonly steps: number;
  /** Tokens proposed. */
  readonly drafted: number;
  /** How many of these are in the text. */
  readonly accepted: number;
}

/** Programs have 1, 2, 4 or 8 rows, like the kernels that read the weights; unused rows repeat the last. */
export const rowsFor = (tokens: number): number => 2 ** Math.ceil(Math.log2(tokens));

const tokens = integer(1, maxDrafted);

const lookupChecks = { tokens, ngram: integer(1, 16) };

/** Checks of the option, with this form of draft model; one of the `words` is also valid. */
export const speculativeChecks = (draft: Readonly<Record<string, Check>>, ...words: readonly string[]): Check =>
  kinds({ "prompt-lookup": lookupChecks, draft: { ...draft, tokens } }, ...words);

/** Checks of how tokens are proposed. */
export const speculativeCheck: Check = speculativeChecks({ model: required(having("decoder", "a loaded model")) });

/** Tokens that are looked up at most, unless it is said. */
export const usualNgram = 3;

/** Defaults filled in. */
export const resolveSpeculative = (options: Speculative | undefined): Speculation | undefined =>
  options && { tokens: options.tokens ?? 3, options };
