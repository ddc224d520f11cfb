import { tokenWeights } from "../../kernels/sampling/accept-drafts.ts";
import { packSettings } from "../../kernels/sampling/settings.ts";
import { type Tensor, zeros } from "../../tensor/tensor.ts";
import { type ResolvedOptions, samplingKind } from "../options.ts";
import type { SamplingKind } from "../session/programs.ts";
import type { Row } from "../session/row.ts";
import type { BoundStep } from "../session/sequence-state.ts";
import { awaited, discard, type ReadBack, readBack, submitStep } from "../session/step-results.ts";
import type { DraftSequence } from "./draft-sequence.ts";
import { countsOf, type Drafter } from "./drafter.ts";
import { maxDrafted } from "./options.ts";

/** For steps that only compute a token into the cache. */
const unread: SamplingKind = { penalties: false, logprobs: 0 };

/** How a draft model draws: as the model does, but without banned tokens. */
function draftKind(options: ResolvedOptions): SamplingKind {
  const { biased, penalties } = samplingKind(options);
  return { biased: !!biased, penalties, logprobs: 0, weigh: options.temperature > 0 ? tokenWeights : undefined };
}

/** Storage for the weights of a draft model's draws; none if it takes the likeliest token. */
export function weightsOf(draft: DraftSequence, { temperature }: ResolvedOptions): Tensor | undefined {
  if (temperature === 0) return undefined;
  const { gpu, programs } = draft.state;
  const shape = [maxDrafted + 1, programs.decoder.config.vocabulary];
  draft.weights ??= gpu.unscoped(() => zeros(gpu, shape, "u32", "weights of drafts"));
  return draft.weights;
}

/** Compiles the programs for proposing with a draft model, after a prompt of this length. */
export async function warmDraft({ state }: DraftSequence, options: ResolvedOptions, length: number): Promise<void> {
  await state.warmPrefill(length);
  for (const kind of [draftKind(options), unread]) await state.bound("decode", length, kind, state.signal);
}

/**
 * Proposes what a smaller model would write, in as many of its decode steps, submitted without waiting. It draws from
 * its own distribution with the model's settings, penalties included, and keeps the drawing weights, since drafts are
 * kept with probability min(1, p / q).
 */
export async function draftModel(
  draft: DraftSequence,
  options: ResolvedOptions,
  row: Row,
  stop: AbortSignal,
): Promise<Drafter> {
  const { state, cached } = draft;
  const { gpu } = state;
  const { vocabulary } = state.programs.decoder.config;
  const kind = draftKind(options);
  const weights = weightsOf(draft, options);
  const { temperature, topK, topP, minP } = options;
  const { repetitionPenalty: repetition, presencePenalty: presence, frequencyPenalty: frequency } = options;
  const packed = packSettings([{ temperature, topK, topP, minP, repetition, presence, frequency }]);
  await gpu.write(state.settings.storage, 0, new Uint8Array(packed.buffer));
  if (kind.biased) {
    const bias = new Float32Array(vocabulary);
    for (const [token, value] of options.bias) bias[token] = value;
    await gpu.write(state.bias.storage, 0, new Uint8Array(bias.buffer));
  }

  const known = [...row.promptTokens, ...row.tokens];
  const counts = countsOf(row, vocabulary, kind.penalties);
  /** The counts on the device, and the tokens whose count may be wrong. */
  const counted = counts.values.slice();
  const stale = new Set<number>();
  if (kind.penalties) await gpu.write(state.counts.storage, 0, new Uint8Array(counted.slice().buffer));

  /** Makes the device count the known tokens; those after the first `from` are new. */
  const recount = async (tokens: readonly number[], from: number): Promise<void> => {
    if (!kind.penalties) return;
    for (const token of tokens.slice(from)) {
      counts.add(token);
      stale.add(token);
    }
    for (const token of stale) {
      const count = counts.values[token] ?? 0;
      if (counted[token] === count) continue;
      counted[token] = count;
      await gpu.write(state.counts.storage, 4 * token, new Uint8Array(Uint32Array.of(count).buffer));
    }
    stale.clear();
  };

  /** How many of these tokens the cache has; it drops the others. */
  const resume = async (tokens: readonly number[]): Promise<number> => {
    let shared = 0;
    while (shared < cached.length && shared < tokens.length - 1 && cached[shared] === tokens[shared]) shared++;
    cached.length = await state.cache.resume(0, shared);
    return cached.length;
  };

  const seed = options.seeds[0] ?? 0;
  /** Binds a decode step that computes this token. */
  const step = async (token: number, position: number, kind: SamplingKind): Promise<BoundStep> => {
    await state.reserve([{ row: 0, length: position + 1 }]);
    const bound = await state.bound("decode", position + 1, kind, stop);
    await gpu.write(state.step.storage, 0, new Uint8Array(Uint32Array.of(position, 1, token, seed).buffer));
    return bound;
  };

  /** Computes all but the last of these tokens that are not in the cache. */
  const catchUp = async (tokens: readonly number[]): Promise<void> => {
    const from = await resume(tokens);
    const missing = tokens.slice(from, -1);
    if (missing.length > 1) {
      const done = await state.prefill(0, missing, from, stop);
      cached.push(...missing.slice(0, done));
      return;
    }
    for (const token of missing) {
      (await step(token, from, unread)).instance.run();
      cached.push(token);
    }
  };

  /** Copies the drawing weights of draft i to row i. */
  const keepWeights = (bound: BoundStep, i: number) => (encoder: GPUCommandEncoder) => {
    const from = bound.weights?.storage.buffer;
    const to = weights?.storage.buffer;
    const bytes = 4 * vocabulary;
    if (from && to) encoder.copyBufferToBuffer(from, 4 * (bound.weights?.offset ?? 0), to, i * bytes, bytes);
  };

  await catchUp(known);
  let seen = known.length;
  return {
    weights,
    async draft(tokens, most) {
      if (most === 0) return [];
      await catchUp(tokens);
      await recount(tokens, seen);
      seen = tokens.length;
      const last = tokens.at(-1) ?? 0;
      const pending: ReadBack[] = [];
      const drafts: number[] = [];
      try {
        let bound = await step(last, tokens.length - 1, kind);
        for (let i = 0; i < most; i++) {
          if (i > 0) {
            await state.reserve([{ row: 0, length: tokens.length + i }]);
            bound = await state.bound("decode", tokens.length + i, kind, stop);
          }
          pending.push(awaited(state, submitStep(state, bound, keepWeights(bound, i)), bound));
        }
        for (let next = pending.shift(); next; next = pending.shift()) {
          const { chosen } = await readBack(state, next, stop);
          drafts.push(chosen[0] ?? 0);
        }
      } finally {
        for (const left of pending) await discard(state, left);
      }
      cached.push(last, ...drafts.slice(0, -1));
      const unknown = drafts.findIndex((token) => token >= vocabulary);
      const finite = unknown < 0 ? drafts : drafts.slice(0, unknown); // its logits are not finite there
      if (kind.penalties) {
        for (const token of finite) {
          counted[token] = (counted[token] ?? 0) + 1; // as the step counts it
          stale.add(token);
        }
      }
      return finite;
    },
  };
}
