// Weights of a stack outside its layers. Some are computed from those of a checkpoint: once on upload, or in a
// recording, so that gradients reach these.
import type { Norm } from "../../blocks/norm.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { mul } from "../../kernels/elementwise/elementwise.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { type Tensor, tensor, upload } from "../../tensor/tensor.ts";
import { transpose } from "../../tensor/views.ts";
import type { EncoderDecoderConfig } from "./config.ts";
import { bucketsOfOffsets } from "./positions.ts";

/** The weights before and after the layers of a stack, on the GPU. */
export interface StackWeights {
  /** `[v, c]` */
  readonly embedding: Tensor;
  /** Added to the embeddings `[context, c]`: learned positions, or sines and cosines. */
  readonly positions?: Tensor | undefined;
  readonly embeddingNorm?: Norm | undefined;
  readonly finalNorm?: Norm | undefined;
  /** Biases of scores by distance `[heads, 2 · farthest + 1]`. */
  readonly relativeBias?: Tensor | undefined;
  /** The checkpoint's weights from which `finalNorm` and `relativeBias` are computed: training changes these. */
  readonly stored: StoredStack;
}

/** Weights of a stack as in a checkpoint. */
export interface StoredStack {
  /** Without the head's factor. */
  readonly finalNorm?: Norm | undefined;
  /** Biases by buckets of distances `[buckets, heads]`. */
  readonly buckets?: Tensor | undefined;
}

/** What a config says about computing weights of a stack. */
export interface StackTables {
  /** The bucket of each distance, u32 `[2 · farthest + 1]`; for stacks whose scores have a bias. */
  readonly buckets?: Tensor | undefined;
  /** The factor `[c]` of the last norm's weights; for a head whose states have a factor. */
  readonly factors?: Tensor | undefined;
}

/** Uploads the tables of a stack; they are the caller's. */
export function stackTables(gpu: Gpu, config: EncoderDecoderConfig, name: "encoder" | "decoder"): StackTables {
  const { positions } = config[name];
  const { headScale, width } = config;
  const ids = positions.kind === "buckets" ? bucketsOfOffsets(positions, name) : undefined;
  return {
    ...(ids && { buckets: tensor(gpu, [ids.length], ids, "u32") }),
    ...(name === "decoder" && headScale !== undefined && { factors: factorsOf(gpu, width, headScale) }),
  };
}

const factorsOf = (gpu: Gpu, width: number, factor: number): Tensor =>
  upload(gpu, [width], "f32", new Float32Array(width).fill(factor), "factor of the head");

/** A norm with the factor of the head multiplied into its weights, once. */
function scaledNorm(gpu: Gpu, norm: Norm | undefined, factors: Tensor): Norm {
  if (!norm) throw new TypeError("the head's states have a factor, expected a norm before the head that it goes into");
  const scaled = (x: Tensor) => mul(gpu, { a: x, b: factors }).y;
  if (norm.kind === "rms") return { ...norm, weight: scaled(norm.weight) };
  return { ...norm, weight: scaled(norm.weight), bias: norm.bias && scaled(norm.bias) };
}

/** The weights of a stack computed from the stored ones and these tables. */
export function derivedStack(
  gpu: Gpu,
  stored: StackWeights["stored"],
  { buckets, factors }: StackTables,
): Pick<StackWeights, "finalNorm" | "relativeBias"> {
  // The bias of each head by distance, from the biases by bucket `[buckets, heads]`.
  const rows = stored.buckets && buckets && gather(gpu, { ids: buckets, table: stored.buckets }).y;
  return {
    finalNorm: factors ? scaledNorm(gpu, stored.finalNorm, factors) : stored.finalNorm,
    relativeBias: rows && contiguous(gpu, { x: transpose(rows) }).y,
  };
}
