import workgroupSource from "#shaders/norm/rms-norm-backward.wgsl";
import registersSource from "#shaders/norm/rms-norm-backward-registers.wgsl";
import subgroupsSource from "#shaders/norm/rms-norm-backward-subgroups.wgsl";
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
import type { RmsNormOptions } from "./rms-norm.ts";

/** Which gradients are needed; default both. */
interface Needs {
  readonly x?: boolean;
  readonly weight?: boolean;
}

/** The forward's `eps`, and which gradients are needed. */
export interface RmsNormBackwardOptions extends RmsNormOptions {
  readonly needs?: Needs;
}

type Gradients = Omit<NormGradients, "dbias">;

/** The variant with a kernel for rows and one for the parameters. */
const workgroup = inPasses({
  name: "norm/rms-norm-backward",
  source: workgroupSource,
  flops: 11,
  reads: 6,
  centred: false,
});

/** The variant whose threads keep a row in registers. */
const registers = groupsInRegisters({
  name: "norm/rms-norm-backward-registers",
  source: registersSource,
  flops: 13,
});

/** The variant with a subgroup for some of the rows. */
const subgroups = groupsBySubgroups({
  name: "norm/rms-norm-backward-subgroups",
  source: subgroupsSource,
  flops: 13,
  reads: 5,
});

const variants = { workgroup, registers, subgroups } as const;

/**
 * Gradients of {@link rmsNorm}: with `g = dy · weight`, `n = x / root` and `root = sqrt(mean(x²) + eps)`,
 * `dx = (g − n · mean(g · n)) / root + dsum` and `dweight = Σ dy · n` over all rows. `x`, `dy`, `dsum` and `dx` are
 * `[..., cols]`, `weight` and `dweight` `[cols]`. The gradients of {@link addRmsNorm}, both of `x` and of `residual`,
 * are `dx` for `x` its `sum`, `dsum` being the gradient of that. Sums are in a fixed order: a call gives the same bits
 * every time.
 */
export const rmsNormBackward = defineOp<
  NormBackwardTensors,
  RmsNormBackwardOptions & Into<Gradients>,
  Gradients,
  typeof variants
>(
  {
    name: "norm/rms-norm-backward",
    variants,
    order: (_tensors, _options, gpu) => tuning(gpu).norm,
  },
  {
    tensors: tensorFields("x", "weight", "dy", "dsum?"),
    options: fieldsOf({
      eps: required(atLeast(0)),
      needs: object<Needs>({ x: boolean, weight: boolean }),
      into: intoOf("dx", "dweight"),
    }),
  },
);
