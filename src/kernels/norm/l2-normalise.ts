import { atLeast, fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf, onlyX } from "../define/arguments.ts";
import type { Into } from "../define/kernel.ts";
import { defineOp, type Variant } from "../define/op.ts";
import { fill } from "../elementwise/fill.ts";
import { inRegisters } from "../reduce/lanes.ts";
import { tuning } from "../tuning.ts";
import { rmsNorm } from "./rms-norm.ts";
import { bySubgroups } from "./subgroup-rows.ts";

/** The option that keeps a row of zeros finite. */
export interface L2NormaliseOptions {
  /** Its square is added to that of a row's length; default 10⁻¹², the least length by which PyTorch divides. */
  readonly eps?: number;
}

type Tensors = { readonly x: Tensor };
type Result = { readonly y: Tensor };
type Options = L2NormaliseOptions & Into<Result>;

/**
 * Rows of length 1 are what a root-mean-square norm of weight `1 / √cols` gives: `x / √(mean(x²) + e) / √cols` is
 * `x / √(Σ x² + cols · e)`.
 */
export function asRmsNorm(cols: number, { eps = 1e-12 }: L2NormaliseOptions): { weight: number; eps: number } {
  return { weight: 1 / Math.sqrt(Math.max(1, cols)), eps: eps ** 2 / Math.max(1, cols) };
}

const by =
  (variant: keyof typeof rmsNorm.variants): Variant<Tensors, Options, Result>["record"] =>
  (gpu, { x }, { into, ...options }) => {
    using scope = gpu.scope();
    const cols = x.shape.at(-1) ?? 1;
    const { weight, eps } = asRmsNorm(cols, options);
    const scale = fill(gpu, [cols], weight);
    const { y } = rmsNorm(gpu, { x, weight: scale }, { eps, variant, ...(into ? { into } : {}) });
    return { y: into?.y ?? scope.keep(y) };
  };

const variants = {
  workgroup: { record: by("workgroup") },
  registers: { ...inRegisters, record: by("registers") },
  subgroups: { ...bySubgroups, record: by("subgroups") },
} as const;

/**
 * Rows of length 1: `y = x / √(Σ x² + eps²)`, in the kernels of {@link rmsNorm}. `x` is f32 `[..., cols]`, `y` like it;
 * a row of zeros stays one.
 */
export const l2Normalise = /* @__PURE__ */ defineOp<Tensors, Options, Result, typeof variants>(
  { name: "norm/l2-normalise", variants, order: (_tensors, _options, gpu) => tuning(gpu).norm },
  {
    tensors: onlyX,
    options: /* @__PURE__ */ fieldsOf<Options>({ eps: atLeast(0), into: /* @__PURE__ */ intoOf("y") }),
  },
);
