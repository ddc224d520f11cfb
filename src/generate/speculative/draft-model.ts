import { packSettings } from "../../kernels/sampling/settings.ts";
import type { ResolvedOptions } from "../options.ts";
import type { SamplingKind } from "../programs.ts";
import { awaited, discard, type ReadBack, readBack, submitStep } from "../step-results.ts";
import type { DraftSequence } from "./draft-sequence.ts";
import type { Drafter } from "./drafter.ts";

/** How a draft model draws: as the model does, but for the penalties. */
export const draftKind = (options: ResolvedOptions): SamplingKind => ({
  biased: options.bias.size > 0,
  penalties: false,
  logprobs: 0,
});

/**
 * Proposes what a smaller model would write, in as many of its decode steps, which follow one another without waiting. It
 * draws from its own distribution with the model's settings but for the penalties, by the random words that the model
 * draws with: where the two distributions are close, most draws agree.
 */
export async function draftModel(
  { state, cached }: DraftSequence,
  options: ResolvedOptions,
  known: readonly number[],
  stop: AbortSignal,
): Promise<Drafter> {
  const { gpu } = state;
  const kind = draftKind(options);
  const { temperature, topK, topP, minP } = options;
  const packed = packSettings([{ temperature, topK, topP, minP }]);
  await gpu.write(state.settings.storage, 0, new Uint8Array(packed.buffer));
  if (kind.biased) {
    const bias = new Float32Array(state.programs.decoder.config.vocabulary);
    for (const [token, value] of options.bias) bias[token] = value;
    await gpu.write(state.bias.storage, 0, new Uint8Array(bias.buffer));
  }

  /** How many of these tokens the cache holds; it drops the others. */
  const resume = async (tokens: readonly number[]): Promise<number> => {
    let shared = 0;
    while (shared < cached.length && shared < tokens.length - 1 && cached[shared] === tokens[shared]) shared++;
    cached.length = await state.cache.resume(0, shared);
    return cached.length;
  };

  const seed = options.seeds[0] ?? 0;
  /** Binds a decode step that computes this token. */
  const step = async (token: number, position: number) => {
    await state.reserve([{ row: 0, length: position + 1 }]);
    const bound = await state.bound("decode", position + 1, kind, stop);
    await gpu.write(state.step.storage, 0, new Uint8Array(Uint32Array.of(position, 1, token, seed).buffer));
    return bound;
  };

  /** Computes all but the last of these tokens that the cache lacks. */
  const catchUp = async (tokens: readonly number[]): Promise<void> => {
    const from = await resume(tokens);
    const missing = tokens.slice(from, -1);
    if (missing.length > 1) {
      const done = await state.prefill(0, missing, from, stop);
      cached.push(...missing.slice(0, done));
      return;
    }
    for (const token of missing) {
      (await step(token, from)).instance.run();
      cached.push(token);
    }
  };

  await catchUp(known);
  return {
    async draft(tokens, most) {
      if (most === 0) return [];
      await catchUp(tokens);
      const last = tokens.at(-1) ?? 0;
      const pending: ReadBack[] = [];
      const drafts: number[] = [];
      try {
        let bound = await step(last, tokens.length - 1);
        for (let i = 0; i < most; i++) {
          if (i > 0) {
            await state.reserve([{ row: 0, length: tokens.length + i }]);
            bound = await state.bound("decode", tokens.length + i, kind, stop);
          }
          pending.push(awaited(submitStep(state, bound), bound));
        }
        for (let next = pending.shift(); next; next = pending.shift()) {
          const { chosen } = await readBack(state, next, stop);
          drafts.push(chosen[0] ?? 0);
        }
      } finally {
        for (const left of pending) await discard(state, left);
      }
      cached.push(last, ...drafts.slice(0, -1));
      const unknown = drafts.findIndex((token) => token >= state.programs.decoder.config.vocabulary);
      return unknown < 0 ? drafts : drafts.slice(0, unknown); // its logits are not finite there
    },
  };
}
