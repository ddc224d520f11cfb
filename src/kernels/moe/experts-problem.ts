import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Variant } from "../define/op.ts";
import type { GatedActivation } from "./expert-weights.ts";

/** The tensors of a layer of experts. */
export interface ExpertsTensors {
  /** `[t, c]` */
  readonly x: Tensor;
  /** The choices of each token, u32 `[t, k]`. */
  readonly experts: Tensor;
  /** The weight of each choice `[t, k]`. */
  readonly weights: Tensor;
  /** `[e · 2f, c]`, gate and up of each hidden column side by side. */
  readonly gateUp: Tensor;
  /** `[e · 2f]` */
  readonly gateUpBias?: Tensor | undefined;
  /** `[e · c, f]` */
  readonly down: Tensor;
  /** `[e · c]` */
  readonly downBias?: Tensor | undefined;
}

export interface ExpertsOptions {
  /** Default swiglu; clamped as in gpt-oss. */
  readonly activation?: GatedActivation;
  /** Maximum number of slots of an expert; those of later tokens are dropped. Default all. Not for a few tokens. */
  readonly capacity?: number;
  /** Slots of each expert, for `loop`, which cannot run before they have been read back. */
  readonly counts?: readonly number[];
}

export interface ExpertsResult {
  /** `[t, c]` */
  readonly y: Tensor;
  /** Number of slots of each expert, u32 `[e]`, from variants that count them. */
  readonly counts?: Tensor;
  /** Where each expert's rows begin, padding included, and the end: u32 `[e + 1]`, from the same variants. */
  readonly offsets?: Tensor;
}

/** A row of the table. */
export type ExpertsVariant = Variant<ExpertsTensors, ExpertsOptions, ExpertsResult>;

/** Sizes of a problem. */
export interface ExpertsSizes {
  readonly t: number;
  readonly k: number;
  /** Model width, hidden width, experts. */
  readonly c: number;
  readonly f: number;
  readonly e: number;
}

/** Reads the sizes. Throws `ShapeError` where the tensors do not fit one another. */
export function expertsSizes({ x, experts, weights, gateUp, down }: ExpertsTensors): ExpertsSizes {
  const fail = (message: string): never => {
    throw new ShapeError(`moe/experts: ${message}`);
  };
  const [t = 0, c = 0] = x.shape;
  const [, k = 0] = experts.shape;
  const [, f = 0] = down.shape;
  if (x.shape.length !== 2) fail(`x is ${formatShape(x.shape)}, expected [t, c]`);
  for (const [name, given] of Object.entries({ experts, weights })) {
    if (given.shape.length !== 2 || given.shape[0] !== t || given.shape[1] !== k) {
      fail(`${name} is ${formatShape(given.shape)}, expected [t, k] with t = ${t} (from x)`);
    }
  }
  const e = (down.shape[0] ?? 0) / c;
  if (down.shape.length !== 2 || !Number.isInteger(e) || e < 1) {
    fail(`down is ${formatShape(down.shape)}, expected [e · c, f] with c = ${c} (from x)`);
  }
  if (gateUp.shape[0] !== 2 * e * f || gateUp.shape[1] !== c) {
    fail(`gateUp is ${formatShape(gateUp.shape)}, expected [${2 * e * f}, ${c}]: ${e} experts, f = ${f} (from down)`);
  }
  return { t, k, c, f, e };
}

/** Why kernels that load and store four elements at once cannot take these. */
export function vectorsRefusal(tensors: ExpertsTensors): string | undefined {
  const { c, f } = expertsSizes(tensors);
  for (const [name, { segments }] of Object.entries({ gateUp: tensors.gateUp, down: tensors.down })) {
    const odd = segments.find(({ begin }) => begin % 4 !== 0);
    if (odd) return `${name} is cut at row ${odd.begin}, expected multiples of 4`;
  }
  for (const [name, size] of Object.entries({ c, f })) {
    if (size % 4 !== 0) return `${name} is ${size}, expected a multiple of 4 (it loads vectors)`;
  }
  return undefined;
}
