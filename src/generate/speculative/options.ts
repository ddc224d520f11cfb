import type { Gpu } from "../../gpu/gpu.ts";
import type { Decoder } from "../../models/decoder.ts";
import { type Check, having, integer, kinds, required } from "../../options/checks.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { Lifetime } from "../lifetime.ts";
import type { DecoderPrograms } from "../programs.ts";

/** Tokens that one step proposes at most: with the last one they are the 8 rows of the vector family of kernels. */
export const mostDrafted = 7;

/** Tokens are proposed from what followed the last ones where they occurred before (Saxena 2023). */
export interface PromptLookup {
  readonly kind: "prompt-lookup";
  /** Tokens proposed for a step, at most 7; default 3. */
  readonly tokens?: number | undefined;
  /** Tokens that are looked up, at most 16; default 3. Shorter matches are taken where there are no longer ones. */
  readonly ngram?: number | undefined;
}

/** A loaded model, as far as one that proposes tokens is needed. */
export interface ProposingModel {
  readonly name: string;
  readonly gpu: Gpu;
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  readonly context: number;
  readonly programs: DecoderPrograms;
  readonly lifetime: Lifetime;
  /** Throws `GpuError` where the device cannot hold a cache of so many sequences. */
  checkMemory(batch: number): void;
}

/** Tokens are proposed by a smaller model with the same vocabulary (Leviathan et al. 2022; Chen et al. 2023). */
export interface DraftModel {
  readonly kind: "draft";
  /** From `loadModel`, on the same device, with at least the same context. It is not disposed with the generation. */
  readonly model: ProposingModel;
  /** Tokens proposed for a step, at most 7; default 3. */
  readonly tokens?: number | undefined;
}

/** How tokens are proposed, which the model then computes several of in one step. */
export type Speculative = PromptLookup | DraftModel;

/** How tokens are proposed, with defaults filled in. */
export interface Speculation {
  /** At most, for a step. */
  readonly tokens: number;
  readonly options: Speculative;
}

/** What proposing tokens came to. */
export interface SpeculativeFigures {
  /** Steps after the first token, each of which adds a token and those proposed for it that are kept. */
  readonly steps: number;
  /** Tokens proposed. */
  readonly drafted: number;
  /** Of these, tokens that are in the text. */
  readonly accepted: number;
}

/** Programs have 1, 2, 4 or 8 rows, as the kernels do that read the weights; rows left over repeat the last. */
export const rowsFor = (tokens: number): number => 2 ** Math.ceil(Math.log2(tokens));

const tokens = integer(1, mostDrafted);

const lookupChecks = { tokens, ngram: integer(1, 16) };

/** Checks of how tokens are proposed, where a draft model is given as these say; one of the `words` is taken too. */
export const speculativeChecks = (draft: Readonly<Record<string, Check>>, ...words: readonly string[]): Check =>
  kinds({ "prompt-lookup": lookupChecks, draft: { ...draft, tokens } }, ...words);

/** Checks of how tokens are proposed. */
export const speculativeCheck: Check = speculativeChecks({ model: required(having("decoder", "a loaded model")) });

/** Tokens that are looked up at most, unless it is said. */
export const usualNgram = 3;

/** Defaults filled in. */
export const resolveSpeculative = (options: Speculative | undefined): Speculation | undefined =>
  options && { tokens: options.tokens ?? 3, options };
