import type { Gpu } from "../gpu/gpu.ts";
import type { AttentionMask } from "../kernels/attention/attention.ts";
import { makeMods } from "../kernels/attention/made-mods.ts";
import { gather } from "../kernels/embedding/gather.ts";
import type { ForwardInputs } from "../models/decoder.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape } from "../tensor/views.ts";

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
export function packedInputs(
  gpu: Gpu,
  { documents, positions }: PackedRows,
): Pick<ForwardInputs, "mask" | "positions"> {
  const mask: ForwardInputs["mask"] = (window) => {
    const before: AttentionMask = window === undefined ? "causal" : { kind: "sliding-window", keys: window };
    const both: AttentionMask = { and: [before, { kind: "document", documents }] };
    makeMods({ mask: both });
    return both;
  };
  const flat = reshape(positions, [positions.size]);
  const learned = (table: Tensor) =>
    reshape(gather(gpu, { ids: flat, table }).y, [...positions.shape, table.shape[1] ?? 0]);
  return { mask, positions: learned };
}

/** For each token of a row of documents, where it is in its own. */
export function positionsIn(documents: readonly number[]): number[] {
  let start = 0;
  return documents.map((document, i) => {
    if (document !== documents[i - 1]) start = i;
    return i - start;
  });
}
