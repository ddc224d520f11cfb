import type { AttentionTensors, Elements, PlainType, Tensor } from "../../src/index.ts";
import type { BatchGroup } from "./batch.ts";
import type { Inputs } from "./inputs.ts";

/** What a call is given, beside what attention takes: what algorithms on top of it need. */
export interface CallTensors extends AttentionTensors {
  /** Keys that all sequences of the call have in common. */
  readonly prefix?: number | undefined;
  /** Latents `[b, s, rank + rope]` in the place of keys and values, and what makes these of them. */
  readonly latent?: { readonly latents: Tensor; readonly weight: Tensor; readonly rope: number } | undefined;
}

/** A tensor that a call has memory for. */
export interface StoredShape {
  readonly shape: readonly number[];
  readonly dtype: PlainType;
}

/** Sequences that one call attends, and the tensors it has. */
export interface CallShape {
  readonly groups: readonly BatchGroup[];
  readonly tensors: Readonly<Record<string, StoredShape>>;
}

/** The numbers of a group, exactly as they are stored: `[b, g, capacity, width]` of keys and values. */
export interface GroupNumbers extends Pick<Inputs, "q" | "capacity"> {
  readonly keys: Float32Array | Float64Array;
  readonly values: Float32Array | Float64Array;
}

/** A call with its numbers. */
export interface PreparedCall extends CallShape {
  readonly numbers: readonly GroupNumbers[];
  readonly elements: Readonly<Record<string, Elements>>;
}
