import type { Tensor } from "../../tensor/tensor.ts";
import { Lifetime } from "../lifetime.ts";
import { SequenceState } from "../sequence-state.ts";
import type { ProposingModel } from "./options.ts";

/** The memory of a draft model for one session. */
export interface DraftSequence {
  readonly model: ProposingModel;
  readonly state: SequenceState;
  /** The tokens that its cache holds. */
  readonly cached: number[];
  /** What its drafts were drawn by, once they have been (see `Drafter`). */
  weights?: Tensor;
  /** Frees it, as soon as nothing uses it. */
  dispose(): void;
}

/**
 * Takes memory for sequences of a model, which lives no longer than `owner`. Throws `GpuError` once that was disposed, and
 * where the device is too small.
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
