import type { Tensor } from "../../tensor/tensor.ts";
import { intoY, onlyX } from "../define/arguments.ts";
import type { Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { tuning } from "../tuning.ts";
import { online, registers, subgroupRegisters, subgroups, threePass, workgroup } from "./rungs.ts";

type Tensors = { readonly x: Tensor };
type Result = { readonly y: Tensor };

const variants = { threePass, workgroup, online, registers, subgroups, subgroupRegisters } as const;

/**
 * Softmax over the last axis, `y = exp(x − max) / Σ exp(x − max)`. `x` is `[..., cols]`, `y` like it. A row of only −∞
 * gives zeros; a row with a NaN or +∞ gives NaN.
 */
export const softmax = defineOp<Tensors, Into<Result>, Result, typeof variants>(
  {
    name: "softmax",
    variants,
    order: (_tensors, _options, gpu) => tuning(gpu).softmax,
  },
  { tensors: onlyX, options: intoY },
);
