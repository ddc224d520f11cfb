import type { Tensor } from "../../tensor/tensor.ts";
import { Lifetime } from "../session/lifetime.ts";
import { SequenceState } from "../session/sequence-state.ts";
import type { ProposingModel } from "./options.ts";

/** The memory of a draft model for one session. */
export interface DraftSequence {
  readonly model: ProposingModel;
  readonly state: SequenceState;
  /** The tokens in its cache. */
  readonly cached: number[];
  /** The drawing weights of its drafts, once drawn (see `Drafter`). */
  weights?: Tensor;
  /** Frees it as soon as it is unused. */
  dispose(): void;
}

/**
 * Allocates memory for sequences of a model, for the life of `owner` at most. Throws `GpuError` once that is disposed,
 * or if the device is too small.
 */
export function openSequences(model: ProposingModel, batch = 1, owner = model.lifetime): DraftSequence {
  model.checkMemory(batch);
  const lifetime = new Lifetime(`${model.name}: these sequences`, owner, () => {
    sequence.weights?.dispose();
    state.free();
  });
  lifetime.begin();
  const state = new SequenceState(model.programs, batch, lifetime);
  const sequence: DraftSequence = { model, state, cached: [], dispose: () => lifetime.dispose() };
  return sequence;
}
