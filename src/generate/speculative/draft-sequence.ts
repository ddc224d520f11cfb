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

/** Takes memory for one sequence of a draft model. Throws `GpuError` once it was disposed. */
export function openDraftSequence(model: ProposingModel): DraftSequence {
  const lifetime = new Lifetime(`${model.name}: the sequence of this draft model`, model.lifetime, () => {
    sequence.weights?.dispose();
    state.free();
  });
  lifetime.begin();
  const state = new SequenceState(model.programs, 1, lifetime);
  const sequence: DraftSequence = { model, state, cached: [], dispose: () => lifetime.dispose() };
  return sequence;
}
