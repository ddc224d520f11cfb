import type { Gpu } from "../../gpu/gpu.ts";
import type { AttentionMask } from "../../kernels/attention/attention.ts";
import { makeMods } from "../../kernels/attention/records/made-mods.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import type { ForwardInputs } from "../../models/decoders/decoder.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";

/** The document of each token, and its position there. */
export interface PackedRows {
  /** u32 `[b, t]` */
  readonly documents: Tensor;
  /** u32 `[b, t]`, from 0 in each document. */
  readonly positions: Tensor;
}

/**
 * Attention in rows of several documents: tokens see earlier tokens of their own. Learned positions restart with each;
 * rotary ones need not, since scores depend only on distances.
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

/** The position of each token within its document. */
export function positionsIn(documents: readonly number[]): number[] {
  let start = 0;
  return documents.map((document, i) => {
    if (document !== documents[i - 1]) start = i;
    return i - start;
  });
}
