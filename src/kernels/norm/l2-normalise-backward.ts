import { atLeast, fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import type { Into } from "../define/kernel.ts";
import { defineOp, type Variant } from "../define/op.ts";
import { fill } from "../elementwise/fill.ts";
import { inRegisters } from "../reduce/lanes.ts";
import { tuning } from "../tuning.ts";
import { asRmsNorm, type L2NormaliseOptions } from "./l2-normalise.ts";
import { rmsNormBackward } from "./rms-norm-backward.ts";
import { bySubgroups } from "./subgroup-rows.ts";

/** The argument of `l2Normalise`, and the gradient of its result, both `[..., cols]`. */
export interface L2GradientTensors {
  readonly x: Tensor;
  readonly dy: Tensor;
}

/** The gradient of x, like it. */
export interface L2Gradient {
  readonly dx: Tensor;
}

type Options = L2NormaliseOptions & Into<L2Gradient>;

const by =
  (variant: keyof typeof rmsNormBackward.variants): Variant<L2GradientTensors, Options, L2Gradient>["record"] =>
  (gpu, { x, dy }, { into, ...options }) => {
    using scope = gpu.scope();
    const cols = x.shape.at(-1) ?? 1;
    const { weight, eps } = asRmsNorm(cols, options);
    const given = { x, dy, weight: fill(gpu, [cols], weight) };
    const { dx } = rmsNormBackward(gpu, given, {
      eps,
      variant,
      needs: { x: true, weight: false },
      ...(into?.dx ? { into: { dx: into.dx } } : {}),
    });
    return { dx: into?.dx ?? scope.keep(dx as Tensor) };
  };

const variants = {
  workgroup: { record: by("workgroup") },
  registers: { ...inRegisters, record: by("registers") },
  subgroups: { ...bySubgroups, record: by("subgroups") },
} as const;

/**
 * The gradient of {@link l2Normalise}: with `length = √(Σ x² + eps²)` and `y = x / length`,
 * `dx = (dy − y · Σ y · dy) / length`, in the kernels of {@link rmsNormBackward}. x and dy f32 `[..., cols]` → dx like
 * x.
 */
export const l2NormaliseBackward = defineOp<L2GradientTensors, Options, L2Gradient, typeof variants>(
  { name: "norm/l2-normalise-backward", variants, order: (_tensors, _options, gpu) => tuning(gpu).norm },
  { tensors: tensorFields("x", "dy"), options: fieldsOf<Options>({ eps: atLeast(0), into: intoOf("dx") }) },
);
