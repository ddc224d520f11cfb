// The calls of attention and of its gradients that are measured.
import { attention, type Gpu, type Tensor } from "../../../src/index.ts";
import { type AttentionGradients, attentionBackward } from "../../../src/train/index.ts";
import type { Subject } from "./subjects.ts";

/** Their arguments. */
export interface Given {
  readonly views: Parameters<typeof attention>[1];
  readonly tensors: Parameters<typeof attentionBackward>[1];
  readonly options: Pick<NonNullable<Parameters<typeof attention>[2]>, "mask" | "score">;
  readonly dout: Tensor;
}

/** The calls of a subject, to be recorded. */
export function recordOf(gpu: Gpu, { kind, variant }: Subject, { views, tensors, options, dout }: Given) {
  return (): AttentionGradients & { readonly out?: Tensor } => {
    if (kind === "inference") return { out: attention(gpu, views, options).out };
    if (kind === "backward") return attentionBackward(gpu, tensors, { ...options, ...(variant && { variant }) });
    const { out, lse } = attention(gpu, views, { ...options, lse: true });
    if (kind === "forward" || !lse) return { out };
    return attentionBackward(gpu, { ...views, out, lse, dout }, { ...options, ...(variant && { variant }) });
  };
}
