import workgroupSource from "#shaders/norm/layer-norm-backward.wgsl";
import registersSource from "#shaders/norm/layer-norm-backward-registers.wgsl";
import subgroupsSource from "#shaders/norm/layer-norm-backward-subgroups.wgsl";
import { atLeast, boolean, fieldsOf, object, required } from "../../options/checks.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import type { Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { tuning } from "../tuning.ts";
import {
  groupsBySubgroups,
  groupsInRegisters,
  inPasses,
  type NormBackwardTensors,
  type NormGradients,
} from "./backward.ts";
import type { LayerNormOptions } from "./layer-norm.ts";

/** Which gradients are needed; default those of `x` and `weight`, not that of `bias`. */
interface Needs {
  readonly x?: boolean;
  readonly weight?: boolean;
  readonly bias?: boolean;
}

/** The forward's `eps`, and which gradients are needed. */
export interface LayerNormBackwardOptions extends LayerNormOptions {
  readonly needs?: Needs;
}

/** The variant with a kernel for rows and one for the parameters. */
const workgroup = inPasses({
  name: "norm/layer-norm-backward",
  source: workgroupSource,
  flops: 17,
  reads: 9,
  centred: true,
});

/** The variant whose threads keep a row in registers. */
const registers = groupsInRegisters({
  name: "norm/layer-norm-backward-registers",
  source: registersSource,
  flops: 19,
});

/** The variant with a subgroup for some of the rows. */
const subgroups = groupsBySubgroups({
  name: "norm/layer-norm-backward-subgroups",
  source: subgroupsSource,
  flops: 20,
  reads: 8,
});

const variants = { workgroup, registers, subgroups } as const;

/**
 * Gradients of {@link layerNorm}: with `g = dy · weight`, `n = (x − mean(x)) / root` and `root = sqrt(variance + eps)`,
 * `dx = (g − mean(g) − n · mean(g · n)) / root + dsum`, and over all rows `dweight = Σ dy · n` and `dbias = Σ dy`, the
 * latter where `needs` asks for it. `x`, `dy`, `dsum` and `dx` are `[..., cols]`, the others `[cols]`. The gradients of
 * {@link addLayerNorm}, both of `x` and of `residual`, are `dx` for `x` its `sum`, `dsum` being the gradient of that.
 * Sums are in a fixed order: a call gives the same bits every time.
 */
export const layerNormBackward = defineOp<
  NormBackwardTensors,
  LayerNormBackwardOptions & Into<NormGradients>,
  NormGradients,
  typeof variants
>(
  {
    name: "norm/layer-norm-backward",
    variants,
    order: (_tensors, _options, gpu) => tuning(gpu).norm,
  },
  {
    tensors: tensorFields("x", "weight", "dy", "dsum?"),
    options: fieldsOf({
      eps: required(atLeast(0)),
      needs: object<Needs>({ x: boolean, weight: boolean, bias: boolean }),
      into: intoOf("dx", "dweight", "dbias"),
    }),
  },
);
