import { boolean, fieldsOf, oneOf } from "../../options/checks.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineOp } from "../define/op.ts";
import { tuning } from "../tuning.ts";
import { type GemmOptions, type GemmResult, type GemmTensors, gemmActivations } from "./problem.ts";
import { coalesced, doubleBuffer, naive, padded, registers1d, registers2d, tiled, vectors } from "./rungs.ts";
import { splitK } from "./split-k.ts";
import { subgroups } from "./subgroups.ts";

export type { GemmActivation, GemmOptions, GemmResult, GemmTensors } from "./problem.ts";

const variants = {
  naive,
  coalesced,
  tiled,
  registers1d,
  registers2d,
  vectors,
  padded,
  doubleBuffer,
  splitK,
  subgroups,
} as const;

/**
 * Matrix products, `y = activation(a · b + bias)`: a `[...batch, m, k]`, b `[...batch, k, n]`, f32 or f16, bias `[n]` →
 * y `[...batch, m, n]`, f32. Operands may be views with any strides: `transpose(b)` gives A·Bᵀ, `transpose(a)` gives
 * Aᵀ·B, both without a copy. Batch axes that are missing or of length 1 are repeated. Sums are f32. With `accumulate`,
 * `into.y` is added to. Throws `ShapeError` for shapes and types that do not fit. For weights in other formats, and
 * segments, see `matmul`.
 */
export const gemm = defineOp<GemmTensors, GemmOptions, GemmResult, typeof variants>(
  { name: "gemm", variants, order: (_tensors, _options, gpu) => tuning(gpu).gemm },
  {
    tensors: tensorFields("a", "b", "bias?"),
    options: fieldsOf<GemmOptions>({
      activation: oneOf(...gemmActivations),
      accumulate: boolean,
      into: intoOf("y"),
    }),
  },
);
