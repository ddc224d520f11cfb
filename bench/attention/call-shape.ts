import type { AttentionTensors, Elements, PlainType, Tensor } from "../../src/index.ts";
import type { BatchGroup } from "./batch.ts";
import type { Inputs } from "./inputs/inputs.ts";

/** The inputs of a call other than attention's, for algorithms built on it. */
export interface CallTensors extends AttentionTensors {
  /** Number of keys in the common prefix of all sequences of the call. */
  readonly prefix?: number | undefined;
  /** Latents `[b, s, rank + rope]` instead of keys and values, with the projection to these. */
  readonly latent?: { readonly latents: Tensor; readonly weight: Tensor; readonly rope: number } | undefined;
}

/** A tensor in a call's memory. */
export interface StoredShape {
  readonly shape: readonly number[];
  readonly dtype: PlainType;
}

/** The sequences of one call, with its tensors. */
export interface CallShape {
  readonly groups: readonly BatchGroup[];
  readonly tensors: Readonly<Record<string, StoredShape>>;
}

/** The values of a group, exactly as stored: `[b, g, capacity, width]` of keys and values. */
export interface GroupNumbers extends Pick<Inputs, "q" | "capacity"> {
  readonly keys: Float32Array | Float64Array;
  readonly values: Float32Array | Float64Array;
}

/** A call with its values. */
export interface PreparedCall extends CallShape {
  readonly numbers: readonly GroupNumbers[];
  readonly elements: Readonly<Record<string, Elements>>;
}
