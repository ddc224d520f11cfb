import { intoY, tensorFields } from "../define/arguments.ts";
import { defineOp } from "../define/op.ts";
import { tuning } from "../tuning.ts";
import type { MatmulOptions, MatmulResult, MatmulTensors } from "./linear.ts";
import { naive, register, subgroups, tiled } from "./rungs.ts";
import { vector, vectorSubgroups } from "./vector.ts";

export type { MatmulOptions, MatmulResult, MatmulTensors } from "./linear.ts";

const variants = { naive, tiled, register, subgroups, vector, vectorSubgroups } as const;

/**
 * Linear layer, `y = x · weightᵀ + bias`: x `[...rows, k]`, weight `[n, k]` as checkpoints store it (any of
 * `weightTypes`, in any number of segments), bias `[n]` → y `[...rows, n]`. Sums are f32.
 */
export const matmul = defineOp<MatmulTensors, MatmulOptions, MatmulResult, typeof variants>(
  {
    name: "matmul",
    variants,
    order: (_tensors, _options, gpu) => [...tuning(gpu).matmulOfFewRows, ...tuning(gpu).matmulOfManyRows],
  },
  { tensors: tensorFields("x", "weight", "bias?"), options: intoY },
);
