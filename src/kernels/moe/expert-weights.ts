// The common part of the experts' products: one matrix with all experts stacked.
import biasNone from "#shaders/moe/bias/none.wgsl";
import biasVector from "#shaders/moe/bias/vector.wgsl";
import gluClamped from "#shaders/moe/glu/clamped.wgsl";
import gluSwiglu from "#shaders/moe/glu/swiglu.wgsl";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { KernelContext } from "../define/kernel.ts";
import { weightPart, weightTypes } from "../formats/formats.ts";

/** How the outputs of a product are stored. */
export type GatedActivation = "swiglu" | "clamped-swiglu";

/** Options of a product of experts. */
export interface ExpertProduct {
  /** Number of experts, e. */
  readonly count: number;
  /** Outputs are pairs of gate and up, combined into one number; unset: stored as they are. */
  readonly gated?: GatedActivation;
}

/** The inputs of the products, and the axis along which their weight has segments. */
export const expertWeights = {
  inputs: { weight: "[rows, k]", "bias?": "[rows]" },
  accepts: { weight: weightTypes },
  segmented: { input: "weight", axis: "rows" },
} as const;

/** Rows of the weight per expert, and columns of the result. */
export function columnsOf(rows: number, { count, gated }: ExpertProduct): { n: number; columns: number } {
  const n = rows / count;
  if (!Number.isInteger(n) || n % 4 !== 0) {
    throw new ShapeError(`moe: a weight of ${rows} rows for ${count} experts, expected a multiple of 4 for each`);
  }
  return { n, columns: gated ? n / 2 : n };
}

/**
 * The parts that read the weight, add its bias and gate the result, which the constant `GATED` of `moe/result` chooses.
 */
export function expertParts({ gated }: ExpertProduct, { dtypes, gpu }: KernelContext): ShaderModule[] {
  return [
    weightPart(dtypes["weight"], gpu).part,
    dtypes["bias"] ? biasVector : biasNone,
    gated === "clamped-swiglu" ? gluClamped : gluSwiglu,
  ];
}

/** The rows of all experts in a dispatch. */
export const seenRows = ({ segment: { begin, end } }: KernelContext) => ({ begin, end });
