import { intoY, tensorFields } from "../arguments.ts";
import { defineOp } from "../op.ts";
import { tuning } from "../tuning.ts";
import type { MatmulOptions, MatmulResult, MatmulTensors } from "./linear.ts";
import { naive } from "./naive.ts";
import { register } from "./register.ts";
import { subgroups } from "./subgroups.ts";
import { tiled } from "./tiled.ts";
import { vector } from "./vector.ts";
import { vectorSubgroups } from "./vector-subgroups.ts";

export type { MatmulOptions, MatmulResult, MatmulTensors } from "./linear.ts";

const variants = { naive, tiled, register, subgroups, vector, vectorSubgroups } as const;

/**
 * Linear layer, `y = x · weightᵀ + bias`: x `[...rows, k]`, weight `[n, k]` as checkpoints store it (any of `weightTypes`,
 * in any number of segments), bias `[n]` → y `[...rows, n]`. Sums are f32.
 */
export const matmul = defineOp<MatmulTensors, MatmulOptions, MatmulResult, typeof variants>(
  {
    name: "matmul",
    variants,
    order: (_tensors, _options, gpu) => [...tuning(gpu).matmulOfFewRows, ...tuning(gpu).matmulOfManyRows],
  },
  { tensors: tensorFields("x", "weight", "bias?"), options: intoY },
);
