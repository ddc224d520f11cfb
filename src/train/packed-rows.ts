import type { AttentionMask } from "../kernels/attention/attention.ts";
import { makeMods } from "../kernels/attention/made-mods.ts";
import type { ForwardInputs } from "../models/decoder.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Which document each token of rows belongs to, and where in it. */
export interface PackedRows {
  /** u32 `[b, t]` */
  readonly documents: Tensor;
  /** u32 `[b, t]`, from 0 in each document. */
  readonly positions: Tensor;
}

/**
 * What a decoder attends to in rows that hold several documents: earlier tokens of the same one. Learned positions begin with
 * each; rotary ones need not, since scores depend on distances alone.
 */
export function packedInputs({ documents, positions }: PackedRows): Pick<ForwardInputs, "mask" | "positions"> {
  const mask: ForwardInputs["mask"] = (window) => {
    const before: AttentionMask = window === undefined ? "causal" : { kind: "sliding-window", keys: window };
    const both: AttentionMask = { and: [before, { kind: "document", documents }] };
    makeMods({ mask: both });
    return both;
  };
  return { mask, positions };
}

/** For each token of a row of documents, where it is in its own. */
export function positionsIn(documents: readonly number[]): number[] {
  let start = 0;
  return documents.map((document, i) => {
    if (document !== documents[i - 1]) start = i;
    return i - start;
  });
}
