// What the products of experts say alike: one matrix for all experts, one below the other.
import biasNone from "#shaders/moe/bias/none.wgsl";
import biasVector from "#shaders/moe/bias/vector.wgsl";
import gluClamped from "#shaders/moe/glu/clamped.wgsl";
import gluSwiglu from "#shaders/moe/glu/swiglu.wgsl";
import resultGated from "#shaders/moe/result/gated.wgsl";
import resultPlain from "#shaders/moe/result/plain.wgsl";
import type { ShaderModule } from "../../gpu/shader-module.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { weightPart, weightTypes } from "../formats.ts";
import type { KernelContext } from "../kernel.ts";

/** How the outputs of a product become its result. */
export type GatedActivation = "swiglu" | "clamped-swiglu";

/** What a product of experts is given. */
export interface ExpertProduct {
  /** Experts, e. */
  readonly count: number;
  /** Outputs come in pairs, gate and up, of which one number is left; unset: as they are. */
  readonly gated?: GatedActivation;
}

/** Which inputs the products have, and where their weight is cut. */
export const expertWeights = {
  inputs: { weight: "[rows, k]", "bias?": "[rows]" },
  accepts: { weight: weightTypes },
  segmented: { input: "weight", axis: "rows" },
} as const;

/** Columns of the weight for each expert, and of the result. */
export function columnsOf(rows: number, { count, gated }: ExpertProduct): { n: number; columns: number } {
  const n = rows / count;
  if (!Number.isInteger(n) || n % 4 !== 0) {
    throw new ShapeError(`moe: a weight of ${rows} rows for ${count} experts, expected a multiple of 4 for each`);
  }
  return { n, columns: gated ? n / 2 : n };
}

/** The parts that read the weight, add its bias and store the result. */
export function expertParts({ gated }: ExpertProduct, { dtypes, gpu }: KernelContext): ShaderModule[] {
  return [
    weightPart(dtypes["weight"], gpu).part,
    dtypes["bias"] ? biasVector : biasNone,
    ...(gated ? [resultGated, gated === "swiglu" ? gluSwiglu : gluClamped] : [resultPlain]),
  ];
}

/** The rows of all experts that a dispatch sees. */
export const seenRows = ({ segment: { begin, end } }: KernelContext) => ({ begin, end });
